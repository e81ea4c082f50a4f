#!/usr/bin/env bash
# Installs the wasm32 target, which compiles Rust for the browser.
# FLAGSTAFF_WASM_TOOLCHAIN=debian skips rustup, to test the fallback on any machine.
source "$(dirname "$0")/../lib.sh"
source scripts/wasm-toolchain.sh

if [ "$(wasm_toolchain)" = none ]; then
  if [ "${FLAGSTAFF_WASM_TOOLCHAIN:-}" != debian ] && has rustup && rustup target add wasm32-unknown-unknown; then
    say "WebAssembly: installed the target of rustup"
  else
    # If the Rust download server is unreachable, a Debian mirror often works.
    say "WebAssembly: rustup has no target; installing Debian's compiler"
    apt_install "WebAssembly" "${DEBIAN_WASM_PACKAGES[@]}"
    [ "$(wasm_toolchain)" = debian ] || die "Debian's compiler is installed but not usable: see scripts/wasm-toolchain.sh"
  fi
fi
