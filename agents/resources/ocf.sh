# One OCF resource, of the agent $provider:$kind; follows init.sh. The exit statuses are those of agents/statuses.py.
missing="missing agent ocf:$provider:$kind"
export OCF_ROOT=/usr/lib/ocf
if [ -n "$become" ]; then become='sudo -n -E'; fi

run_agent() { # ACTION
  # shellcheck disable=SC2086 # words
  cd "${root:-/}" && $become "$program" "$1"
}

find_agent() { find_program "/usr/lib/ocf/resource.d/$provider/$kind"; }

prepare() { # what an agent may rely on: its params, and a directory for its state, which is emptied at each boot
  for each in $variables; do
    eval "known=\${${each#*:}+known} value=\${${each#*:}-}"
    if [ -z "$known" ]; then complain 97 "${each#*:} has no value, or it cannot be read"; fi
    export "OCF_RESKEY_${each%%:*}=$value"
  done
  export HA_RSCTMP="$root/run/resource-agents"
  # shellcheck disable=SC2086 # words
  if [ ! -d "$HA_RSCTMP" ]; then $become mkdir -p -m 1755 "$HA_RSCTMP" 2>/dev/null; fi
}

monitor_ocf() {
  find_agent
  prepare
  observed run_agent monitor
  case $status in
    0 | 8 | 190 | 191) exit 0 ;; # running, promoted, and both "degraded"
    196) complain 96 "pending job 30s: ${said:-the agent says so}" ;;
    7) complain 7 "${said:-not running}" ;;
    [2-6]) complain "$status" "${said:-OCF status $status}" ;;
    141) complain 141 "$said" ;; # SIGPIPE
    *) complain 1 "${said:+$said }(OCF status $status)" ;; # generic, failed while promoted, and what is no status of OCF at all
  esac
}

start_ocf() {
  find_agent
  require_rights 4 # before anything is asked: sudo says no by a status that would mean something else
  prepare
  logged run_agent start
  acted $?
}

stop_ocf() {
  (find_agent) >/dev/null
  if [ $? -eq 5 ]; then exit 0; fi # of what is not installed nothing runs
  find_agent
  require_rights 4
  prepare
  logged run_agent stop
  status=$?
  if [ "$status" -eq 5 ]; then exit 0; fi # likewise of what the agent itself misses
  acted "$status"
}

# Lines WORD SPAN from <action name="start" timeout="20s"/> in the metadata, the first of each; comments are none of it.
tell_habits() {
  find_agent
  prepare
  run_agent meta-data 2>/dev/null | head -c "$text_limit" | awk '
    function attribute(key) {
      if (!match($0, "[ \t\n]" key "[ \t\n]*=[ \t\n]*(\"[^\"]*\"|'\''[^'\'']*'\'')")) return ""
      found = substr($0, RSTART, RLENGTH)
      sub(/^[^"'\'']*["'\'']/, "", found)
      return substr(found, 1, length(found) - 1)
    }
    function tell(word, span) { if (span != "" && !(word in told)) { told[word] = 1; print word, span } }
    BEGIN { RS = "<" }
    /^!--/ { comment = 1 }
    comment { if (/-->/) comment = 0; next }
    /^action[ \t\n]/ {
      name = attribute("name")
      if (name == "start" || name == "stop" || name == "monitor") tell(name, attribute("timeout"))
      if (name == "monitor") tell("interval", attribute("interval"))
    }'
}
