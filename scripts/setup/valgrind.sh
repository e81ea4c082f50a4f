#!/usr/bin/env bash
# Installs valgrind, which counts instructions, unless it is there. Where it cannot be had (it runs on few systems but Linux), `make test`
# says that it counts none.
source "$(dirname "$0")/../lib.sh"

if has valgrind; then exit; fi
(apt_install "counting instructions" valgrind) || say "no valgrind: \`make test\` will not count instructions"
