#!/usr/bin/env bash
# Opens 10,000 streams of one server and measures how long a change takes to reach them; arguments go to bench/capacity/holding.py.
source "$(dirname "$0")/lib.sh"

scripts/build.sh server
say "load generator"
cargo build --quiet "${LOCKED[@]}" --release --manifest-path bench/capacity/load/Cargo.toml --target-dir "$TARGET_DIR/bench"
python3 bench/capacity/holding.py --server "$TARGET_DIR/release/flagstaff" --load "$TARGET_DIR/bench/release/flagstaff-load" "$@"
