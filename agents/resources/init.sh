# What ocf: and lsb: share: programs that are root's, run by sudo where we are not root; follows user.sh. Not in the embedded cloud, where
# a machine is whoever runs it, and what it brings along itself lies under $PCLOUD_ROOT.
become=''
if [ "$(id -u)" -ne 0 ] && [ -z "$root" ]; then become='sudo -n'; fi
text_limit=1048576 # bytes of what a monitor prints: what prints more would print for ever, and is stopped by SIGPIPE

find_program() { # PATH: where it is goes to $program; ends with "not installed" or "not permitted"
  program=$root$1
  if [ ! -e "$program" ]; then program=$1; fi
  if [ ! -e "$program" ]; then complain 5 "$missing: there is no $1"; fi
  if [ ! -f "$program" ] || [ ! -x "$program" ]; then complain 4 "$program may not be executed"; fi
}

require_rights() { # STATUS to end with
  # shellcheck disable=SC2086 # words
  if [ -n "$become" ] && ! said=$($become true 2>&1); then
    complain "$1" "no rights to run $program: $here needs sudo without a password ($(printf '%s\n' "$said" | tail -n 1))"
  fi
}

# Of all that was printed what people need: the agent's own reason, else an error, else the last line.
gist() {
  tr -d '\000' | awk '
    /unable to resolve host/ { next } # what sudo thinks of the name of its host
    { sub(/\r$/, "") }
    /^ocf-exit-reason:/ { reason = substr($0, 17) }
    / (ERROR|CRIT): / { error = $0 }
    NF { last = $0 }
    END { print reason != "" ? reason : error != "" ? error : last }' | tail -c 300
}

logged() { # COMMAND...: its output goes to the log, since a daemon that it leaves running must hold a file and not our connection
  if ! provide "$logs" || ! : >>"$log"; then log=/dev/null; fi
  before=$(wc -c <"$log")
  "$@" >>"$log" 2>&1
}

logged_gist() { tail -c "+$((before + 1))" "$log" 2>/dev/null | tail -c "$text_limit" | gist; }

# Runs COMMAND... as a monitor: the gist of what it prints goes to $said, its exit status to $status.
observed() {
  result=$({ { "$@" 2>&1 3>&-; printf '=%s\n' "$?" >&3; } | head -c "$text_limit" | gist | sed 's/^/-/'; } 3>&1)
  status=$(printf '%s\n' "$result" | sed -n 's/^=//p')
  said=$(printf '%s\n' "$result" | sed -n 's/^-//p')
  if [ "$status" = 1 ]; then require_rights 97; fi # it may be sudo's
}

acted() { # STATUS: the end of an action
  logged_gist
  exit "$1"
}
