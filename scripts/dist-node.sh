#!/usr/bin/env bash
# Builds what a registry would get of the Node package for x86-64 Linux: the package itself, and one each with the addon for glibc and for musl;
# then loads both addons from what was packed. The glibc is that of this machine; .ci/release-node.yml has an older one, and the other platforms.
source "$(dirname "$0")/lib.sh"

dist=$TARGET_DIR/dist-node
scripts/build.sh wasm addon js
say "Node addon for musl: bindings-node/native/others"
FLAGSTAFF_PLATFORM=linux-x64-musl npm run --silent build:native --workspace bindings-node
rm -rf "$dist"
mkdir -p "$dist/addons"
find bindings-node/native -name 'flagstaff.linux-x64-*.node' -exec cp {} "$dist/addons" \;
node bindings-node/scripts/platform-packages.mjs "$dist/packages" "$dist/addons"
(cd "$dist" && npm pack --silent ./packages/node ./packages/node-linux-x64-*)
say "tests of the packages"
node --test bindings-node/packaging/*.test.mjs
say "the tarballs are in $dist"
