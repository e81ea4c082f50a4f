#!/usr/bin/env bash
# Changes the core in many small ways and counts the changes that no test notices; fails where they are 3 % or more.
#
# usage: scripts/mutants.sh [OPTION OF CARGO MUTANTS…]     for instance -F core/src/operator.rs
#
# .cargo/mutants.toml says what is changed. The conformance cases judge first, being quick to build and the right place to pin behaviour;
# what they let pass is then tried against the core's own tests. Mutants that do not compile count for nothing.
source "$(dirname "$0")/lib.sh"

MAX_PERCENT=3

cargo_tool cargo-mutants 27.1.0

# Not the workspace's target directory, whose lock would keep everybody else waiting; and no debug information, which takes longest.
export CARGO_TARGET_DIR=$TARGET_DIR/mutants CARGO_PROFILE_DEV_DEBUG=0
OUT=$TARGET_DIR/mutants
mkdir -p "$OUT"
rm -rf "$OUT/mutants.out" "$OUT/mutants.out.old"

# Exits with 2 or 3 where mutants were missed or ran out of time, which is for the count below to judge.
mutate() {
  local code=0
  "$TOOLS/bin/cargo-mutants" mutants --output "$OUT" --colors never --minimum-test-timeout 30 "$@" || code=$?
  case $code in 0 | 2 | 3) ;; *) die "cargo-mutants gave up: see $OUT/mutants.out" ;; esac
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
  say "the $survivors that the cases let pass against the tests of the core"
  mutate "$@" --iterate --cargo-arg=--lib --cargo-arg=--tests
  survivors=$(count "$OUT/mutants.out" missed)
fi

[ "$viable" -gt 0 ] || die "no mutant compiles: is the list of files in .cargo/mutants.toml right?"
say "$viable viable mutants: $by_cases noticed by the cases, $((viable - by_cases - survivors)) by other tests, $survivors by none"
if [ "$survivors" -gt 0 ]; then cat "$OUT/mutants.out/missed.txt"; fi
if [ $((survivors * 100)) -ge $((viable * MAX_PERCENT)) ]; then
  die "$MAX_PERCENT % or more of the viable mutants survive"
fi
