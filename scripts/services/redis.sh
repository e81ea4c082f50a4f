# shellcheck shell=sh
# Runs Redis on a port of the loopback until stdin is closed, so that it ends with the program that started it.
#
# usage: sh redis.sh PORT
#
# Prints `up` when Redis accepts connections. Each line of stdin is a command; the script prints `done` after it. `crash` kills Redis
# without a shutdown, `start` starts it again, without data.
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
  # The shell reports the killed process.
  kill -KILL "$server" || true
  wait "$server" || true
}

trap 'crash 2>/dev/null' EXIT
# A Ctrl-C ends the tests, which closes stdin.
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
