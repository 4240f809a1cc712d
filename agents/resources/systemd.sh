# One systemd unit, $unit. The exit statuses are those of agents/statuses.py.
PATH=$PATH:/usr/sbin:/sbin
LC_ALL=C # what sudo says is read below; units have the environment of their systemd
export LC_ALL
as=
if [ "$(id -u)" -ne 0 ]; then as='sudo -n'; fi

complain() { printf '%s\n' "$2"; exit "$1"; } # STATUS REASON

properties() { # NAMES: of the unit, as lines KEY=VALUE; systemd may keep us waiting for longer than a probe has
  set -- systemctl --no-ask-password show -p "$1" -- "$unit"
  if timeout --foreground 1 true 2>/dev/null; then set -- timeout --foreground "${answer_limit:-20}" "$@"; fi
  "$@" 2>&1
}

read_unit() { # its properties go to $load, $active, $sub, $result, $restarts and so on
  if [ ! -d /run/systemd/system ]; then complain 5 "systemd does not run here"; fi
  names=LoadState,ActiveState,SubState,Result,NRestarts,MainPID,Job,RestartUSec,TimeoutStartUSec,TimeoutStopUSec,TimeoutUSec
  since=InactiveExitTimestampMonotonic,ActiveEnterTimestampMonotonic,ActiveExitTimestampMonotonic,ExecMainExitTimestampMonotonic
  if ! properties=$(properties "$names,$since"); then
    case $properties in
      *denied* | *uthenti*) complain 97 "no rights to ask systemd: $properties" ;;
      *) complain 96 "systemd does not answer${properties:+: $properties}" ;; # it may just be executing itself anew
    esac
  fi
  job=0 main=0 delay='' start_limit=infinity stop_limit=infinity began=0 active_since=0 active_until=0 exited=0
  while IFS='=' read -r key value; do
    case $key in
      LoadState) load=$value ;;
      ActiveState) active=$value ;;
      SubState) sub=$value ;;
      Result) result=$value ;;
      NRestarts) restarts=$value ;;
      MainPID) main=$value ;;
      Job) job=${value:-0} ;;
      RestartUSec) delay=$value ;;
      TimeoutStartUSec) start_limit=$value ;;
      TimeoutStopUSec) stop_limit=$value ;;
      TimeoutUSec) start_limit=$value stop_limit=$value ;; # mounts and sockets have one for both
      InactiveExitTimestampMonotonic) began=$value ;;
      ActiveEnterTimestampMonotonic) active_since=$value ;;
      ActiveExitTimestampMonotonic) active_until=$value ;;
      ExecMainExitTimestampMonotonic) exited=$value ;;
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

pend() { # KIND LIMITS REASON: on its way, for as long as agents/pending.py makes of it
  complain 96 "pending $1 $2: $3"
}

pend_for_packages() { pend package "10min${own:+ or $own}" "$1 while dpkg's lock is held ($holder)"; } # STATE

# Whether packages are being changed; who does it goes to $holder. Theirs are POSIX locks, which flock(1) does not see, and the inode alone
# must do: where a file system has no device of its own (btrfs, overlay), stat(2) and /proc/locks tell different ones.
packages_change() {
  if [ -n "${PCLOUD_ROOT:-}" ]; then return 1; fi # a machine that has no packages of its own
  for lock in /var/lib/dpkg/lock-frontend /var/lib/dpkg/lock; do
    inode=$(ls -i "$lock" 2>/dev/null) || continue
    inode=${inode#"${inode%%[0-9]*}"}
    inode=${inode%% *}
    while read -r _ kind _ _ pid file _; do
      if [ "$kind" = POSIX ] && [ "${file##*:}" = "$inode" ]; then
        holder=dpkg
        { read -r holder <"/proc/$pid/comm"; } 2>/dev/null
        return 0
      fi
    done </proc/locks
  done 2>/dev/null
  return 1
}

# Whether its end was its own. What a package does to a unit it asks of systemd: then the unit leaves "active" before its process ends, or
# has not come as far as "active". An unrelated upgrade of ten minutes is no reason to leave a crashed service alone.
ended_by_itself() {
  case $result in watchdog | oom-kill | start-limit-hit) return 0 ;; esac
  [ "$active_since" -ge "$began" ] && [ "$exited" -gt 0 ] && [ "$exited" -le "$active_until" ]
}

