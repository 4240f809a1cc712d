# What the watcher and the actions share: groups of processes that can be ended for certain. POSIX sh: dash, bash, busybox.
# Fed over stdin, so no file is left and no argument shows it; other roles get this same text through their environment.
if [ -n "$BASH_VERSION" ]; then set -o posix; fi # else bash obeys no signal while it reads
shell=$0
program=${PCLOUD_PROGRAM-$p}
unset PCLOUD_PROGRAM p l n g
root=${PCLOUD_ROOT%/}
PATH=$PATH:/usr/local/sbin:/usr/sbin:/sbin # a login of an ordinary user lacks them
newline='
'
# A process group of its own is what makes a whole tree killable; setsid gives one, ps and awk find the tree where there is none.
own=
if command -v setsid >/dev/null 2>&1; then own=setsid; fi

descendants() { # PID: itself and everything below it, youngest first
  { ps -A -o pid= -o ppid= 2>/dev/null || sed 's/^\([0-9]*\) .*) . \([0-9]*\) .*/\1 \2/' /proc/[0-9]*/stat; } | awk -v top="$1" '
    { parent[$1] = $2; process[NR] = $1 }
    END {
      for (i = NR; i; i--) {
        for (up = process[i]; up != top && up in parent; up = parent[up]);
        if (up == top) print process[i]
      }
    }'
}

parent_lives() { # PPID never changes, and a pid is given again: what bears it now may be somebody else
  parent=$PPID
  if [ -r "/proc/$$/stat" ]; then read -r _ _ _ parent _ <"/proc/$$/stat"; fi
  [ "$parent" = "$PPID" ] && kill -0 "$PPID" 2>/dev/null
}

slay() { # PID: kill it with all that is below it, now
  if [ -n "$own" ]; then
    kill -9 "-$1" 2>/dev/null || kill -9 "$1" 2>/dev/null # the second: it has not come as far as setsid
  else
    slay_tree "$1"
  fi
}

slay_tree() { # PID: itself and its descendants, whatever groups they are in; who has left the family is not found
  # Who was stopped forks no more: when two looks find the same, nobody is missing. Children die before their parents: whoever is
  # killed himself in the middle of this leaves no orphan, whom nobody could find.
  seen=
  while found=$(descendants "$1"); [ "$found" != "$seen" ]; do
    # shellcheck disable=SC2086 # a list of numbers
    kill -STOP $found 2>/dev/null
    seen=$found
  done
  # shellcheck disable=SC2086
  kill -9 $found 2>/dev/null
}

# By USR1, which nobody but supervise traps: a signal that the parent traps gets lost in a child that is just being forked.
dismiss() { # PID of a role: let it end what it began, and itself
  if [ -n "$own" ]; then
    kill -USR1 "-$1" 2>/dev/null || kill -USR1 "$1" 2>/dev/null
  else
    slay "$1"
  fi
}

role() { # NAME ARGUMENT...: this program in another role, in a group of its own; to be called in the background
  PCLOUD_PROGRAM=$program
  export PCLOUD_PROGRAM
  # shellcheck disable=SC2086,SC2016 # own may be nothing; the text is expanded over there
  exec $own "$shell" -c 'eval "$PCLOUD_PROGRAM"' "$shell" "$@"
}

collect() { # the lines of stdin up to the mark go to $block; status 1 if stdin ends before it
  block=
  while IFS= read -r line; do
    if [ "$line" = '#go' ]; then return 0; fi
    block=$block$line$newline
  done
  return 1
}

abandon() { # what supervise has begun; $! is the last that it began, or still its parent's last
  last=$!
  if [ -n "$child" ]; then
    slay "$child"
    if [ "$last" != "$child" ]; then kill -15 "$last"; fi # the timer
  elif [ "$last" != "$before" ]; then
    slay "$last"
  fi
  exit 1
} 2>/dev/null

# Runs `launch` once, with its output on 1, and calls `ended STATUS`; STATUS is its exit status, or "timeout".
# The role defines both: launch becomes one process in a group of its own, ended writes to descriptor 3.
begun() { :; } # a role may want to know that $child runs
supervise() { # SECONDS
  before=$! child=''
  trap abandon USR1
  launch &
  child=$!
  begun
  {
    trap 'if [ "$!" != "$child" ]; then kill -9 "$!"; fi; exit 1' TERM # the sleep, if it has begun
    sleep "$1" &
    wait "$!"
    trap '' TERM # its verdict stands from here
    slay "$child"
  } >/dev/null 2>&1 3>&- &
  timer=$!
  wait "$child"
  status=$?
  kill -15 "$timer" 2>/dev/null
  if wait "$timer" && [ "$status" -gt 128 ]; then status=timeout; fi
  ended "$status"
}
