#!/usr/bin/env bash
# Creates .tools/dist-python with the tools of requirements-dist.txt, each pinned by hash, and installs the target of rustup for musl.
source "$(dirname "$0")/../lib.sh"

say "Python: installing the tools of requirements-dist.txt into .tools/dist-python"
[ -x "$TOOLS/dist-python/bin/python" ] || python3 -m venv "$TOOLS/dist-python"
"$TOOLS/dist-python/bin/python" -m pip install --quiet --disable-pip-version-check --only-binary :all: --require-hashes -r requirements-dist.txt

if has rustup; then
  rustup target add x86_64-unknown-linux-musl || say "rustup has no target for musl: \`make dist-python\` will make no wheel for it"
fi