# As watcher.sh has it, where the process may be seen.
life_of() { # PID
  { IFS= read -r stat <"/proc/$1/stat"; } 2>/dev/null || return 0
  pid=$1
  # shellcheck disable=SC2086 # fields
  set -- ${stat##*) }
  if [ -n "${20:-}" ]; then printf ' lives=%s:%s' "$pid" "${20}"; fi
}

monitor_unit() {
  read_unit
  if [ "$active" = active ]; then # also one whose file is gone or masked by now: it runs
    complain 0 "NRestarts=$restarts$(life_of "$main")"
  fi
  own=''
  case $active in
    activating) own="$delay $start_limit" ;; # the first part of it may be "auto-restart"
    reloading | refreshing) own=$start_limit ;;
    deactivating) own=$stop_limit ;;
    maintenance) own=infinity ;;
  esac
  if packages_change; then
    case $load:$active in
      loaded:inactive | loaded:failed) if [ "$result" = success ] || ! ended_by_itself; then pend_for_packages "$active"; fi ;;
      loaded:*) pend_for_packages "$active ($sub)" ;;
      *) pend_for_packages "$load" ;; # a package that replaces another
    esac
  fi
  require_unit
  if [ -n "$own" ]; then pend "$active" "$own" "$active ($sub)"; fi
  case $active in
    inactive | failed)
      if [ "$job" -ne 0 ]; then pend job 30s "$active with a job queued"; fi
      if [ "$active $result" = 'inactive success' ]; then pend inactive 30s inactive; fi
      complain 7 "$active ($result)"
      ;;
    *) complain 1 "in a state that nobody knows: $active" ;;
  esac
}

tell_limits() { # its own, of a start and of a stop
  read_unit
  printf 'start %s\nstop %s\n' "$start_limit" "$stop_limit"
}

# Ends with "not permitted" where it is our own rights that are missing: neither a restart nor a reboot mends that.
require_rights() { # STATUS of what was refused, which said $said; VERB
  if [ -z "$as" ]; then return; fi
  case $1:$said in
    127:*) cure='install sudo in the machine' ;;
    *'sudo: a password is required'* | *'sudo: a terminal is required'* | *'not in the sudoers file'* | *'not allowed to execute'* | \
      *'may not run sudo'*) cure='let it run systemctl by sudo without a password' ;;
    *) return ;;
  esac
  complain 4 "user $(id -un) may not $2 $unit: $cure, or let monitor.user be root"
}

await_packages() { # until none is being changed
  while packages_change; do sleep 1; done
}

start_unit() {
  read_unit
  while [ "$load" != loaded ] && packages_change; do # what is being installed will be there
    sleep 1
    read_unit
  done
  require_unit
  # Counting starts is our own policy's task; systemd's limit would refuse what it ordered.
  $as systemctl --no-ask-password reset-failed -- "$unit" 2>/dev/null
  said=$($as systemctl --no-ask-password start -- "$unit" 2>&1)
  status=$?
  if [ "$status" -ne 0 ]; then
    require_rights "$status" start
    $as timeout 5 journalctl --sync 2>/dev/null # what it said last may still be on its way there
    $as journalctl --no-pager -q -n 10 -o cat -u "$unit" 2>/dev/null
    read_unit
    complain 1 "$unit did not start, $active ($result): $(gist)"
  fi
}

stop_unit() {
  read_unit
  if [ "$load" = not-found ]; then exit 0; fi
  said=$($as systemctl --no-ask-password stop -- "$unit" 2>&1)
  status=$?
  if [ "$status" -ne 0 ]; then
    require_rights "$status" stop
    complain 1 "$unit did not stop: $(gist)"
  fi
}
