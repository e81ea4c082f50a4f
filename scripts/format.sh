#!/usr/bin/env bash
# Formats all code in place: Rust, Python, TypeScript.
source "$(dirname "$0")/lib.sh"

cargo fmt --all
cargo fmt --manifest-path core/fuzz/Cargo.toml
cargo fmt --manifest-path bench/rust/Cargo.toml
.venv/bin/ruff check --quiet --fix --select I .
.venv/bin/ruff format --quiet .
node_modules/.bin/biome check --write .
