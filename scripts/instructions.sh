#!/usr/bin/env bash
# Counts the instructions of the benchmark's workloads in Rust and holds them against bench/instructions/figures.txt.
#
# usage: scripts/instructions.sh [--record]     --record writes the figures anew
source "$(dirname "$0")/lib.sh"

if ! has valgrind; then
  echo "skipped: there is no valgrind here, and so no instruction was counted"
  exit
fi
# As users build it: the recorded figures are of optimised code.
cargo build --quiet "${LOCKED[@]}" --release -p flagstaff-instructions
python3 bench/harness/instructions.py "$TARGET_DIR/release/flagstaff-instructions" "$@"
