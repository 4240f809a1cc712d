# One action: runs a script in a group of its own, bounded in time, and prints "pcloud-status STATUS" when it has ended
# and then the end of its output. One without an id ends with stdin: nothing is done that nobody waits for. One with an id is kept (kept.sh).
# stdin: shell text (limit, interpreter, feed, id, lock, given, script), "#go"; then "end" for one that is not wanted any more.

output_limit=2000 # what an Outcome holds

# A shell ignores SIGINT and SIGQUIT for what it starts in the background, and a daemon would inherit that; GNU env undoes it.
fresh=
if env --default-signal=INT,QUIT true 2>/dev/null; then fresh='env --default-signal=INT,QUIT'; fi

launch() {
  if [ -n "$mask" ]; then umask "$mask"; fi
  # shellcheck disable=SC2086,SC2016 # lists of words; the text is expanded over there
  case $feed in
    eval) set -- $own $fresh $interpreter -c 'eval "$(cat)"' "${interpreter%% *}" ;;
    *) set -- $own $fresh $interpreter ;;
  esac
  eval "$block" # from here on any variable of ours may be one of the script's
  exec "$@" <&4 2>&1 3>&- 4<&-
}

# It goes out at once: what the script left running may hold its output open for ever.
ended() { printf '\npcloud-status %s\n' "$1" >&3; }

act() { # SECONDS FEED INTERPRETER; stdin is what exports the script's environment, "#go" and the script, whose own stdin is empty
  collect || return
  feed=$2 interpreter=$3
  exec 4<&0 3>&1
  if [ -n "${PCLOUD_ROOT:-}" ]; then cd "$PCLOUD_ROOT" || return; fi # as the provisioning script runs, not in the login's own home
  supervise "$1" | tail -c "$output_limit"
  release_parent
}

release_parent() {
  if parent_lives; then kill -15 "$PPID" 2>/dev/null; fi
}

finish() {
  trap '' TERM HUP INT PIPE
  if [ "$doing" = keep ]; then
    kill -USR1 "$!"
  else
    dismiss "$!"
  fi
  exit 0
}

main() { # ROLE ARGUMENT..., or nothing: read what is to be done
  exec 2>/dev/null # shells tell of every child that was ended
  if [ $# -gt 0 ]; then
    "$@"
    return
  fi
  collect || exit 1
  eval "$block"
  doing=act mask=
  if [ -n "$id" ] && settle; then doing=keep; fi
  trap finish TERM HUP INT PIPE
  printf '%s\n#go\n%s\n' "$given" "$script" | role "$doing" "$limit" "$feed" "$interpreter" "$place" "$id" "$lock" &
  while IFS= read -r word; do
    if [ "$word" = end ]; then kill -USR2 "$!"; fi
  done
  finish
}
