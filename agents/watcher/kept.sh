# An action that has an id is done once: it goes on and ends by itself when the connection breaks, and leaves its result for whoever asks for
# that id again. It holds a lock, so that two never run at once on one thing. All of it is in a directory of this boot, which nobody else reads:
#   done.ID   the result, as it goes out
#   lock.L.N  the lock L: the highest N counts. Its holder's pid, start time and id, then its script's; empty when it was given back.
# A lock is taken by making the next number, which only one can, and the highest is never removed: nobody takes for free what has been taken
# meanwhile. Its holder is known by pid and start time, so that a lock of the dead is none.

settle() { # the directory goes to $place; status 1 if there is none that we may trust and write to
  boot=/proc/sys/kernel/random/boot_id
  if [ -n "$root" ]; then boot=$root/run/boot_id; fi
  { IFS= read -r boot <"$boot"; } 2>/dev/null || return 1
  place=$root/run/pcloud/actions/$boot
  if ours "$place"; then return 0; fi
  for make in '' found; do # what is there is good, before anybody is asked for rights to make another
    for house in "$root/run/pcloud/actions" "$root/run/pcloud/actions-$(id -u)" "$root/tmp/pcloud-actions-$(id -u)"; do
      if [ -n "$make" ] && [ ! -e "$house" ]; then found "$house"; fi
      place=$house/$boot
      if ours "$house" && { ours "$place" || renew; }; then return 0; fi
    done
  done
  return 1
} 2>/dev/null

# shellcheck disable=SC3067 # dash, bash and busybox know -O
ours() { [ -d "$1" ] && [ ! -L "$1" ] && [ -O "$1" ] && [ -w "$1" ]; }

