#!/usr/bin/env bash
# Installs what compiles Rust for the browser: the wasm32 target, and wasm-bindgen at the version of the crate.
# FLAGSTAFF_WASM_TOOLCHAIN=debian skips the first way, so that the fallback can be tried on any machine.
source "$(dirname "$0")/../lib.sh"
source scripts/wasm-toolchain.sh

if [ "$(wasm_toolchain)" = none ]; then
  if [ "${FLAGSTAFF_WASM_TOOLCHAIN:-}" != debian ] && has rustup && rustup target add wasm32-unknown-unknown; then
    say "WebAssembly: rustup's target is installed"
  else
    # Where the Rust download server cannot be reached, a Debian mirror often can.
    say "WebAssembly: no target from rustup; falling back to Debian's compiler"
    apt_install "WebAssembly" "${DEBIAN_WASM_PACKAGES[@]}"
    [ "$(wasm_toolchain)" = debian ] || die "Debian's compiler is installed but not usable: see scripts/wasm-toolchain.sh"
  fi
fi

version=$(locked_version wasm-bindgen)
[ -n "$version" ] || die "Cargo.lock holds no crate wasm-bindgen"
cargo_tool wasm-bindgen-cli "$version"
