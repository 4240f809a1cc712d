#!/bin/sh
# Makes a WordPress of its own under $PCLOUD_ROOT from Debian's package. Wants in the environment: PCLOUD_ROOT.
set -eu
root=${PCLOUD_ROOT:?}
package=/usr/share/wordpress
site=$root/srv/wordpress

for need in "$package/wp-load.php wordpress" "$package/wp-content/themes/twentytwentythree/style.css wordpress-theme-twentytwentythree"; do
    [ -e "${need% *}" ] || { echo "${need% *} is missing: apt-get install ${need#* }" >&2; exit 1; }
done
php -r 'exit(extension_loaded("mysqli") ? 0 : 1);' || { echo "PHP cannot reach MySQL: apt-get install php-cli php-mysql" >&2; exit 1; }

# A real copy: PHP resolves symbolic links, and WordPress would then look for its configuration in the package.
mkdir -p "$site" "$root/etc" "$root/run" "$root/tmp"
cp -rL "$package"/index.php "$package"/wp-*.php "$package/wp-admin" "$package/wp-includes" "$package/wp-content" "$site/"
rm -f "$site/wp-config.php" # the package's own; configure writes ours
mkdir -p "$site/wp-content/mu-plugins"

# WordPress loads this before everything else that may be replaced.
cat >"$site/wp-content/mu-plugins/quiet.php" <<'PHP'
<?php
// This site talks to its visitors and its database only.
add_filter('pre_http_request', fn () => new WP_Error('quiet', 'This site makes no requests of its own.'));
function wp_mail() { return true; }
PHP

# A database that hangs must not hang PHP for the default of a day: it answers one request at a time.
cat >"$root/etc/php.ini" <<INI
default_socket_timeout = 2
mysqlnd.net_read_timeout = 2
max_execution_time = 20
memory_limit = 128M
display_errors = off
log_errors = on
sys_temp_dir = "$root/tmp"
upload_tmp_dir = "$root/tmp"
opcache.memory_consumption = 48
opcache.lockfile_path = "$root/tmp"
INI
