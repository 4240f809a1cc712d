# One init script, $kind; follows init.sh. The exit statuses are those of agents/statuses.py.
missing="missing script lsb:$kind"

run_lsb() { # ACTION, as service(8) does
  # shellcheck disable=SC2086 # words
  cd / && $limited $become env -i LANG=C.UTF-8 PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin TERM=dumb \
    ${root:+"PCLOUD_ROOT=$PCLOUD_ROOT" "PCLOUD_ADDRESS=$PCLOUD_ADDRESS"} "$program" "$1"
}

limited=''
ask_status() { # within the time of a monitor, where that can be had: a status that hangs must not keep us from acting
  if ! timeout 1 true 2>/dev/null; then return 4; fi
  limited="timeout $limit"
  run_lsb status >/dev/null 2>&1 </dev/null
  status=$?
  limited=
  return "$status"
}

find_script() { find_program "/etc/init.d/$kind"; }

monitor_lsb() {
  find_script
  observed run_lsb status
  case $status in
    0) exit 0 ;;
    1 | 2) complain 7 "${said:+$said: }not running, it died and left its pid or lock file" ;;
    3) complain 7 "${said:-not running}" ;;
    4) complain 97 "${said:+$said }(LSB status 4: unknown)" ;;
    141) complain 141 "$said" ;; # SIGPIPE
    *) complain 1 "${said:+$said }(LSB status $status)" ;;
  esac
}

start_lsb() {
  find_script
  require_rights 4 # before anything is asked: sudo says no by a status that would mean something else
  if ask_status; then exit 0; fi
  logged run_lsb start
  acted $?
}

stop_lsb() {
  (find_script) >/dev/null
  if [ $? -eq 5 ]; then exit 0; fi # of what is not installed nothing runs
  find_script
  require_rights 4
  logged run_lsb stop
  failed=$?
  if [ "$failed" -eq 0 ]; then exit 0; fi
  ask_status
  case $? in 1 | 2 | 3) exit 0 ;; esac
  acted "$failed"
}
