#!/usr/bin/env bash
# Installs Chromium for the browser tests, unless it is installed; FLAGSTAFF_CHROMIUM is the path of one that is not on the PATH.
source "$(dirname "$0")/../lib.sh"

find_browser() {
  local name
  for name in ${FLAGSTAFF_CHROMIUM:+"$FLAGSTAFF_CHROMIUM"} chromium chromium-browser google-chrome; do
    if has "$name" && "$name" --version >/dev/null 2>&1; then return; fi
  done
  return 1
}

if ! find_browser; then
  apt_install "the browser tests" chromium
  find_browser || die "Chromium is installed but does not start" \
    "Ubuntu's package is a snap, which containers cannot run: install Google Chrome, or set FLAGSTAFF_CHROMIUM"
fi
