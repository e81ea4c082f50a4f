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
if [ "$("$TOOLS/bin/wasm-bindgen" --version 2>/dev/null)" != "wasm-bindgen $version" ]; then
  say "installing wasm-bindgen-cli $version (a few minutes, once)"
  # A target directory of its own, kept out of the workspace's; the tool runs for a second, so it need not be optimised hard.
  export CARGO_TARGET_DIR=$TOOLS/build CARGO_PROFILE_RELEASE_OPT_LEVEL=1 CARGO_PROFILE_RELEASE_CODEGEN_UNITS=64
  install=(cargo install --quiet --force --root "$TOOLS" --version "=$version" wasm-bindgen-cli)
  # A registry mirror that lags behind may lack a version which the tool's own lock file names.
  "${install[@]}" --locked || { say "not all locked versions are to be had; choosing others" && "${install[@]}"; }
  rm -rf "$TOOLS/build"
fi
