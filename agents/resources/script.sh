# The user's own commands, $start, $stop and $monitor; follows user.sh. `exit` in one ends only itself.
run() { # TEXT
  # shellcheck disable=SC2086,SC2016 # as is words; the text is expanded over there
  $limited $as sh -c 'cd "$1" || exit 126; eval "$2"' sh "$directory" "$1"
}

limited=''

ask_monitor() { # its exit status within its own time, 1 where it cannot be asked so: a monitor that hangs must not keep us from acting
  if [ "$as" = su_to ] || ! timeout 1 true 2>/dev/null; then return 1; fi
  limited="timeout $limit"
  run "$monitor" >/dev/null 2>&1 3>&- </dev/null
  status=$?
  limited=
  return "$status"
}

logged() { # TEXT: its output goes to the log, so that a daemon that it leaves running holds a file and not our connection
  if ! provide "$logs" || ! : >>"$log"; then log=/dev/null; fi
  run "$1" >>"$log" 2>&1
}

monitor_script() {
  run "$monitor"
  exit $?
}

start_script() {
  if ask_monitor; then exit 0; fi
  logged "$start"
  status=$?
  last_words
  exit "$status"
}

stop_script() { # one that fails because there is nothing to stop is done
  logged "$stop"
  status=$?
  if [ "$status" -ne 0 ]; then
    words=$(last_words)
    failed=$status
    ask_monitor
    if [ $? -eq 7 ]; then exit 0; fi
    printf '%s\n' "$words"
    exit "$failed"
  fi
}