found() { # DIRECTORY: make it, for us alone; as root would, where we are not
  (umask 022 && mkdir -p "${1%/*}")
  mkdir -m 700 "$1" && return
  case $1 in
    /run/*) sudo -n mkdir -p "${1%/*}" && sudo -n mkdir -m 700 "$1" && sudo -n chown "$(id -u)" "$1" ;;
  esac
}

renew() { # another boot's results tell nothing of this one
  rm -rf "${house:?}"/*-*-*-*-*
  mkdir -m 700 "$place"
}

born_of() { # PID: its start time (proc(5), stat, field 22) goes to $born; status 1 if it does not live
  { IFS= read -r stat <"/proc/$1/stat"; } 2>/dev/null || return 1
  # shellcheck disable=SC2086 # fields
  set -- ${stat##*) }
  born=${20}
  case $1 in Z | X) return 1 ;; esac
}

lives() { born_of "$1" && [ "$born" = "$2" ]; } # PID START

newest() { # the lock's highest number goes to $last
  last=0
  for file in "$place/lock.$lock".*; do
    if [ "${file##*.}" -gt "$last" ] 2>/dev/null; then last=${file##*.}; fi
  done
}

is_held() { # FILE: whether its holder lives; its id goes to $holder. What the dead has left running is ended.
  pid=''
  { read -r pid since holder; read -r script_pid script_since; } 2>/dev/null <"$1"
  if [ -z "$pid" ]; then return 1; fi
  if lives "$pid" "$since"; then return 0; fi
  # No pid is given again while it names a group: where nobody else has it, that group is still the dead one's.
  if [ -n "$own" ] && { [ "$born" = "$since" ] || [ ! -e "/proc/$pid" ]; }; then kill -9 "-$pid" 2>/dev/null; fi
  if [ -n "$script_pid" ] && lives "$script_pid" "$script_since"; then slay "$script_pid"; fi
  return 1
}

seize() { # status 1: somebody else has the lock; 2: nothing can be written
  newest
  if [ "$last" -gt 0 ] && is_held "$place/lock.$lock.$last"; then return 1; fi
  mine=$place/lock.$lock.$((last + 1))
  if ! ln "$claim" "$mine" 2>/dev/null; then
    if [ -e "$mine" ]; then return 1; fi
    return 2
  fi
  older=$last
  newest
  if [ "$mine" = "$place/lock.$lock.$last" ]; then return 0; fi
  rm -f "$mine" # whoever has the higher one was quicker, and has cleared away what we had looked at
  return 1
}

take() { # the lock, within the action's time, of which the rest goes to $limit; status as of seize
  waits_since=
  while :; do
    seize
    took=$?
    if [ "$took" -ne 1 ]; then return "$took"; fi
    if [ -e "$record" ]; then return 0; fi # it was ours that held it
    now=$(date +%s)
    waits_since=${waits_since:-$now}
    if [ $((now - waits_since)) -ge "${limit%.*}" ]; then return 1; fi
    sleep 0.2 2>/dev/null || sleep 1
  done
}

tell_again() { # what became of it, if that is known; then this is over
  if [ ! -e "$record" ]; then return; fi
  cat "$record" >&3
  leave
}

leave() {
  rm -f "$claim"
  release_parent
  exit 0
}

keep() { # SECONDS FEED INTERPRETER PLACE ID LOCK; stdin as that of act
  collect || return
  limit=$1 feed=$2 interpreter=$3 place=$4 id=$5 lock=$6
  record=$place/done.$id claim=$place/claim.$$ pipe=$place/pipe.$$ output=$place/output.$$ mine='' older=0 given_up='' child_since=''
  exec 4<&0 3>&1
  trap 'rm -f "$claim"; exit 0' USR1 USR2 # nobody waits for it, and it has not begun
  mask=$(umask)
  umask 077
  tell_again
  born_of "$$"
  printf '%s %s %s\n' "$$" "$born" "$id" >"$claim"
  take
  took=$?
  tell_again
  if [ "$took" -eq 1 ]; then
    printf '\npcloud-status busy\n%s\n' "$holder" >&3
    leave
  fi
  if [ -n "$waits_since" ]; then limit=$((${limit%.*} - $(date +%s) + waits_since)); fi
  if [ "$took" -ne 0 ]; then mine=/dev/null; fi
  run_once
}

run_once() { # the lock is ours
  if [ -n "${PCLOUD_ROOT:-}" ]; then cd "$PCLOUD_ROOT" || return; fi
  if mkfifo "$pipe" && exec 5<>"$pipe"; then
    tail -c "$output_limit" <"$pipe" >"$output" 3>&- 4<&- 5>&- &
    collector=$!
  else
    exec 5>/dev/null
    collector=
  fi
  rm -f "$claim" "$pipe" "$place/lock.$lock.$older"
  before=$! child=''
  trap abandon USR2
  supervise "$limit" >&5 5>&-
  exec 5>&-
  conclude
}

begun() { # from here on it is done, whoever waits for it
  trap '' USR1
  trap give_up USR2
  if born_of "$child"; then printf '%s %s\n' "$child" "$born" >>"$mine"; fi
  child_since=$born
}

give_up() {
  given_up=yes
  slay "$child"
}

ended() { # STATUS; it goes out at once, and the output when it is whole
  trap '' PIPE USR2
  if [ -n "$given_up" ]; then set -- ended; fi
  printf '\npcloud-status %s\n' "$1" >&3
  printf '\npcloud-status %s\n' "$1" >"$record.new"
}

conclude() { # keep the result and let go
  if [ -n "$collector" ]; then
    { # what the script has left running may hold its output open for ever
      trap 'if [ "$!" != "$timer" ]; then kill -9 "$!"; fi; exit 1' TERM
      sleep 1 &
      wait "$!"
      kill -9 "$collector"
    } >/dev/null 2>&1 3>&- &
    wait "$collector"
    kill -15 "$!"
    if [ -s "$output" ]; then
      cat "$output" >&3
      cat "$output" >>"$record.new"
    fi
  fi
  mv -f "$record.new" "$record"
  : >"$mine"
  exec >/dev/null 3>&-
  release_parent
  rm -f "$output"
  find "$place" -type f ! -name 'lock.*' -mtime +0 -exec rm -f {} + # a day: nobody who was away for longer asks what became of it
}

# The time of an action is that of all that it has begun, whatever sessions that is in by now.
slay() { # PID
  if [ -n "$child_since" ] && ! lives "$child" "$child_since"; then return; fi # the timer may have outlived us
  slay_tree "$1"
  if [ -n "$own" ]; then kill -9 "-$1" 2>/dev/null; fi
}
