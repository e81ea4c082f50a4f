# shellcheck shell=bash
# Selects the compiler for wasm32-unknown-unknown; source it after lib.sh.

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

# Runs `cargo build --target wasm32-unknown-unknown` with its arguments and the selected compiler.
wasm_cargo_build() {
  case "$(wasm_toolchain)" in
    native) cargo build --target wasm32-unknown-unknown "$@" ;;
    debian)
      # Debian has only the sources of the standard library, and building it needs unstable options.
      # The options omit locations and messages of panics: the core does not panic, and a page could not show them (docs/adr/0019).
      RUSTC_BOOTSTRAP=1 RUSTC=/usr/bin/rustc CARGO_TARGET_WASM32_UNKNOWN_UNKNOWN_LINKER=wasm-ld-22 \
        RUSTFLAGS="-Zlocation-detail=none -Zfmt-debug=none -Zunstable-options -Cpanic=immediate-abort" \
        /usr/bin/cargo build --target wasm32-unknown-unknown -Zbuild-std=std,panic_abort -Zbuild-std-features=optimize_for_size "$@"
      ;;
    none) die "no compiler for WebAssembly: run \`make setup\`" ;;
  esac
}
