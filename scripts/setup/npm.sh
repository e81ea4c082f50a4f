#!/usr/bin/env bash
# Installs what package-lock.json pins, for all npm workspaces.
source "$(dirname "$0")/../lib.sh"

say "npm: installing what package-lock.json pins"
npm ci --no-audit --no-fund --loglevel=error
