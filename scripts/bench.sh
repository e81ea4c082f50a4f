#!/usr/bin/env bash
# Builds what is measured, optimised, and measures it; arguments go to bench/harness/run.py.
source "$(dirname "$0")/lib.sh"

scripts/build.sh wasm addon js wheel
# The wheel that users get, beside the peers.
bench/python/.venv/bin/python -m pip install --quiet --disable-pip-version-check --no-index --no-deps --force-reinstall \
  "$TARGET_DIR"/release/wheels/*.whl
say "Rust: the worker, with the peers"
cargo build --quiet "${LOCKED[@]}" --release --manifest-path bench/rust/Cargo.toml --target-dir "$TARGET_DIR/bench"
python3 bench/harness/run.py --rust-worker "$TARGET_DIR/bench/release/flagstaff-bench" "$@"
