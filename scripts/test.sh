#!/usr/bin/env bash
# Builds everything and runs all tests of all languages, even if some fail; prints a summary line for each suite.
# Where at most $TRIED_AGAIN tests of a suite fail, they are run once more: one that then passes is listed as flaky, and does not fail the run
# (docs/adr/0065).
#
# usage: scripts/test.sh [SUITE…]     SUITE: one of SUITES below; all of them unless named
#
# All Rust code is built with cargo's dev profile, which halves the time of a first run, except the program whose instructions are counted,
# which is optimised.
source "$(dirname "$0")/lib.sh"

SUITES=(rust instructions conformance python node web admin e2e)
suites=" ${*:-${SUITES[*]}} "
for name in $suites; do
  [[ " ${SUITES[*]} " == *" $name "* ]] || die "there is no suite \`$name\`; expected: ${SUITES[*]}"
done
# All calls of cargo test select the same packages: another selection enables other features, and rebuilds most dependencies. The crate that
# writes JavaScript for the browser module has no tests and was built in its own step.
workspace=(--quiet "${LOCKED[@]}" --workspace --exclude flagstaff-wasm-bindgen)
# The server and the Rust testee of this build, not of an earlier one.
export FLAGSTAFF_BINARY=$TARGET_DIR/debug/flagstaff FLAGSTAFF_TESTEE=$TARGET_DIR/debug/flagstaff-testee
# Runs every case in every binding, and builds the Rust testee.
bindings=(cargo test "${workspace[@]}" --features flagstaff-conformance/bindings --test bindings)
logs=$(mktemp -d)
# The process group that runs beside this script.
beside=
trap 'if [ -n "$beside" ]; then kill -- "-$beside" 2>/dev/null || true; fi; rm -rf "$logs"' EXIT
broken=' '
status=0
TRIED_AGAIN=5

wanted() {
  [[ $suites == *" $1 "* ]]
}

# Each counter reads the output of a test runner and prints: passed failed skipped
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

# Each of these lists the failed tests of a test runner's output, a line each.
names_cargo() {
  awk '/^failures:$/ { list = 1; next } /^test result:/ { list = 0 } list && /^    [^ ]/ { print substr($0, 5) }' "$1" | sort -u
}

names_lines() {
  awk '$1 == "FAILED" { print $2 }' "$1"
}

names_pytest() {
  awk '/^(FAILED|ERROR) / { sub(/^[A-Z]+ /, ""); sub(/ - .*/, ""); print }' "$1" | sort -u
}

names_node() {
  awk '/failing tests:/ { list = 1; next } /^ℹ / { list = 0 } list && /^✖ / { sub(/^✖ /, ""); sub(/ \([0-9.]+ms\).*/, ""); print }' "$1" | sort -u
}

# Each of these runs the failed tests of a suite once more; $1 is the output of the first run, the rest its command.
again_cargo() {
  local log=$1 name code=0
  shift
  while IFS= read -r name; do
    # One at a time: one of the harnesses takes a single name.
    "$@" -- --exact "$name" </dev/null || code=1
  done < <(names_cargo "$log")
  return "$code"
}

again_lines() {
  "${@:2}"
}

again_pytest() {
  "${@:2}" --last-failed --last-failed-no-failures none
}

