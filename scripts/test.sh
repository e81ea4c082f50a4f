#!/usr/bin/env bash
# Builds everything and runs every test of every language, to the end even when one fails; closes with a line for each.
#
# usage: scripts/test.sh [SUITE…]     SUITE: rust, instructions, conformance, python, node, web, e2e; all of them unless named
#
# Everything native is built with cargo's dev profile: the tests ask for right answers, and it halves a cold run. But for what counts
# instructions, which is optimised.
source "$(dirname "$0")/lib.sh"

suites=" ${*:-rust instructions conformance python node web e2e} "
# The server that this run builds, not one that lies about from another.
export FLAGSTAFF_SERVER=$TARGET_DIR/debug/flagstaff
logs=$(mktemp -d)
trap 'rm -rf "$logs"' EXIT
broken=' '
summary=()
status=0

wanted() {
  [[ $suites == *" $1 "* ]]
}

# The readers of a runner's closing lines print: passed failed skipped
count_cargo() {
  awk '/^test result:/ { p += $4; f += $6; s += $8 } END { print p + 0, f + 0, s + 0 }' "$1"
}

count_lines() {
  awk '{ n[$1]++ } END { print n["ok"] + 0, n["FAILED"] + 0, n["skipped"] + n["skipped:"] + 0 }' "$1"
}

count_pytest() {
  awk '/ in [0-9.]+s/ { for (i = 2; i <= NF; i++) { word = $i; gsub(/[^a-z]/, "", word); if ($(i - 1) ~ /^[0-9]+$/) n[word] = $(i - 1) } }
    END { print n["passed"] + 0, n["failed"] + n["error"] + n["errors"] + 0, n["skipped"] + 0 }' "$1"
}

count_node() {
  awk '$1 == "ℹ" { n[$2] += $3 } END { print n["pass"] + 0, n["fail"] + n["cancelled"] + 0, n["skipped"] + n["todo"] + 0 }' "$1"
}

# Builds a part; what needs it later is counted as failed instead of run against an old build.
build() {
  local started=$SECONDS
  if "${@:2}"; then
    say "built $1 ($((SECONDS - started)) s)"
  else
    say "BUILD FAILED: $1"
    broken+="$1 "
    status=1
  fi
}

# suite NAME COUNTER "PARTS IT NEEDS" COMMAND…
suite() {
  local name=$1 counter=$2 parts=$3 log=$logs/$1 started=$SECONDS code=0 part passed failed skipped
  shift 3
  wanted "$name" || return 0
  for part in $parts; do
    if [[ $broken == *" $part "* ]]; then
      summary+=("$name: 0 passed, 1 failed")
      say "$name: not run, since $part did not build"
      return 0
    fi
  done
  say "$name: $*"
  "$@" 2>&1 | tee "$log" || code=$?
  read -r passed failed skipped < <("$counter" "$log")
  # A runner that fails without a failed test, or that finds no test, has failed too.
  if [ "$failed" -eq 0 ] && { [ "$code" -ne 0 ] || [ $((passed + skipped)) -eq 0 ]; }; then failed=1; fi
  if [ "$failed" -ne 0 ]; then status=1; fi
  summary+=("$name: $passed passed, $failed failed$([ "$skipped" -eq 0 ] || echo ", $skipped skipped")")
  say "$name took $((SECONDS - started)) s"
}

# The tests of npm workspaces, each by its own `npm test`; Node's runner tells its numbers in the same words for all.
npm_tests() {
  local workspace code=0
  for workspace in "$@"; do
    NODE_OPTIONS=--test-reporter=spec npm test --silent --workspace "$workspace" || code=1
  done
  return "$code"
}

build wasm scripts/build.sh --debug wasm
build addon scripts/build.sh --debug addon
build js scripts/build.sh --debug js
# After the example page, which the server embeds.
build tests cargo test --quiet "${LOCKED[@]}" --workspace --no-run
build server scripts/build.sh --debug server
build wheel scripts/build.sh --debug wheel

suite rust count_cargo "tests" cargo test --quiet "${LOCKED[@]}" --workspace --no-fail-fast
suite instructions count_lines "tests" scripts/instructions.sh
# Every case in every binding, byte by byte; a test of its own, since it needs them all built.
suite conformance count_cargo "tests server wheel addon wasm js" \
  cargo test --quiet "${LOCKED[@]}" -p flagstaff-conformance --features bindings --test bindings
suite python count_pytest "wheel server" .venv/bin/python -m pytest -q bindings-python/tests conformance/api conformance/spec bench/capacity
suite node count_node "addon js server" npm_tests sdk-js bindings-node
suite web count_node "wasm js server" npm_tests bindings-wasm
suite e2e count_node "server wheel addon wasm js" npm_tests conformance

printf '\n'
printf '%s\n' "${summary[@]}"
exit "$status"
