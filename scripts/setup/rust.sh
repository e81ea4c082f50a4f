#!/usr/bin/env bash
# Checks the programs that compile the server, which is all that `make run` needs, and says how to get missing ones.
source "$(dirname "$0")/../lib.sh"

need git "apt-get install git"
need cc "apt-get install build-essential"
need rustc "https://rustup.rs"
need cargo "https://rustup.rs"
need_version rustc "$(rustc --version 2>/dev/null | cut -d ' ' -f 2)" "$(sed -n 's/^rust-version = "\(.*\)"$/\1/p' Cargo.toml)" "rustup update stable"
end_needs
