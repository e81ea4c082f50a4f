#!/usr/bin/env bash
# Installs Redis for the server's tests, unless it is there; they start one of their own and leave the machine's alone.
source "$(dirname "$0")/../lib.sh"

if ! has redis-server || ! has redis-cli; then
  apt_install "the server's tests" redis-server redis-tools
fi
