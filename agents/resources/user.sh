# What process: and script: share: $name, its places, and how $command is run in $directory as $user.
PATH=$PATH:/usr/local/sbin:/usr/sbin:/sbin
root=${PCLOUD_ROOT%/}
runs=$root/run/pcloud
logs=$root/var/log/pcloud
log=$logs/$name.log
directory=${directory:-${root:-/}}
here=$(id -un)

as='' # the words that make the next command run as $user
if [ -n "$user" ] && [ "$user" != "$here" ]; then
  if [ "$(id -u)" -ne 0 ]; then
    as="sudo -n -E -u $user --"
  elif setpriv --reuid "$user" --clear-groups true 2>/dev/null; then
    as="setpriv --reuid $user --regid $(id -g "$user") --init-groups --" # executes without a process in between
  elif command -v runuser >/dev/null 2>&1; then
    as="runuser -u $user --"
  else
    as=su_to
  fi
fi

su_to() { su -s /bin/sh -c 'exec "$0" "$@"' -- "$user" "$@"; }

complain() { printf '%s\n' "$2"; exit "$1"; } # STATUS REASON

provide() { # DIRECTORY: there, and ours to write to
  if mkdir -p "$1" 2>/dev/null && [ -w "$1" ]; then return 0; fi
  if [ -z "$root" ] && sudo -n mkdir -p "$1" 2>/dev/null && sudo -n chown "$(id -u)" "$1" 2>/dev/null; then return 0; fi
  return 1
}

last_words() { tail -c 1000 "$log" 2>/dev/null | tail -n 1 | tail -c 200; }
