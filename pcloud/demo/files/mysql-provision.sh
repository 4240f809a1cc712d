#!/bin/sh
# Lays out one MariaDB server under $PCLOUD_ROOT; its databases live on the volume at /var/lib/mysql.
# Rules: run again at any time it changes nothing that is right already; databases that exist are never touched.
# Wants in the environment: PCLOUD_ROOT, PCLOUD_ADDRESS, DB_PASSWORD.
set -eu
umask 077
root=${PCLOUD_ROOT:?} address=${PCLOUD_ADDRESS:?} password=${DB_PASSWORD:?}
volume=$root/var/lib/mysql
databases=$volume/databases # below the volume's top, so that it can appear there whole, by one rename

command -v mariadb-install-db >/dev/null || { echo "MariaDB is not installed: apt-get install mariadb-server" >&2; exit 1; }
mkdir -p "$root/etc" "$root/run" "$root/tmp"

# mariadbd refuses to run as root unless it is told to.
account=$(id -un)

# Small, and quick to start. No Unix socket: the path of a deep root is longer than the 107 bytes that one may have.
# Native AIO is off because its locked memory is limited for ordinary users.
cat >"$root/etc/my.cnf" <<CNF
[mariadbd]
user = $account
datadir = $databases
tmpdir = $root/tmp
pid_file = $root/run/mariadbd.pid
init_file = $root/etc/access.sql
bind_address = $address
port = 3306
socket =
skip_name_resolve
performance_schema = off
max_connections = 50
table_open_cache = 200
log_warnings = 1
innodb_buffer_pool_size = 32M
innodb_log_file_size = 16M
innodb_buffer_pool_dump_at_shutdown = off
innodb_buffer_pool_load_at_startup = off
innodb_use_native_aio = off
aria_pagecache_buffer_size = 8M
key_buffer_size = 1M
CNF

# Both in MariaDB's SQL and in its option files a backslash escapes itself and the quotes.
quoted=$(printf %s "$password" | sed "s/[\\\\'\"]/\\\\&/g")

# mariadbd runs these at every start, so a changed password is in force from then on.
cat >"$root/etc/access.sql" <<SQL
CREATE DATABASE IF NOT EXISTS wordpress CHARACTER SET utf8mb4;
CREATE USER IF NOT EXISTS 'wordpress'@'%';
ALTER USER 'wordpress'@'%' IDENTIFIED BY '$quoted';
GRANT ALL ON wordpress.* TO 'wordpress'@'%';
SQL
cat >"$root/etc/client.cnf" <<CNF
[client]
protocol = tcp
host = $address
port = 3306
user = wordpress
password = "$quoted"
connect_timeout = 2
CNF

if [ -d "$databases" ]; then
    echo "databases found on the volume"
    exit 0
fi
rm -rf "$databases.new" # what an interrupted first time left
echo "the volume is empty: initialising"
# --force: a bare machine may not know even the name localhost, and nothing here goes by names. --loose-user: meant for mariadbd alone,
# for with --user mariadb-install-db changes owners, and cannot deal with spaces in a path.
mariadb-install-db --no-defaults --force --loose-user="$account" --datadir="$databases.new" --skip-name-resolve --skip-test-db \
    --innodb-log-file-size=16M --innodb-use-native-aio=off --performance-schema=off >"$root/tmp/install-db.log" 2>&1 ||
    { tail -n 20 "$root/tmp/install-db.log" >&2; exit 1; }
find "$databases.new" -type f -exec sync {} +
mv "$databases.new" "$databases"
