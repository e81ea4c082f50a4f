#!/usr/bin/env bash
# Builds parts of Flagstaff.
#
# usage: scripts/build.sh [--debug] [PART…]
#
# PART is one of: server, wheel, addon, wasm, js; the default is all of them. The script determines the order.
# --debug uses cargo's dev profile, which compiles in a fraction of the time; the WebAssembly module is always optimised.
source "$(dirname "$0")/lib.sh"
source scripts/wasm-toolchain.sh

profile=release
if [ "${1:-}" = --debug ]; then
  profile=dev
  shift
fi
parts=" ${*:-server wheel addon wasm js} "
profile_dir=$TARGET_DIR/${profile/dev/debug}

wanted() {
  [[ $parts == *" $1 "* ]]
}

build_server() {
  say "server: $profile_dir/flagstaff"
  # On a terminal, cargo shows its progress bar.
  local quiet=--quiet
  if [ -t 2 ]; then quiet=; fi
  # With the C code of jemalloc a first build takes almost twice as long (docs/adr/0074).
  local features=()
  if [ "$profile" = dev ]; then features=(--no-default-features); fi
  cargo build ${quiet:+"$quiet"} "${LOCKED[@]}" "${features[@]}" --profile "$profile" -p flagstaff-server
}

# Also installs the wheel in .venv, since the tests import the installed package and not the source tree.
build_wheel() {
  local wheels=$profile_dir/wheels
  [ -x .venv/bin/maturin ] || die "no .venv: run \`make setup\`"
  say "wheel: $wheels"
  rm -rf "$wheels"
  .venv/bin/maturin build --quiet "${LOCKED[@]}" --profile "$profile" --interpreter .venv/bin/python \
    --manifest-path bindings-python/Cargo.toml --out "$wheels"
  .venv/bin/python -m pip install --quiet --disable-pip-version-check --no-index --no-deps --force-reinstall "$wheels"/*.whl
}

build_addon() {
  say "Node addon: bindings-node/native"
  FLAGSTAFF_PROFILE=$profile npm run --silent build:native --workspace bindings-node
}

# The core without the dialects of other vendors, for browsers, and with them, for the Node package and for `@flagstaff/web/local-dialects`.
build_wasm() {
  wasm_module web
  wasm_module node --features dialects
}

# Crate flagstaff-wasm in profile wasm, then wasm-bindgen and wasm-opt.
wasm_module() {
  local folder=bindings-wasm/pkg/$1 module=$TARGET_DIR/wasm32-unknown-unknown/wasm/flagstaff_wasm.wasm
  # In a folder of its own: cargo would wait for another build in `debug`, and scripts/test.sh runs one beside this.
  local bindgen_dir=$TARGET_DIR/wasm-bindgen wasm_opt=node_modules/.bin/wasm-opt fresh made_from
  local bindgen=$bindgen_dir/debug/flagstaff-wasm-bindgen
  # Features that rustc emits and that browsers have had for years; wasm-opt refuses a module with features that are not listed.
  local features=(--enable-bulk-memory --enable-bulk-memory-opt --enable-mutable-globals --enable-nontrapping-float-to-int
    --enable-sign-ext --enable-reference-types --enable-multivalue)
  [ -x "$wasm_opt" ] || die "no wasm-opt: run \`make setup\`"
  say "WebAssembly module: $folder"
  shift
  wasm_cargo_build --quiet --profile wasm "${LOCKED[@]}" -p flagstaff-wasm "$@"
  cargo build --quiet "${LOCKED[@]}" --target-dir "$bindgen_dir" -p flagstaff-wasm-bindgen
  made_from=("$module" Cargo.lock bindings-wasm/bindgen scripts/build.sh package-lock.json)
  if is_fresh "$folder" "${made_from[@]}"; then return; fi
  # Replaces the whole folder, so that it never mixes two builds.
  fresh=$(mktemp -d "${TMPDIR:-/tmp}/flagstaff-wasm.XXXXXX")
  "$bindgen" "$module" "$fresh"
  "$wasm_opt" -Oz "${features[@]}" -o "$fresh/optimised.wasm" "$fresh/flagstaff_wasm_bg.wasm"
  mv "$fresh/optimised.wasm" "$fresh/flagstaff_wasm_bg.wasm"
  mkdir -p "$(dirname "$folder")"
  rm -rf "$folder"
  mv "$fresh" "$folder"
  chmod 755 "$folder"
  remember "$folder" "${made_from[@]}"
  say "built $folder: $(wc -c <"$folder/flagstaff_wasm_bg.wasm") bytes, $(gzip -9 -c "$folder/flagstaff_wasm_bg.wasm" | wc -c) gzipped"
}

build_js() {
  local made_from=(sdk-js/src bindings-{node,wasm}/ts bindings-{node,wasm}/scripts bindings-wasm/{cli,pkg} {react,admin-client}/{src,scripts}
    admin/src/api {sdk-js,bindings-node,bindings-wasm,react,admin-client}/{package,tsconfig}.json tsconfig.base.json package-lock.json)
  if is_fresh bindings-node/dist "${made_from[@]}" && [ -e bindings-wasm/dist ] && [ -e react/dist ] && [ -e admin-client/dist ]; then return; fi
  say "packages for Node, the browser, React and the admin API: bindings-node/dist, bindings-wasm/dist, react/dist, admin-client/dist"
  npm run --silent build:js --workspace bindings-node
  npm run --silent build --workspace bindings-wasm
  npm run --silent build --workspace react
  npm run --silent build --workspace admin-client
  remember bindings-node/dist "${made_from[@]}"
}

if wanted wasm; then build_wasm; fi
if wanted addon; then build_addon; fi
if wanted js; then build_js; fi
if wanted server; then build_server; fi
if wanted wheel; then build_wheel; fi
