#!/bin/sh
# Points WordPress to its database, and installs it there if it is not. Run again whenever the database's address changes.
# Wants in the environment: DB_HOST, DB_PORT, DB_PASSWORD, ADMIN_PASSWORD.
set -eu
umask 027
: "${DB_HOST:?}" "${DB_PORT:?}" "${DB_PASSWORD:?}" "${ADMIN_PASSWORD:?}"
export DB_HOST DB_PORT DB_PASSWORD ADMIN_PASSWORD
settings=/etc/pcloud-demo/config.php

# PHP writes the values, because it knows how to quote them.
php -n >"$settings.new" <<'PHP'
<?php
echo "<?php\n";
$values = [
    'DB_NAME' => 'wordpress', 'DB_USER' => 'wordpress', 'DB_PASSWORD' => getenv('DB_PASSWORD'),
    'DB_HOST' => getenv('DB_HOST') . ':' . getenv('DB_PORT'), 'DB_CHARSET' => 'utf8mb4', 'DB_COLLATE' => '',
];
foreach ($values as $name => $value) {
    echo "define('$name', " . var_export($value, true) . ");\n";
}
PHP
mv "$settings.new" "$settings"

# As the site's own user, with what was compiled for it: a minute of emulation is saved.
cd /srv/wordpress
sudo -n -E -u www-data php -d opcache.enable_cli=1 -d display_errors=stderr <<'PHP'
<?php
define('WP_INSTALLING', true);
require './wp-load.php';
if (!$wpdb->ready) {
    fwrite(STDERR, "The database at " . DB_HOST . " lets nobody in.\n");
    exit(1);
}
if (!is_blog_installed()) {
    require ABSPATH . 'wp-admin/includes/upgrade.php';
    wp_install('The pcloud demo', 'admin', 'admin@localhost.invalid', false, '', wp_slash(getenv('ADMIN_PASSWORD')));
    echo "WordPress installed\n";
}
echo "WordPress uses the database at " . DB_HOST . "\n";
PHP
