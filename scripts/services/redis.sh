# shellcheck shell=sh
# A Redis on a port of the loopback, for as long as stdin is open: whoever started it may end in any way.
#
# usage: sh redis.sh PORT
#
# Prints `up` when it answers. Each line of stdin is a command, answered by `done` when it is carried out: `crash` ends it without
# a chance to tidy up, `start` starts it again, empty.
set -eu
port=$1

start() {
  redis-server --port "$port" --bind 127.0.0.1 --save '' --appendonly no --loglevel warning </dev/null >/dev/null 2>&1 &
  server=$!
  until redis-cli -p "$port" ping 2>/dev/null | grep -q PONG; do
    kill -0 "$server" 2>/dev/null || return 1
    sleep 0.05
  done
}

crash() {
  # The shell says that it was killed.
  kill -KILL "$server" || true
  wait "$server" || true
}

trap 'crash 2>/dev/null' EXIT
# A Ctrl-C is for the tests, whose end is seen at stdin.
trap '' INT TERM HUP
start
echo up

while read -r command; do
  case $command in
    crash) crash 2>/dev/null ;;
    start) start ;;
  esac
  echo 'done'
done
