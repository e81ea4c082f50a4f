# shellcheck shell=bash
# What every script here shares. Source it first: it also moves to the root of the repository.

set -euo pipefail

ROOT=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
cd "$ROOT"

# shellcheck disable=SC2034 # these are for the scripts that source this file
TARGET_DIR=${CARGO_TARGET_DIR:-$ROOT/target} TOOLS=$ROOT/.tools
# The build machine takes Cargo.lock as it is; a person who has just edited a Cargo.toml gets it brought up to date.
# shellcheck disable=SC2034
if [ -n "${CI:-}" ]; then LOCKED=(--locked); else LOCKED=(); fi

say() {
  printf '==> %s\n' "$*" >&2
}

# Ends the script; every argument is a line of the message.
die() {
  printf 'error: %s\n' "$1" >&2
  shift
  if [ $# -gt 0 ]; then printf '       %s\n' "$@" >&2; fi
  exit 1
}

has() {
  command -v "$1" >/dev/null 2>&1
}

# Whether version $1 is at least $2
version_at_least() {
  [ "$(printf '%s\n%s\n' "$2" "$1" | sort -V | head -n 1)" = "$2" ]
}

# The version at which Cargo.lock holds crate $1
locked_version() {
  awk -v name="\"$1\"" '$1 == "name" { found = ($3 == name) }
    $1 == "version" && found { gsub(/"/, "", $3); print $3; exit }' Cargo.lock
}

# Installs version $2 of the program of crate $1 into $TOOLS/bin, unless it is there.
cargo_tool() {
  if cargo install --list --root "$TOOLS" | grep -xF "$1 v$2:" >/dev/null; then return 0; fi
  say "installing $1 $2 (a few minutes, once)"
  # A target directory of its own, kept out of the workspace's; these tools wait for others, so they need not be optimised hard.
  local install=(env CARGO_TARGET_DIR="$TOOLS/build" CARGO_PROFILE_RELEASE_OPT_LEVEL=1 CARGO_PROFILE_RELEASE_CODEGEN_UNITS=64
    cargo install --quiet --force --root "$TOOLS" --version "=$2" "$1")
  # A registry mirror that lags behind may lack a version which the tool's own lock file names.
  "${install[@]}" --locked || { say "not all locked versions are to be had; choosing others" && "${install[@]}"; }
  rm -rf "$TOOLS/build"
}

# Installs Debian packages, as root or through sudo.
# $1 says what they are for; the rest are their names.
apt_install() {
  local purpose=$1
  shift
  local as_root=()
  if ! has apt-get; then
    die "$purpose: these Debian packages are missing: $*" "there is no apt-get here: install what they stand for in your system's way"
  elif [ "$(id -u)" -ne 0 ]; then
    if ! has sudo || ! sudo -n true 2>/dev/null; then
      die "$purpose: Debian packages are missing; as root, run:" "apt-get update && apt-get install $*"
    fi
    as_root=(sudo -n)
  fi
  say "$purpose: installing $*"
  "${as_root[@]}" apt-get update -qq
  "${as_root[@]}" env DEBIAN_FRONTEND=noninteractive \
    apt-get install -y -qq --no-install-recommends "$@" >/dev/null
}

# Whether product $1 exists and was made from the files and folders that follow, as they are now. Contents count, not times: a build that
# changes nothing must not make what is built from it stale.
is_fresh() {
  local product=$1
  shift
  [ -e "$product" ] && [ "$(cat "$TOOLS/fingerprints/${product//\//_}" 2>/dev/null)" = "$(fingerprint "$@")" ]
}

# Remembers from what product $1 has been made, for `is_fresh`
remember() {
  local product=$1
  shift
  mkdir -p "$TOOLS/fingerprints"
  fingerprint "$@" >"$TOOLS/fingerprints/${product//\//_}"
}

fingerprint() {
  find "$@" -type f -print0 | LC_ALL=C sort -z | xargs -0 sha256sum | sha256sum
}
