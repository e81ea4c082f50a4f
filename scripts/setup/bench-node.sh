#!/usr/bin/env bash
# Installs the peers that bench/node/package-lock.json pins.
source "$(dirname "$0")/../lib.sh"

say "npm: installing the peers of bench/node"
npm ci --prefix bench/node --no-audit --no-fund --loglevel=error
