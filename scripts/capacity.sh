#!/usr/bin/env bash
# Measures the cost of a server and simulates an installation; arguments go to bench/capacity/measuring.py.
# --record also writes the figures to docs/capacity.md.
source "$(dirname "$0")/lib.sh"

results=bench/results/capacity.json
record=
arguments=()
for argument in "$@"; do
  if [ "$argument" = --record ]; then record=1; else arguments+=("$argument"); fi
done

[ -z "$record" ] || [[ " ${arguments[*]} " != *" --quick "* ]] || die "--record needs a full measurement: leave out --quick"

scripts/build.sh wasm addon js server wheel
say "load generator and its tests"
load=(--quiet "${LOCKED[@]}" --release --manifest-path bench/capacity/load/Cargo.toml --target-dir "$TARGET_DIR/bench")
cargo test "${load[@]}"
cargo build "${load[@]}"
python3 bench/capacity/measuring.py --server "$TARGET_DIR/release/flagstaff" --load "$TARGET_DIR/bench/release/flagstaff-load" \
  --python .venv/bin/python --output "$results" "${arguments[@]}"
if [ -n "$record" ]; then
  cp "$results" bench/capacity/measured.json
  python3 bench/capacity/simulate.py --write
fi
python3 bench/capacity/simulate.py --measured "$results" --only latency getters node measured summary
