#!/usr/bin/env bash
# Deletes everything that was built or installed inside the repository, except .flagstaff/ (keys and data).
source "$(dirname "$0")/lib.sh"

cargo clean --quiet
rm -rf .venv .tools bindings-wasm/pkg ./*/dist bindings-node/*.node bench/python/.venv bench/node/node_modules bench/results node_modules ./*/node_modules
