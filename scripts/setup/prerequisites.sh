#!/usr/bin/env bash
# Checks what has to be on the machine before anything else can be installed, and says how to get what is missing.
source "$(dirname "$0")/../lib.sh"

missing=()

need() { # program, how to get it
  has "$1" || missing+=("$1: $2")
}

need_version() { # program, the version found, the version needed, how to get it
  if [ -n "$2" ] && ! version_at_least "$2" "$3"; then
    missing+=("$1 $3 or newer (here: $2): $4")
  fi
}

need git "apt-get install git"
need cc "apt-get install build-essential"
need rustc "https://rustup.rs"
need cargo "https://rustup.rs"
need python3 "apt-get install python3 python3-venv"
need node "https://nodejs.org, version 20 or newer"
need npm "it comes with Node, or: apt-get install npm"

rust_needed=$(sed -n 's/^rust-version = "\(.*\)"$/\1/p' Cargo.toml)
need_version rustc "$(rustc --version 2>/dev/null | cut -d ' ' -f 2)" "$rust_needed" "rustup update stable"
need_version python3 "$(python3 --version 2>/dev/null | cut -d ' ' -f 2)" 3.10 "your system's newer Python 3"
need_version node "$(node --version 2>/dev/null | tr -d v)" 20 "https://nodejs.org"
if has python3 && ! python3 -c 'import ensurepip, venv' 2>/dev/null; then
  missing+=("Python's venv module: apt-get install python3-venv")
fi

[ ${#missing[@]} -eq 0 ] || die "this machine lacks:" "${missing[@]}"
