#!/usr/bin/env bash
# Installs Redis for the server's tests, unless it is installed; the tests start their own instance and do not use the machine's.
source "$(dirname "$0")/../lib.sh"

if ! has redis-server || ! has redis-cli; then
  apt_install "the server's tests" redis-server redis-tools
fi
