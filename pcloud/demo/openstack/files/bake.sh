#!/bin/sh
# Runs in the demo's image while it is built: MariaDB and WordPress are there, and nothing of them has to be installed or compiled in a
# guest, where emulation makes everything twenty times as slow. No password is in the image, and no database that is in use.
set -eu
site=/srv/wordpress kept=/usr/share/pcloud-demo

# Both may begin only when the volume is mounted and the site knows its database: provisioning enables them. Whether they begin again
# after a crash is pcloud's decision alone. What Debian does before and after each start of MariaDB (for clusters, checks of all tables) is
# left out, and so are the rest of other packages' units: each costs seconds of emulation.
systemctl disable --quiet mariadb.service apache2.service
for unit in mariadb apache2; do mkdir -p "/etc/systemd/system/$unit.service.d"; done
cat >/etc/systemd/system/mariadb.service.d/pcloud.conf <<'END'
[Service]
Restart=no
ExecStart=
ExecStart=/usr/sbin/mariadbd
ExecStartPost=
TimeoutStartSec=180
END
printf '[Service]\nRestart=no\n' >/etc/systemd/system/apache2.service.d/pcloud.conf
for unit in phpsessionclean.timer apache-htcacheclean.service modprobe@loop.service modprobe@dm_mod.service; do ln -sf /dev/null "/etc/systemd/system/$unit"; done

# Small, and quick to start. A read of a whole file is one request to the emulated disk, so no native AIO is needed.
cat >/etc/mysql/mariadb.conf.d/90-pcloud.cnf <<'END'
[mariadbd]
datadir = /var/lib/mysql/databases
bind_address = 0.0.0.0
skip_name_resolve
skip_log_bin
performance_schema = off
max_connections = 30
innodb_buffer_pool_size = 32M
innodb_log_file_size = 16M
innodb_buffer_pool_dump_at_shutdown = off
innodb_buffer_pool_load_at_startup = off
innodb_use_native_aio = off
aria_pagecache_buffer_size = 8M
key_buffer_size = 1M
init_file = /etc/mysql/access.sql
END
: >/etc/mysql/access.sql

# A server's first files, for a volume that is empty.
rm -rf /var/lib/mysql/* "$kept"
mkdir -p "$kept"
mariadb-install-db --no-defaults --user=mysql --datadir="$kept/databases" --skip-name-resolve --skip-test-db \
    --innodb-log-file-size=16M --performance-schema=off >/dev/null
tar -C "$kept" -cf "$kept/databases.tar" databases
rm -rf "$kept/databases"

# A real copy: PHP resolves symbolic links, and WordPress would then look for its configuration in the package.
package=/usr/share/wordpress
mkdir -p "$site"
cp -rL "$package"/index.php "$package"/wp-*.php "$package/wp-admin" "$package/wp-includes" "$package/wp-content" "$site/"
cat >"$site/wp-config.php" <<'END'
<?php
require '/etc/pcloud-demo/config.php'; // the database's address and password, which a guest learns
define('WP_HOME', 'http://' . preg_replace('/[^A-Za-z0-9.:-]/', '', $_SERVER['HTTP_HOST'] ?? 'localhost'));
define('WP_SITEURL', WP_HOME);
define('DISABLE_WP_CRON', true);
define('WP_HTTP_BLOCK_EXTERNAL', true);
define('AUTOMATIC_UPDATER_DISABLED', true);
define('DISALLOW_FILE_MODS', true);
$table_prefix = 'wp_';
if (!defined('ABSPATH')) {
    define('ABSPATH', __DIR__ . '/');
}
require_once ABSPATH . 'wp-settings.php';
END
mkdir -p "$site/wp-content/mu-plugins"
cat >"$site/wp-content/mu-plugins/quiet.php" <<'END'
<?php
// This site talks to its visitors and its database only.
add_filter('pre_http_request', fn () => new WP_Error('quiet', 'This site makes no requests of its own.'));
function wp_mail() { return true; }
END

php=$(find /etc/php -mindepth 1 -maxdepth 1 -printf '%f\n')
cat >"/etc/php/$php/mods-available/pcloud.ini" <<'END'
; A database that hangs must not hang PHP for the default of a day.
default_socket_timeout = 10
mysqlnd.net_read_timeout = 10
max_execution_time = 120
memory_limit = 128M
opcache.memory_consumption = 48
opcache.file_cache = /var/cache/opcache
END
for kind in apache2 cli; do ln -sf ../../mods-available/pcloud.ini "/etc/php/$php/$kind/conf.d/90-pcloud.ini"; done

cat >/etc/apache2/sites-available/000-default.conf <<END
ServerName wordpress
<VirtualHost *:80>
    DocumentRoot $site
    ErrorLog \${APACHE_LOG_DIR}/error.log
</VirtualHost>
<Directory $site>
    Require all granted
</Directory>
END
cat >/etc/apache2/conf-enabled/pcloud.conf <<'END'
StartServers 2
MinSpareServers 1
MaxSpareServers 3
MaxRequestWorkers 6
END

# PHP is compiled here once, and not at every guest's first page. What cannot be compiled alone is compiled there.
mkdir -p /var/cache/opcache
chown www-data: /var/cache/opcache
cat >/tmp/compile.php <<'END'
<?php
foreach (array_slice($argv, 1) as $file) {
    @opcache_compile_file($file);
}
END
find "$site" -name '*.php' -print0 |
    xargs -0 -n 40 setpriv --reuid=www-data --regid=www-data --clear-groups php -d opcache.enable_cli=1 /tmp/compile.php >/dev/null 2>&1 || true
rm /tmp/compile.php
