#!/usr/bin/env bash
# Builds parts of Flagstaff.
#
# usage: scripts/build.sh [--debug] [PART…]
#
# PART is one of: server, wheel, addon, wasm, js (all of them unless named; the order is theirs, not yours).
# --debug takes cargo's dev profile, which compiles in a fraction of the time; the WebAssembly module is always optimised.
source "$(dirname "$0")/lib.sh"

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
  cargo build --quiet "${LOCKED[@]}" --profile "$profile" -p flagstaff-server
}

# The wheel that users get, in .venv: the tests import what is installed, not the source tree.
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
  say "addon"
  FLAGSTAFF_PROFILE=$profile npm run --silent build:native --workspace bindings-node
}

build_wasm() {
  scripts/build-wasm bindings-wasm/pkg web
}

build_js() {
  local made_from=(sdk-js/src bindings-{node,wasm}/ts bindings-{node,wasm}/scripts bindings-wasm/example bindings-wasm/pkg
    {sdk-js,bindings-node,bindings-wasm}/{package,tsconfig}.json tsconfig.base.json package-lock.json)
  if is_fresh bindings-node/dist "${made_from[@]}" && [ -e bindings-wasm/dist ] && [ -e bindings-wasm/example-dist/index.html ]; then return; fi
  say "packages for Node and the browser, and the example page"
  npm run --silent build:js --workspace bindings-node
  npm run --silent build --workspace bindings-wasm
  remember bindings-node/dist "${made_from[@]}"
}

if wanted wasm; then build_wasm; fi
if wanted addon; then build_addon; fi
if wanted js; then build_js; fi
# After the pages that it embeds.
if wanted server; then build_server; fi
if wanted wheel; then build_wheel; fi
