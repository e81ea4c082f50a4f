#!/usr/bin/env bash
# Fuzzes the core with libFuzzer. The targets are plain functions in core/fuzz/src; `cargo test` replays their corpora.
#
# usage: scripts/fuzz-core.sh [SECONDS [TARGET…]]     TARGET: load, evaluate, replica; all of them unless named; 60 seconds each
#        scripts/fuzz-core.sh --minimise              selects a new core/fuzz/corpus from the inputs found so far
#
# It uses the stable compiler and no sanitizers: the core forbids unsafe code, so it searches for panics and failed assertions only.
# The inputs that it finds stay in the target directory. A failure names its input: add that to core/fuzz/corpus/TARGET.
source "$(dirname "$0")/lib.sh"

TARGETS=(load evaluate replica)

cargo_tool cargo-fuzz 0.13.2

export CARGO_TARGET_DIR=$TARGET_DIR/fuzz
FOUND=$CARGO_TARGET_DIR/found
BINARIES=$CARGO_TARGET_DIR/$(rustc -vV | sed -n 's/^host: //p')/release

build() {
  say "building the fuzz targets"
  (cd core && CARGO_TERM_QUIET=true "$TOOLS/bin/cargo-fuzz" build --sanitizer none)
  rm -rf "$FOUND/seeds"
  python3 core/fuzz/seeds.py "$FOUND/seeds"
}

# Runs target $1 for $2 seconds, starting from the cases, the corpus and the inputs of earlier runs
fuzz() {
  mkdir -p "$FOUND/$1" "$FOUND/failures"
  say "$1: $2 seconds"
  "$BINARIES/$1" -max_total_time="$2" -max_len=3000 -timeout=10 -print_final_stats=1 -artifact_prefix="$FOUND/failures/$1-" \
    "$FOUND/$1" "core/fuzz/corpus/$1" "$FOUND/seeds/$1" 2>"$FOUND/$1.log" \
    || die "$1 found something:" "$(grep -aE 'panicked|^  (left|right):|assertion|Test unit|ERROR' "$FOUND/$1.log")"
  grep -aE '^stat::number_of_executed_units|^Done' "$FOUND/$1.log"
}

minimise() {
  local merged
  merged=$(mktemp -d)
  mkdir "$merged/all"
  "$BINARIES/$1" -merge=1 -set_cover_merge=1 -merge_control_file="$merged/control" "$merged/all" \
    "$FOUND/$1" "core/fuzz/corpus/$1" "$FOUND/seeds/$1" 2>"$FOUND/$1.log" || die "$1 cannot be merged: see $FOUND/$1.log"
  python3 core/fuzz/minimise.py "$merged/control" "core/fuzz/corpus/$1"
  rm -rf "$merged"
}

build
if [ "${1:-}" = --minimise ]; then
  for target in "${TARGETS[@]}"; do minimise "$target"; done
else
  seconds=${1:-60}
  shift || true
  if [ $# -gt 0 ]; then TARGETS=("$@"); fi
  for target in "${TARGETS[@]}"; do fuzz "$target" "$seconds"; done
fi
