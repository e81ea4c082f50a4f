# shellcheck shell=sh
# Runs PostgreSQL in a temporary folder until stdin is closed, so that it ends with the program that started it.
#
# usage: sh postgres.sh PORT     (user flagstaff, password secret)
#
# Prints `up` when PostgreSQL accepts connections. Each line of stdin is a command; the script prints `done` after it. `crash` kills
# PostgreSQL without a shutdown, `start` starts it again, `freeze` and `thaw` stop and continue its processes.
set -eu
port=$1

if [ "$(id -u)" -eq 0 ]; then
  # PostgreSQL refuses to run as root. Debian's package creates this user, who may have no access to the folder of this file.
  text=$(cat "$0")
  cd /
  exec runuser -u postgres -- sh -c "$text" postgres.sh "$port"
fi

# Debian installs the programs in a folder for each version, which is not on the PATH.
bin=$(printf '%s\n' /usr/lib/postgresql/*/bin | sort -V | tail -n 1)
[ -x "$bin/initdb" ] || { initdb=$(command -v initdb) && bin=$(dirname "$initdb"); } || {
  echo 'PostgreSQL is not installed: make setup' >&2
  exit 1
}

folder=$(mktemp -d "${TMPDIR:-/tmp}/flagstaff-postgres.XXXXXX")
data=$folder/data
tidy_up() {
  thaw
  "$bin/pg_ctl" stop -s -D "$data" -m immediate 2>/dev/null || true
  rm -rf "$folder"
}

# Tests only kill the process, and written data survives that without fsync.
start() {
  "$bin/pg_ctl" start -s -w -t 60 -D "$data" -l "$folder/log" -o "-c listen_addresses=127.0.0.1 -c port=$port \
    -c unix_socket_directories='' -c fsync=off -c full_page_writes=off -c max_connections=300" </dev/null >/dev/null 2>&1
}

processes() {
  if read -r postmaster <"$data/postmaster.pid"; then
    echo "$postmaster" "$(cat "/proc/$postmaster/task/$postmaster/children")"
  fi 2>/dev/null
}

freeze() {
  # shellcheck disable=SC2046 # one word for each process
  kill -STOP $(processes)
}

thaw() {
  # shellcheck disable=SC2046 # one word for each process
  kill -CONT $(processes) 2>/dev/null || true
}

printf secret >"$folder/password"
"$bin/initdb" -D "$data" -U flagstaff --pwfile="$folder/password" --auth=scram-sha-256 --encoding=UTF8 --locale=C --no-sync \
  >"$folder/log" 2>&1 || { cat "$folder/log" >&2 && exit 1; }
trap tidy_up EXIT
# A Ctrl-C ends the tests, which closes stdin.
trap '' INT TERM HUP
start || { cat "$folder/log" >&2 && exit 1; }
echo up

while read -r command; do
  case $command in
    crash) "$bin/pg_ctl" stop -s -w -D "$data" -m immediate ;;
    start) start ;;
    freeze) freeze ;;
    thaw) thaw ;;
  esac
  echo 'done'
done
