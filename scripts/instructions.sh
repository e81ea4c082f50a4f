#!/usr/bin/env bash
# Counts the instructions of the benchmark's workloads in Rust and compares them with bench/instructions/figures.txt.
#
# usage: scripts/instructions.sh [--record]     --record updates the file
source "$(dirname "$0")/lib.sh"

if ! has valgrind; then
  echo "skipped: valgrind is not installed, so no instructions were counted"
  exit
fi
# The recorded figures are of optimised code.
cargo build --quiet "${LOCKED[@]}" --release -p flagstaff-instructions
python3 bench/harness/instructions.py "$TARGET_DIR/release/flagstaff-instructions" "$@"
