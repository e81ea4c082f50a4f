#!/usr/bin/env bash
# Builds the SDKs, optimised, and runs the benchmark; arguments go to bench/harness/run.py.
source "$(dirname "$0")/lib.sh"

scripts/build.sh wasm addon js wheel
# The wheel that users install, in the environment of the peers.
bench/python/.venv/bin/python -m pip install --quiet --disable-pip-version-check --no-index --no-deps --force-reinstall \
  "$TARGET_DIR"/release/wheels/*.whl
say "benchmark worker for Rust, with the peers"
cargo build --quiet "${LOCKED[@]}" --release --manifest-path bench/rust/Cargo.toml --target-dir "$TARGET_DIR/bench"
python3 bench/harness/run.py --rust-worker "$TARGET_DIR/bench/release/flagstaff-bench" "$@"
node bench/node/sizes.mjs
node bench/node/reads.mjs