# Tests of a file may build on each other: the files of failed tests, or all files of a workspace that failed without naming a test.
again_node() {
  local workspace files command code=0
  while read -r workspace files; do
    if [ -z "$files" ]; then
      npm_tests "$workspace" || code=1
      continue
    fi
    command=$(node -p "require('./$workspace/package.json').scripts.test.replace(/ --test .*/, ' --test')")
    # shellcheck disable=SC2086 # two lists of words
    (cd "$workspace" && NODE_OPTIONS=--test-reporter=spec $command $files) </dev/null || code=1
  done < <(awk '/^test at / { sub(/(:[0-9]+)+$/, "", $3); if (!seen[$3]++) files = files " " $3 }
    /^failed workspace: / { print $3 files; files = ""; split("", seen) }' "$1")
  return "$code"
}

# Builds a part; if that fails, the suites that need the part fail too instead of running with an old build.
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

# Runs a command in a process group of its own, so that all of it ends with this script; its output goes to a file.
start_beside() {
  set -m
  "$@" </dev/null >"$logs/beside" 2>&1 &
  beside=$!
  set +m
}

# Waits for the command of `start_beside` and prints its output; the status is that of the command.
end_beside() {
  local code=0
  wait "$beside" || code=$?
  beside=
  cat "$logs/beside"
  return "$code"
}

# suite NAME RUNNER "PARTS IT NEEDS" COMMAND…     RUNNER: cargo, lines, pytest, node
# Its outcome is in files, since a suite may run in another process: $logs/NAME.summary, a line, and $logs/NAME.failures, a line for each test.
suite() {
  local name=$1 runner=$2 parts=$3 log=$logs/$1 started=$SECONDS code=0 part passed failed skipped test tests passed_now failed_now outcome
  shift 3
  wanted "$name" || return 0
  for part in $parts; do
    if [[ $broken == *" $part "* ]]; then
      echo "$name: 0 passed, 1 failed" >"$log.summary"
      say "$name: not run, since the build of $part failed"
      return 0
    fi
  done
  say "$name: $*"
  "$@" 2>&1 | tee "$log" || code=$?
  read -r passed failed skipped < <("count_$runner" "$log")
  # A runner that exits with an error, or that finds no test, counts as a failed test.
  if [ "$failed" -eq 0 ] && { [ "$code" -ne 0 ] || [ $((passed + skipped)) -eq 0 ]; }; then failed=1; fi
  if [ "$failed" -ne 0 ]; then
    mapfile -t tests < <("names_$runner" "$log")
    outcome=failed
    if [ ${#tests[@]} -gt 0 ] && [ ${#tests[@]} -le "$TRIED_AGAIN" ]; then
      say "$name: once more: ${tests[*]}"
      code=0
      "again_$runner" "$log" "$@" 2>&1 | tee "$log.again" || code=$?
      read -r passed_now failed_now _ < <("count_$runner" "$log.again")
      if [ "$code" -eq 0 ] && [ "$failed_now" -eq 0 ] && [ "$passed_now" -ge "${#tests[@]}" ]; then
        outcome=flaky passed=$((passed + failed)) failed=0
      fi
    fi
    for test in "${tests[@]:0:20}"; do echo "$outcome: $name: $test"; done >"$log.failures"
  fi
  echo "$name: $passed passed, $failed failed$([ "$skipped" -eq 0 ] || echo ", $skipped skipped")" >"$log.summary"
  say "$name took $((SECONDS - started)) s"
}

# Runs `npm test` in each of the npm workspaces; all use Node's runner with the same output format.
npm_tests() {
  local workspace code=0
  for workspace in "$@"; do
    NODE_OPTIONS=--test-reporter=spec npm test --silent --workspace "$workspace" || {
      echo "failed workspace: $workspace"
      code=1
    }
  done
  return "$code"
}

# The browser modules are compiled beside the tests: for minutes each of the two uses one core only.
start_beside scripts/build.sh --debug wasm
build tests cargo test "${workspace[@]}" --no-run
build testee "${bindings[@]}" --no-run
build addon scripts/build.sh --debug addon
build wheel scripts/build.sh --debug wheel
build wasm end_beside
build js scripts/build.sh --debug js

suite rust cargo "tests" cargo test "${workspace[@]}" --no-fail-fast
suite conformance cargo "tests testee wheel addon wasm js" "${bindings[@]}"
# In the order of the folders: the longest files first, so that both processes end at about the same time.
suite python pytest "tests testee wheel" .venv/bin/python -m pytest -q -n 2 --dist loadfile --no-loadscope-reorder \
  conformance/api conformance/spec bindings-python/tests bench/capacity
# The suites of Node run a file at a time and use one core, so that of the admin UI, the longest, runs beside all others that use about one. The
# end-to-end tests have bounds on the time that a change takes, and run alone.
admin() {
  suite admin node "tests" npm_tests admin
}

beside_admin() {
  suite node node "addon js tests" npm_tests sdk-js bindings-node admin-client
  suite web node "wasm js tests" npm_tests bindings-wasm react
  suite instructions lines "tests" scripts/instructions.sh
}

if wanted admin && { wanted node || wanted web || wanted instructions; }; then
  say "admin: runs beside the next suites; its output follows theirs"
  start_beside admin
  beside_admin
  end_beside || true
else
  admin
  beside_admin
fi
suite e2e node "tests wheel addon wasm js" npm_tests conformance

printf '\n'
for name in "${SUITES[@]}"; do if [ -e "$logs/$name.failures" ]; then cat "$logs/$name.failures"; fi; done
for name in "${SUITES[@]}"; do
  if ! wanted "$name"; then continue; fi
  if [ ! -e "$logs/$name.summary" ]; then echo "$name: 0 passed, 1 failed" >"$logs/$name.summary"; fi
  cat "$logs/$name.summary"
  if ! grep -q ' 0 failed' "$logs/$name.summary"; then status=1; fi
done
exit "$status"
