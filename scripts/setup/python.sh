#!/usr/bin/env bash
# Creates .venv with the test and lint tools of requirements-dev.txt, each pinned by hash.
source "$(dirname "$0")/../lib.sh"

say "Python: installing the tools of requirements-dev.txt into .venv"
[ -x .venv/bin/python ] || python3 -m venv .venv
.venv/bin/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements-dev.txt
