#!/usr/bin/env bash
# Installs valgrind, which counts instructions, unless it is installed. It is available for few systems besides Linux; without it,
# `make test` reports that it counts no instructions.
source "$(dirname "$0")/../lib.sh"

if has valgrind; then exit; fi
(apt_install "counting instructions" valgrind) || say "valgrind is not available: \`make test\` will not count instructions"
