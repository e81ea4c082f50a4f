#!/usr/bin/env bash
# Pins the Python tools of requirements-dev.in, with hashes for every platform, in requirements-dev.txt.
source "$(dirname "$0")/lib.sh"

resolver=$(mktemp -d)
trap 'rm -rf "$resolver"' EXIT
python3 -m venv "$resolver"
"$resolver/bin/pip" install --quiet --disable-pip-version-check uv
"$resolver/bin/uv" pip compile --quiet --upgrade --universal --generate-hashes --python-version 3.10 \
  --no-emit-index-url --no-header --output-file requirements-dev.txt requirements-dev.in
