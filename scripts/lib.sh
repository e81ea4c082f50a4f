# shellcheck shell=bash
# Common functions of all scripts. Source it first: it also changes to the root of the repository.

set -euo pipefail

ROOT=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
cd "$ROOT"

# shellcheck disable=SC2034 # these are for the scripts that source this file
TARGET_DIR=${CARGO_TARGET_DIR:-$ROOT/target} TOOLS=$ROOT/.tools
# In CI Cargo.lock must be up to date; on a developer's machine cargo updates it after an edit of a Cargo.toml.
# shellcheck disable=SC2034
if [ -n "${CI:-}" ]; then LOCKED=(--locked); else LOCKED=(); fi
# By default jemalloc puts all of its macros into the debug information, which takes a fifth of the time of its build.
export EXTRA_CFLAGS=${EXTRA_CFLAGS--g0}

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

MISSING=()

# Records program $1 as missing if it is not installed; $2 says how to get it.
need() {
  has "$1" || MISSING+=("$1: $2")
}

# Records program $1 as too old if its version $2 is below $3; $4 says how to get it. An empty version means that it is not installed.
need_version() {
  if [ -n "$2" ] && ! version_at_least "$2" "$3"; then
    MISSING+=("$1 $3 or newer (here: $2): $4")
  fi
}

# Ends the script with an error if programs were recorded as missing
end_needs() {
  [ ${#MISSING[@]} -eq 0 ] || die "this machine lacks:" "${MISSING[@]}"
}

# Installs version $2 of the program of crate $1 into $TOOLS/bin, unless it is installed.
cargo_tool() {
  if cargo install --list --root "$TOOLS" | grep -xF "$1 v$2:" >/dev/null; then return 0; fi
  say "installing $1 $2 (a few minutes, once)"
  # Uses a separate target directory, and little optimisation, since these tools mostly run other programs.
  local install=(env CARGO_TARGET_DIR="$TOOLS/build" CARGO_PROFILE_RELEASE_OPT_LEVEL=1 CARGO_PROFILE_RELEASE_CODEGEN_UNITS=64
    cargo install --quiet --force --root "$TOOLS" --version "=$2" "$1")
  # A registry mirror may not have all versions of the tool's lock file yet.
  "${install[@]}" --locked || { say "not all locked versions are available; choosing others" && "${install[@]}"; }
  rm -rf "$TOOLS/build"
}

# Installs Debian packages, as root or through sudo.
# $1 says what they are for; the rest are their names.
apt_install() {
  local purpose=$1
  shift
  local as_root=()
  if ! has apt-get; then
    die "$purpose: these Debian packages are missing: $*" "this system has no apt-get: install the corresponding packages of your system"
  elif [ "$(id -u)" -ne 0 ]; then
    if ! has sudo || ! sudo -n true 2>/dev/null; then
      die "$purpose: Debian packages are missing; as root, run:" "apt-get update && apt-get install $*"
    fi
    as_root=(sudo -n)
  fi
  # `make setup` installs several things at once, but apt-get allows only one instance. The package lists are fetched once for all.
  mkdir -p "$TOOLS"
  exec 9>"$TOOLS/apt.lock"
  flock 9
  say "$purpose: installing $*"
  if [ -z "$(find "$TOOLS/apt.updated" -mmin -60 2>/dev/null)" ]; then
    "${as_root[@]}" apt-get update -qq
    touch "$TOOLS/apt.updated"
  fi
  "${as_root[@]}" env DEBIAN_FRONTEND=noninteractive \
    apt-get install -y -qq --no-install-recommends "$@" >/dev/null
  exec 9>&-
}

# Whether product $1 exists and was built from the current contents of the files and folders that follow. Contents count, not times: a
# build that changes nothing must not make the products of the next step stale.
is_fresh() {
  local product=$1
  shift
  [ -e "$product" ] && [ "$(cat "$TOOLS/fingerprints/${product//\//_}" 2>/dev/null)" = "$(fingerprint "$@")" ]
}

# Records the files and folders from which product $1 was built, for `is_fresh`
remember() {
  local product=$1
  shift
  mkdir -p "$TOOLS/fingerprints"
  fingerprint "$@" >"$TOOLS/fingerprints/${product//\//_}"
}

fingerprint() {
  find "$@" -type f -print0 | LC_ALL=C sort -z | xargs -0 sha256sum | sha256sum
}
