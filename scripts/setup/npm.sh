#!/usr/bin/env bash
# Installs the packages that package-lock.json pins, for all npm workspaces.
source "$(dirname "$0")/../lib.sh"

say "npm: installing the packages of package-lock.json"
npm ci --no-audit --no-fund --loglevel=error
