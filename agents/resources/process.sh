# One process that pcloud keeps; follows user.sh. $runs/$name.pid holds its pid and start time (proc(5), stat, field 22).
record=$runs/$name.pid

look_at() { # PID: its state, group and start time go to $state, $group, $born; status 1 if there is none
  { IFS= read -r stat <"/proc/$1/stat"; } 2>/dev/null || return 1 # no fork: this is asked of every process there is
  case $stat in *')'*) ;; *) stat=$(cat "/proc/$1/stat" 2>/dev/null) || return 1 ;; esac # a name with a newline in it
  # shellcheck disable=SC2086 # fields; the second may hold anything and ends with the last parenthesis
  set -- ${stat##*) }
  state=$1 group=$3 born=${20}
}

recall() { # what was started goes to $pid and $since; status 1 if nothing was
  pid='' since=''
  if [ -r "$record" ]; then read -r pid since <"$record"; fi
  [ -n "$pid" ]
}

is_running() { recall && look_at "$pid" && [ "$born" = "$since" ] && [ "$state" != Z ] && [ "$state" != X ]; }

group_is_there() { # members other than zombies, while the number has not been given to others
  if look_at "$pid" && [ "$born" != "$since" ]; then return 1; fi
  for entry in /proc/[0-9]*; do
    if look_at "${entry#/proc/}" && [ "$group" = "$pid" ] && [ "$state" != Z ] && [ "$state" != X ]; then return 0; fi
  done
  return 1
}

signal_group() { kill "$1" "-$pid" 2>/dev/null || { [ -z "$root" ] && sudo -n kill "$1" "-$pid" 2>/dev/null; }; }

await_end() { # SECONDS: of the group; status 1 if it is still there
  left=$1
  while group_is_there; do
    if [ "$left" -le 0 ]; then return 1; fi
    left=$((left - 1))
    sleep 1
  done
}

end_group() { # SECONDS of grace
  signal_group -TERM
  signal_group -CONT # a stopped process cannot obey
  sleep 0.1 2>/dev/null # most are gone by then; where sleep takes whole seconds only, nothing is lost
  if ! await_end "$1"; then
    signal_group -KILL
    await_end 5 || complain 1 "not stopped: processes of group $pid survive SIGKILL"
  fi
}

require_program() { # ends with "not installed" or "not permitted" where the command is a single one that nobody can execute
  [ -n "$program" ] || return 0
  # shellcheck disable=SC2016,SC2086 # expanded over there; words
  $as sh -c '
    cd "$1" || exit 0
    case $2 in */*) ;; *) command -v -- "$2" >/dev/null || exit 5; exit 0 ;; esac
    if [ ! -e "$2" ]; then exit 5; fi
    if [ ! -x "$2" ] || [ -d "$2" ]; then exit 4; fi' sh "$directory" "$program" 2>/dev/null
  case $? in
    5) complain 5 "missing command $program" ;;
    4) complain 4 "$program may not be executed${user:+ by $user}" ;;
  esac
}

monitor_process() {
  if is_running; then complain 0 "lives=$pid:$since"; fi
  require_program
  words=$(last_words)
  complain 7 "not running${words:+ (last output: $words)}"
}

make_pipe() { # PATH, for a moment: its ends are 4 for writing and 6 for reading; opening both ways does not wait for the other end
  rm -f "$1" && mkfifo -m 600 "$1" 2>/dev/null || return 1
  # shellcheck disable=SC2094 # a pipe
  exec 5<>"$1" 6<"$1" 4>"$1" 5<&-
  rm -f "$1"
}

start_process() {
  if is_running; then exit 0; fi
  require_program
  provide "$runs" || complain 1 "cannot write to $runs"
  if ! provide "$logs" || ! { : >>"$log"; } 2>/dev/null; then log=/dev/null; fi # a full disk is no reason not to run
  if recall && group_is_there; then end_group 5; fi # children of a dead parent would hold its port
  make_pipe "$record.go" || complain 1 "cannot make a pipe in $runs"
  # stderr is the log and stdout the pid's way back, which is closed at once: $( ) returns. It runs on when it is recorded, which stdin
  # tells: by a line, or, if we are killed, by its end, and then the record itself says. Nothing runs that no record names.
  # shellcheck disable=SC2016 # expanded over there
  inner='printf "%s\n" "$$"; exec >&2
    read -r said || { read -r said rest <"$3" && [ "$said" = "$$" ]; } 2>/dev/null || exit 1
    exec </dev/null; cd "$1" || exit 1; exec sh -c "$2"'
  if setsid --fork true 2>/dev/null; then
    # shellcheck disable=SC2086 # words
    pid=$($as setsid --fork sh -c "$inner" "$name" "$directory" "$command" "$record" <&6 2>>"$log" 4>&- 6<&-)
  else
    # shellcheck disable=SC2086 # words
    pid=$({ $as setsid sh -c "$inner" "$name" "$directory" "$command" "$record" <&6 2>>"$log" 4>&- 6<&- & })
  fi
  if [ -z "$pid" ]; then complain 1 "could not be started: $(last_words)"; fi
  born=
  look_at "$pid"
  printf '%s %s\n' "$pid" "$born" >"$record.new" && mv -f "$record.new" "$record" || complain 1 "cannot write $record"
  echo recorded >&4 # 6 is still open here: never SIGPIPE
}

stop_process() {
  if recall && group_is_there; then end_group "$grace"; fi
  rm -f "$record" "$record.new" "$record.go"
}
