#!/usr/bin/env bash
# Removes everything that was built or installed inside the repository; .flagstaff/ (keys, data) stays.
source "$(dirname "$0")/lib.sh"

cargo clean --quiet
rm -rf .venv .tools bindings-wasm/pkg ./*/dist bindings-node/*.node bench/python/.venv bench/node/node_modules bench/results node_modules ./*/node_modules
