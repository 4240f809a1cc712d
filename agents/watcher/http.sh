# Does a GET of $url answer with the status $wanted, and does its body hold $contains? By curl, else bash, wget or nc. 97: none is here.
body_limit=1048576 # a page; what is looked for stands in its first megabyte
rest=${url#*://}
place=${rest%%/*}
case $rest in */*) path=/${rest#*/} ;; *) path=/ ;; esac
host=${place#*@}
case $host in *:*) port=${host##*:} host=${host%:*} ;; *) port=80 ;; esac
export host port
carriage_return=$(printf '\r')
request() { printf 'GET %s HTTP/1.0\r\nHost: %s\r\nUser-Agent: pcloud\r\nConnection: close\r\n\r\n' "$path" "$place"; }

plain() { case $url in http://*) return 0 ;; *) return 1 ;; esac }

fetch() { # the headers and the body
  if command -v curl >/dev/null 2>&1; then
    quoted=$(printf '%s' "$url" | sed 's/[\\"]/\\&/g')
    {
      printf 'url = "%s"\n' "$quoted"
      if [ -n "$pin" ]; then printf 'insecure\npinnedpubkey = "sha256//%s"\n' "$pin"; fi # whoever signed it
    } | curl -sS -i -m "$limit" --noproxy '*' -A pcloud -K - 2>&1
  elif plain && command -v bash >/dev/null 2>&1; then
    wire=$(request) # without its last end of line, which $( ) takes
    export wire
    bash -c 'exec 3<>"/dev/tcp/$host/$port" && printf "%s\n" "$wire" >&3 && cat <&3' 2>&1
  elif [ -z "$pin" ] && command -v wget >/dev/null 2>&1; then
    wget -S -q -O - -Y off "$url" 2>&1 | sed 's/^  *HTTP\//HTTP\//'
  elif plain && command -v nc >/dev/null 2>&1; then
    request | nc "$host" "$port" 2>&1
  else
    echo none
  fi | head -c "$body_limit" | tr -d '\000'
}

answer=$(fetch)
if [ "$answer" = none ]; then
  if plain; then tools='curl, bash, wget or nc'; elif [ -n "$pin" ]; then tools=curl; else tools='curl or wget'; fi
  echo "cannot look at $url: install $tools in the machine"
  exit 97
fi
first=${answer%%"
"*}
first=${first%"$carriage_return"}
case $first in
  HTTP/*) status=${first#* } status=${status%% *} ;;
  *) echo "no answer: ${first##*: }"; exit 1 ;;
esac
if [ "$status" != "$wanted" ]; then
  echo "status $status instead of $wanted"
  exit 1
fi
blank="$carriage_return
$carriage_return
"
body=${answer#*"$blank"} # what came by wget has no such line, and is taken whole
case $body in
  *"$contains"*) ;;
  *) echo "the answer lacks: $contains"; exit 1 ;;
esac
