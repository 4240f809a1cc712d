# The watcher: runs the probes of one machine in the machine, and prints a line where there is something to say.
#   pcloud-watcher 1 BOOT_ID     it has begun
#   r SERIAL.INDEX STATUS TEXT   one result: on every change of status, and on every run that did not pass
#   p STATUS TEXT                the provisioning has ended; \001 in TEXT stands for the end of a line
#   h                            a heartbeat, or the answer to "ping"
#   stopping                     the machine is going down in good order, to stay off or to boot again
# Every line is one write below PIPE_BUF (4,096), so lines of different roles do not mix.
# Words on stdin: "ping"; "look SERIAL.INDEX": run that probe now, and tell its result; "probes", shell text (heartbeat, patience, provision,
# probe), "#go". The end of stdin ends everything, and so does a write that fails, or a controller that says nothing for longer than its patience.

text_limit=300           # of a reason: a line for people
output_limit=16777216    # of a check: what prints more would print for ever, and is stopped by SIGPIPE
first_gap=200            # milliseconds to the first look out of turn at what does not pass yet
tail_limit=2000          # of the provisioning's output, as the Protocol promises

give_up() { # a write failed: nobody listens any more
  if parent_lives; then kill -15 "$PPID" 2>/dev/null; fi
  exit 1
}

beat() { # SECONDS
  while parent_lives; do
    sleep "$1"
    printf 'h\n' || give_up
  done
}

watch_provisioning() {
  marker=$root/var/lib/pcloud/provisioned
  until [ -s "$marker" ]; do
    sleep 1
    parent_lives || exit 0
  done
  status=$(head -n 1 "$marker" 2>/dev/null || sudo -n head -n 1 "$marker" 2>/dev/null)
  log=$root/var/lib/pcloud/provision.log
  end=$({ tail -c "$tail_limit" "$log" 2>/dev/null || sudo -n tail -c "$tail_limit" "$log" 2>/dev/null; } |
    LC_ALL=C tr -d '\000-\010\013-\037\177' | tr '\n' '\001')
  printf 'p %s %s\n' "${status:-unreadable}" "$end" || give_up
}

guard() { # SECONDS without a word: the connection is dead, even if nobody has told this machine's sshd
  left=$1
  while [ "$left" -gt 0 ]; do
    sleep 2 # in steps: it must not long outlive a watcher that was killed
    left=$((left - 2))
    parent_lives || exit 0
  done
  if parent_lives; then kill -15 "$PPID" 2>/dev/null; fi
}

# An init system ends sessions within milliseconds, sshd among them: who is told then can tell nobody any more. logind says it before, and
# waits for whoever holds a delay lock, 5 s at the most: cat holds it until the line is out, or whatever happens to the one before it.
farewell() {
  exec 3>&1
  {
    dbus-monitor --system "type='signal',interface='org.freedesktop.login1.Manager',member='PrepareForShutdown'" 3>&- &
    while kill -0 "$PPID" 2>/dev/null; do sleep 2; done
    kill -9 "$!"
  } 3>&- |
    while read -r word; do
      if [ "$word" = 'boolean true' ]; then
        printf 'stopping\n' >&3
        sleep 0.3 # for sshd to send it
        break
      fi
    done |
    {
      set -- systemd-inhibit --what=shutdown --mode=delay --who=pcloud --why='the controller is told that the machine stops' cat
      "$@" || sudo -n "$@" || cat
    } 3>&-
}

going_down() { # in good order; else a session was ended, or sshd
  if [ -n "$root" ]; then
    [ -e "$root/run/stopping" ]
  else
    [ "$(systemctl is-system-running 2>/dev/null)" = stopping ]
  fi
}

launch() {
  PCLOUD_PROBE=$probe
  export PCLOUD_PROBE
  # shellcheck disable=SC2086,SC2016 # as in role
  exec $own "$shell" -c 'probe=$PCLOUD_PROBE; unset PCLOUD_PROBE; eval "$probe"' "$shell" </dev/null 2>&1 3>&-
}

ended() { printf '\n=%s\n' "$1" >&3; }

run_probe() { # SECONDS: the end of its output on one line, and how it ended on another that begins with "="; either may be first
  {
    { supervise "$1"; slay "$child"; } | # what a check leaves running would pile up
      head -c "$output_limit" | tail -c "$text_limit" | LC_ALL=C tr -s '\000-\037\177' ' '
  } 3>&1
}

naps_by='' # what can wait for the end of a process

lives() { # PID:BORN, the start time being field 22 of proc(5), stat; no fork: this is asked every second
  { IFS= read -r stat <"/proc/${1%%:*}/stat"; } 2>/dev/null || return 1
  # shellcheck disable=SC2086 # fields; the second may hold anything and ends with the last parenthesis
  set -- "${1#*:}" ${stat##*) }
  [ "$1" = "${21:-}" ] && [ "$2" != Z ] && [ "$2" != X ]
}

# The time between two runs. A monitor that found its service running may say "lives=PID:BORN": when that process ends it is time to look.
rest() { # SECONDS TEXT
  case $2 in *lives=*) process=${2##*lives=} process=${process%% *} ;; *) process= ;; esac
  if [ -z "$process" ]; then
    sleep "$1"
    return
  fi
  if ! lives "$process"; then # it ended since its monitor saw it
    sleep 0.5
    return
  fi
  if [ -z "$naps_by" ]; then # GNU tail looks ten times a second and costs nothing; no process has such a number
    if timeout --foreground 5 tail --pid=999999999 -s 0.1 -f /dev/null 2>/dev/null; then naps_by=tail; else naps_by=sleep; fi
  fi
  seconds=${1%%.*}
  while [ "$seconds" -gt 0 ]; do
    if [ "$naps_by" = tail ]; then
      timeout --foreground 1 tail --pid="${process%%:*}" -s 0.1 -f /dev/null
    else
      sleep 0.5
      lives "$process" || return
      sleep 0.5
    fi
    lives "$process" || return # also of one that nobody has waited for yet
    seconds=$((seconds - 1))
  done
  case $1 in *.*) sleep "0.${1#*.}" ;; esac
}

