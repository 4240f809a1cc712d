# One action: runs a script in a group of its own, bounded in time, and prints "pcloud-status STATUS" when it has ended
# and then the end of its output. The end of stdin before that ends the script too: nothing is done that nobody waits for.
# stdin: shell text (exports; limit, interpreter, feed, script), "#go"; after that nothing is expected.

output_limit=2000 # what an Outcome holds

# A shell ignores SIGINT and SIGQUIT for what it starts in the background, and a daemon would inherit that; GNU env undoes it.
fresh=
if env --default-signal=INT,QUIT true 2>/dev/null; then fresh='env --default-signal=INT,QUIT'; fi

launch() {
  # shellcheck disable=SC2086,SC2016 # lists of words; the text is expanded over there
  case $feed in
    eval) exec $own $fresh $interpreter -c 'eval "$(cat)"' "${interpreter%% *}" <&4 2>&1 3>&- 4<&- ;;
    *) exec $own $fresh $interpreter <&4 2>&1 3>&- 4<&- ;;
  esac
}

# It goes out at once: what the script left running may hold its output open for ever.
ended() { printf '\npcloud-status %s\n' "$1" >&3; }

act() { # SECONDS FEED INTERPRETER; stdin is the script, whose own stdin is empty
  feed=$2 interpreter=$3
  exec 4<&0 3>&1
  if [ -n "${PCLOUD_ROOT:-}" ]; then cd "$PCLOUD_ROOT" || return; fi # as the provisioning script runs, not in the login's own home
  supervise "$1" | tail -c "$output_limit"
  if parent_lives; then kill -15 "$PPID" 2>/dev/null; fi
}

finish() {
  trap '' TERM HUP INT PIPE
  dismiss "$!"
  exit 0
}

exec 2>/dev/null # shells tell of every child that was ended
if [ $# -eq 0 ]; then
  collect || exit 1
  eval "$block"
  trap finish TERM HUP INT PIPE
  printf '%s\n' "$script" | role act "$limit" "$feed" "$interpreter" &
  while IFS= read -r word; do :; done
  finish
else
  "$@"
fi
