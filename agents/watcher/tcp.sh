# Does $port accept a connection on the assembly's own address? By bash, else curl, else nc. 97: none of them is here.
address=${PCLOUD_ADDRESS:-127.0.0.1}
export address port
refuse() { echo "port $port: no connection${1:+: $1}"; exit 1; }
if command -v bash >/dev/null 2>&1; then
  said=$(bash -c 'exec 3<>"/dev/tcp/$address/$port"' 2>&1) || refuse "${said##*: }"
elif command -v curl >/dev/null 2>&1; then
  # curl's own exit status tells of the protocol; the time of the connect tells of the connection.
  took=$(printf 'url = "telnet://%s:%s"\n' "$address" "$port" | curl -sS -m 2 --noproxy '*' -o /dev/null -w '%{time_connect}' -K - 2>/dev/null)
  case $took in *[1-9]*) ;; *) refuse ;; esac
elif command -v nc >/dev/null 2>&1; then
  case $(nc -h 2>&1) in
    *-z*) said=$(nc -z -w 2 "$address" "$port" </dev/null 2>&1) || refuse "$said" ;;
    *) case $(nc -w 1 "$address" "$port" </dev/null 2>&1) in *refused* | *unreachable*) refuse ;; esac ;;
  esac
else
  echo "cannot look at port $port: install bash, curl or nc in the machine"
  exit 97
fi