look_once() { # SECONDS: what comes of it goes to $status and $text
  result=$(run_probe "$1")
  status=${result##*"$newline="}
  status=${status%%"$newline"*}
  text=${result%%"$newline="*}${result#*"$newline=$status"}
  text=${text#"$newline"}
}

tell() { # NAME: what came of it, where it is news
  case $text in NRestarts=*) news=$status${text%% *} ;; *) news=$status ;; esac # that count is news in a pass as well
  if [ "$status" != 0 ] || [ "$news" != "$last" ]; then
    printf 'r %s %s %s\n' "$1" "$status" "$text" || give_up
  fi
  last=$news
}

sleep_ms() { # MILLISECONDS
  fraction=$((1000 + $1 % 1000))
  sleep "$(($1 / 1000)).${fraction#1}"
}

# What has just been started takes its time, and whoever waits for it shall know when it is there: until the first pass of a role there are
# looks between its turns, ever fewer of them, and only a pass is told: misses count by their turns.
await_pass() { # NAME INTERVAL TIMEOUT
  left=$((${2%%.*} * 1000 + 1${2#*.} - 1000)) # it has three digits behind the point
  while [ "$gap" -gt 0 ] && [ "$gap" -lt "$left" ]; do
    sleep_ms "$gap"
    parent_lives || exit 0
    left=$((left - gap)) gap=$((gap + gap / 2))
    look_once "$3"
    if [ "$status" = 0 ]; then
      tell "$1"
      gap=0
      rest "$2" "$text"
      return
    fi
  done
  sleep_ms "$left"
}

repeat() { # NAME INTERVAL TIMEOUT DELAY
  probe=$PCLOUD_PROBE
  unset PCLOUD_PROBE
  last='' gap=$first_gap
  if [ "$4" != 0 ]; then sleep "$4"; fi
  while parent_lives; do
    look_once "$3"
    tell "$1"
    if [ "$status" = 0 ]; then
      gap=0
      rest "$2" "$text"
    else
      await_pass "$1" "$2" "$3"
    fi
  done
}

roles=''
guarding=''
leaving=''
seconds='' # of patience

patience() { # SECONDS; anew with every word
  seconds=$1
  if [ -n "$guarding" ]; then dismiss "$guarding"; fi
  role guard "$1" </dev/null >/dev/null 2>&1 &
  guarding=$!
}

heartbeat() { # SECONDS
  role beat "$1" </dev/null &
  roles="$roles $!"
}

provision() {
  role watch_provisioning </dev/null &
  roles="$roles $!"
}

probe() { # NAME INTERVAL TIMEOUT DELAY TEXT
  { PCLOUD_PROBE=$5; export PCLOUD_PROBE; role repeat "$1" "$2" "$3" "$4"; } </dev/null &
  roles="$roles $!"
  eval "at_${1#*.}=\$! name_${1#*.}=\$1 interval_${1#*.}=\$2 limit_${1#*.}=\$3 text_${1#*.}=\$5"
}

look() { # NAME: its role begins anew, and so tells its first result
  case ${1#*.} in *[!0-9]* | '') return ;; esac
  eval "set -- \"\$1\" \"\${name_${1#*.}:-}\" \"\${at_${1#*.}:-}\" \"\${interval_${1#*.}:-}\" \"\${limit_${1#*.}:-}\" \"\${text_${1#*.}:-}\""
  if [ "$1" != "$2" ]; then return; fi # of a set that was replaced
  dismiss "$3"
  others=
  for pid in $roles; do if [ "$pid" != "$3" ]; then others="$others $pid"; fi; done
  roles=$others
  probe "$1" "$4" "$5" 0 "$6"
}

dismiss_roles() {
  for pid in $roles; do dismiss "$pid"; done
  roles=
}

finish() {
  trap '' TERM HUP INT PIPE
  dismiss_roles
  if [ -n "$guarding" ]; then dismiss "$guarding"; fi
  if [ -n "$leaving" ]; then dismiss "$leaving"; fi
  exit 0
}

end() { # somebody wants it
  trap '' TERM HUP
  if going_down; then printf 'stopping\n'; fi
  finish
}

watch() {
  trap finish INT PIPE
  trap end TERM HUP
  if [ -n "$root" ]; then boot=$root/run/boot_id; else boot=/proc/sys/kernel/random/boot_id; fi
  printf '\npcloud-watcher 1 %s\n' "$(cat "$boot" 2>/dev/null)" || finish # on a line of its own, whatever an rc file printed
  if [ -z "$root" ] && [ -d /run/systemd/system ] && command -v dbus-monitor >/dev/null 2>&1; then
    role farewell </dev/null &
    leaving=$!
  fi
  while IFS= read -r word; do
    case $word in
      ping)
        printf 'h\n' || finish
        if [ -n "$seconds" ]; then patience "$seconds"; fi
        ;;
      probes)
        collect || finish
        dismiss_roles
        eval "$block"
        ;;
      'look '*) look "${word#look }" ;;
    esac
  done
  finish
}

exec 2>/dev/null # shells tell of every child that was ended
if [ $# -eq 0 ]; then
  watch
else
  trap : PIPE # a failed write is an answer here, not a death; what is started from here gets the default again
  "$@"
fi
