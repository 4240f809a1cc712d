# The user's own command; follows user.sh. `exit` in it ends only itself.
run() {
  # shellcheck disable=SC2086,SC2016 # as is words; the text is expanded over there
  $as sh -c 'cd "$1" || exit 126; eval "$2"' sh "$directory" "$command"
}

plain() {
  run
  exit $?
}

logged() {
  if ! provide "$logs" || ! : >>"$log"; then log=/dev/null; fi
  run >>"$log" 2>&1
  status=$?
  last_words
  exit "$status"
}
