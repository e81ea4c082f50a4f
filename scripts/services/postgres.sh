# shellcheck shell=sh
# A PostgreSQL in a temporary folder, for as long as stdin is open: whoever started it may end in any way.
#
# usage: sh postgres.sh PORT     (user flagstaff, password secret)
#
# Prints `up` when it answers. Each line of stdin is a command, answered by `done` when it is carried out: `crash` ends it without
# a chance to tidy up, `start` starts it again, `freeze` and `thaw` stop and continue its processes.
set -eu
port=$1

if [ "$(id -u)" -eq 0 ]; then
  # PostgreSQL refuses to run as root; Debian's package has made this user, who may not be let into the folder of this file.
  text=$(cat "$0")
  cd /
  exec runuser -u postgres -- sh -c "$text" postgres.sh "$port"
fi

# Debian has its programs in a folder for each version, off the PATH.
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

# What is written survives a killed process without fsync, and that is all that a test does to it.
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
# A Ctrl-C is for the tests, whose end is seen at stdin.
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
