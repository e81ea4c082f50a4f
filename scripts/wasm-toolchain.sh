# shellcheck shell=bash
# Which compiler builds for wasm32-unknown-unknown; sourced after lib.sh.

# shellcheck disable=SC2034 # for the scripts that source this file
DEBIAN_WASM_PACKAGES=(rustc-web cargo-web rust-web-src lld-22)

# Prints `native` (cargo's own target), `debian` (Debian's compiler builds the standard library) or `none`.
wasm_toolchain() {
  if [ "${FLAGSTAFF_WASM_TOOLCHAIN:-}" != debian ] \
    && [ -d "$(rustc --print sysroot)/lib/rustlib/wasm32-unknown-unknown/lib" ]; then
    echo native
  elif [ -x /usr/bin/cargo ] && [ -x /usr/bin/rustc ] && has wasm-ld-22 \
    && [ -d "$(/usr/bin/rustc --print sysroot)/lib/rustlib/src/rust/library" ]; then
    echo debian
  else
    echo none
  fi
}

# Runs `cargo build --target wasm32-unknown-unknown` with the arguments given, by whichever compiler there is.
wasm_cargo_build() {
  case "$(wasm_toolchain)" in
    native) cargo build --target wasm32-unknown-unknown "$@" ;;
    debian)
      # Debian ships the sources of the standard library instead of a compiled one; building it is still an unstable option.
      # Since it is built here, it need not say where and why it panics: the core does not, and no page could show it (docs/adr/0019).
      RUSTC_BOOTSTRAP=1 RUSTC=/usr/bin/rustc CARGO_TARGET_WASM32_UNKNOWN_UNKNOWN_LINKER=wasm-ld-22 \
        RUSTFLAGS="-Zlocation-detail=none -Zfmt-debug=none -Zunstable-options -Cpanic=immediate-abort" \
        /usr/bin/cargo build --target wasm32-unknown-unknown -Zbuild-std=std,panic_abort -Zbuild-std-features=optimize_for_size "$@"
      ;;
    none) die "no compiler for WebAssembly: run \`make setup\`" ;;
  esac
}
