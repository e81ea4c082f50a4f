#!/usr/bin/env bash
# Runs mutation tests of the core: fails if 3 % or more of the mutants go undetected.
#
# usage: scripts/mutants.sh [OPTION OF CARGO MUTANTS…]     for instance -F core/src/operator.rs
#
# .cargo/mutants.toml lists the mutated files. The conformance cases run first, since they are quick to build and the right place for tests
# of behaviour; then the core's own tests run on the remaining mutants. Mutants that do not compile are not counted.
source "$(dirname "$0")/lib.sh"

MAX_PERCENT=3

cargo_tool cargo-mutants 27.1.0

# A separate target directory, so that other builds need not wait for its lock; without debug information, which is slow to build.
export CARGO_TARGET_DIR=$TARGET_DIR/mutants CARGO_PROFILE_DEV_DEBUG=0
OUT=$TARGET_DIR/mutants
mkdir -p "$OUT"
rm -rf "$OUT/mutants.out" "$OUT/mutants.out.old"

# The exit codes 2 and 3 mean missed mutants and timeouts, which are counted below.
mutate() {
  local code=0
  "$TOOLS/bin/cargo-mutants" mutants --output "$OUT" --colors never --minimum-test-timeout 30 "$@" || code=$?
  case $code in 0 | 2 | 3) ;; *) die "cargo-mutants failed: see $OUT/mutants.out" ;; esac
}

# Number of mutants of outcome $2 (missed, caught, timeout, unviable, total_mutants) in run $1
count() {
  python3 -c 'import json, sys; print(json.load(open(sys.argv[1] + "/outcomes.json"))[sys.argv[2]])' "$1" "$2"
}

say "mutants against the conformance cases"
mutate "$@" --cargo-arg=--package=flagstaff-conformance --cargo-arg=--test=core
viable=$(($(count "$OUT/mutants.out" total_mutants) - $(count "$OUT/mutants.out" unviable)))
survivors=$(count "$OUT/mutants.out" missed)
by_cases=$((viable - survivors))
if [ "$survivors" -gt 0 ]; then
  say "the $survivors mutants that the cases did not detect, against the tests of the core"
  mutate "$@" --iterate --cargo-arg=--lib --cargo-arg=--tests
  survivors=$(count "$OUT/mutants.out" missed)
fi

[ "$viable" -gt 0 ] || die "no mutant compiles: check the files in .cargo/mutants.toml"
say "$viable viable mutants: $by_cases detected by the cases, $((viable - by_cases - survivors)) by other tests, $survivors by none"
if [ "$survivors" -gt 0 ]; then cat "$OUT/mutants.out/missed.txt"; fi
if [ $((survivors * 100)) -ge $((viable * MAX_PERCENT)) ]; then
  die "$MAX_PERCENT % or more of the viable mutants go undetected"
fi
