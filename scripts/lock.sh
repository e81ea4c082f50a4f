#!/usr/bin/env bash
# Updates the pinned versions of the Python tools (requirements-*.in) and of the peers in bench/python, with hashes for every platform.
source "$(dirname "$0")/lib.sh"

resolver=$(mktemp -d)
trap 'rm -rf "$resolver"' EXIT
python3 -m venv "$resolver"
"$resolver/bin/pip" install --quiet --disable-pip-version-check uv
for requirements in requirements-dev requirements-dist requirements-dist-test requirements-musl-node bench/python/requirements; do
  "$resolver/bin/uv" pip compile --quiet --upgrade --universal --generate-hashes --python-version 3.10 \
    --no-emit-index-url --no-header --output-file "$requirements.txt" "$requirements.in"
done
