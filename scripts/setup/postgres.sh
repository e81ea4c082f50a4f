#!/usr/bin/env bash
# Installs PostgreSQL for the server's tests, unless it is installed; the tests start their own instance and do not use the machine's.
source "$(dirname "$0")/../lib.sh"

find_postgres() {
  local folder
  for folder in /usr/lib/postgresql/*/bin; do
    if [ -x "$folder/initdb" ]; then return; fi
  done
  has initdb && has pg_ctl
}

find_postgres || apt_install "the server's tests" postgresql
find_postgres || die "PostgreSQL is installed, but initdb and pg_ctl are neither in /usr/lib/postgresql nor on the PATH"
if [ "$(id -u)" -eq 0 ] && ! id postgres >/dev/null 2>&1; then
  die "PostgreSQL does not run as root, and the user \`postgres\` does not exist; create it:" "useradd --system postgres"
fi
