#!/bin/sh
# Points WordPress to its database, and installs it there if it is not. Run again whenever the database's address changes.
# Wants in the environment: PCLOUD_ROOT, DB_HOST, DB_PORT, DB_PASSWORD, ADMIN_PASSWORD.
set -eu
umask 077
root=${PCLOUD_ROOT:?}
export DB_HOST="${DB_HOST:?}" DB_PORT="${DB_PORT:?}" DB_PASSWORD="${DB_PASSWORD:?}" ADMIN_PASSWORD="${ADMIN_PASSWORD:?}"
site=$root/srv/wordpress

# PHP writes the values, because it knows how to quote them. WordPress makes its keys itself and keeps them in the database: logins
# outlive a relaunch of this machine. The site goes by whatever name it was asked under, so a new address needs no change.
php >"$site/wp-config.php.new" <<'PHP'
<?php
echo "<?php\n";
$values = [
    'DB_NAME' => 'wordpress', 'DB_USER' => 'wordpress', 'DB_PASSWORD' => getenv('DB_PASSWORD'),
    'DB_HOST' => getenv('DB_HOST') . ':' . getenv('DB_PORT'), 'DB_CHARSET' => 'utf8mb4', 'DB_COLLATE' => '',
    'DISABLE_WP_CRON' => true, 'WP_HTTP_BLOCK_EXTERNAL' => true, 'AUTOMATIC_UPDATER_DISABLED' => true, 'DISALLOW_FILE_MODS' => true,
];
foreach ($values as $name => $value) {
    echo "define('$name', " . var_export($value, true) . ");\n";
}
?>
define('WP_HOME', 'http://' . preg_replace('/[^A-Za-z0-9.:-]/', '', $_SERVER['HTTP_HOST'] ?? 'localhost'));
define('WP_SITEURL', WP_HOME);
$table_prefix = 'wp_';
if (!defined('ABSPATH')) {
    define('ABSPATH', __DIR__ . '/');
}
require_once ABSPATH . 'wp-settings.php';
PHP
mv "$site/wp-config.php.new" "$site/wp-config.php"

cd "$site"
php -c "$root/etc/php.ini" -d display_errors=stderr <<'PHP'
<?php
define('WP_INSTALLING', true);
require './wp-load.php';
require ABSPATH . 'wp-admin/includes/upgrade.php';
if (!$wpdb->ready) {
    fwrite(STDERR, "The database at " . DB_HOST . " lets nobody in.\n");
    exit(1);
}
$password = wp_slash(getenv('ADMIN_PASSWORD')); // as WordPress's login compares it
if (!is_blog_installed()) {
    wp_install('The pcloud demo', 'admin', 'admin@localhost.invalid', false, '', $password);
    echo "WordPress installed\n";
}
$admin = get_user_by('login', 'admin');
if (!$admin) {
    fwrite(STDERR, "WordPress is there, but not its user admin.\n");
    exit(1);
}
if (!wp_check_password($password, $admin->user_pass, $admin->ID)) {
    wp_set_password($password, $admin->ID);
}
echo "WordPress uses the database at " . DB_HOST . "\n";
PHP
