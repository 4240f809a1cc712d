# One systemd unit, $unit. The exit statuses are those of agents/statuses.py.
PATH=$PATH:/usr/sbin:/sbin
as=
if [ "$(id -u)" -ne 0 ]; then as='sudo -n'; fi

complain() { printf '%s\n' "$2"; exit "$1"; } # STATUS REASON

read_unit() { # its properties go to $load, $active, $sub, $result, $restarts
  if [ ! -d /run/systemd/system ]; then complain 5 "systemd does not run here"; fi
  if ! properties=$(systemctl --no-ask-password show -p LoadState -p ActiveState -p SubState -p Result -p NRestarts -- "$unit" 2>&1); then
    case $properties in
      *denied* | *uthenti*) complain 97 "no rights to ask systemd: $properties" ;;
      *) complain 96 "systemd does not answer: $properties" ;; # it may just be executing itself anew
    esac
  fi
  while IFS='=' read -r key value; do
    case $key in
      LoadState) load=$value ;;
      ActiveState) active=$value ;;
      SubState) sub=$value ;;
      Result) result=$value ;;
      NRestarts) restarts=$value ;;
    esac
  done <<END
$properties
END
}

# What systemctl said, on one line: not where to read more, nor what sudo thinks of the host's name.
gist() { printf '%s\n' "$said" | sed -e '/^See /d' -e '/unable to resolve host/d' | head -n 1; }

require_unit() { # ends with "not installed" where there is nothing that could be started
  case $load in
    loaded) ;;
    not-found) complain 5 "missing unit $unit" ;;
    masked) complain 5 "missing unit $unit: masked" ;;
    *) complain 5 "unusable unit $unit: $load" ;;
  esac
}

monitor_unit() {
  read_unit
  require_unit
  case $active in
    active) complain 0 "NRestarts=$restarts" ;;
    activating | deactivating | reloading | refreshing | maintenance) complain 96 "$active ($sub)" ;;
    inactive)
      if [ "$result" = success ]; then complain 96 "inactive"; fi
      complain 7 "inactive ($result)"
      ;;
    failed) complain 7 "failed ($result)" ;;
    *) complain 1 "in a state that nobody knows: $active" ;;
  esac
}

start_unit() {
  read_unit
  require_unit
  # Counting starts is our own policy's task; systemd's limit would refuse what it ordered.
  $as systemctl --no-ask-password reset-failed -- "$unit" 2>/dev/null
  if ! said=$($as systemctl --no-ask-password start -- "$unit" 2>&1); then
    $as journalctl --no-pager -q -n 10 -o cat -u "$unit" 2>/dev/null
    read_unit
    complain 1 "$unit did not start, $active ($result): $(gist)"
  fi
}

stop_unit() {
  read_unit
  if [ "$load" = not-found ]; then exit 0; fi
  if ! said=$($as systemctl --no-ask-password stop -- "$unit" 2>&1); then complain 1 "$unit did not stop: $(gist)"; fi
}
