#!/usr/bin/env bash
# Installs Chromium for the browser tests, unless there is one; FLAGSTAFF_CHROMIUM names one that is not on the PATH.
source "$(dirname "$0")/../lib.sh"

if [ -z "${FLAGSTAFF_CHROMIUM:-}" ] && ! has chromium && ! has chromium-browser && ! has google-chrome; then
  apt_install "the browser tests" chromium
fi
