#!/usr/bin/env bash
# Creates bench/python/.venv with the peers of bench/python/requirements.txt, each pinned by hash.
source "$(dirname "$0")/../lib.sh"

say "Python: installing the peers of bench/python/requirements.txt"
[ -x bench/python/.venv/bin/python ] || python3 -m venv bench/python/.venv
bench/python/.venv/bin/python -m pip install --quiet --disable-pip-version-check --only-binary :all: --require-hashes \
  -r bench/python/requirements.txt
