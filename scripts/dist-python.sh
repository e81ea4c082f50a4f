#!/usr/bin/env bash
# Builds what a registry would get of the Python package: an sdist and, from it, wheels; checks them, and tests the wheel with every CPython
# that this machine has (python3.10 to python3.15 in PATH or in pyenv's folder).
#
# The wheels are for x86-64 Linux: for glibc 2.17 and later, and, if rustup has its target, for musl 1.2. The other platforms are in
# .ci/release-python.yml.
source "$(dirname "$0")/lib.sh"

tools=$TOOLS/dist-python/bin
dist=$TARGET_DIR/dist-python
work=$(mktemp -d "${TMPDIR:-/tmp}/flagstaff-dist.XXXXXX")
trap 'rm -rf "$work"' EXIT
# maturin and cargo call zig as a linker.
CARGO_ZIGBUILD_ZIG_PATH=$("$tools/python" -c 'import os, ziglang; print(os.path.join(os.path.dirname(ziglang.__file__), "zig"))')
export CARGO_ZIGBUILD_ZIG_PATH CARGO_TARGET_DIR=$TARGET_DIR

wheel() { # target, compatibility, interpreter, arguments of rustc
  "$tools/maturin" build --quiet "${LOCKED[@]}" --release --zig --target "$1" --compatibility "$2" --interpreter "$3" \
    --manifest-path "$work"/flagstaff-*/bindings-python/Cargo.toml --out "$dist" -- "${@:4}"
}

# Links the system's libgcc_s instead of zig's own libunwind. CPython before 3.14 ends threads while it exits by `pthread_exit`, which unwinds
# their stacks with libgcc_s; if the functions of Rust among them belong to another unwinder, the process crashes.
mkdir "$work/libgcc"
cp "$(gcc -print-file-name=libgcc_s.so.1)" "$work/libgcc"
libgcc=(-L "native=$work/libgcc" -l dylib:+verbatim=libgcc_s.so.1)

# The interpreters, one of each version
pythons() {
  local version path
  for version in 3.10 3.11 3.12 3.13 3.14 3.15 3.14t 3.15t; do
    for path in "$(command -v "python$version" || true)" "$HOME/.pyenv/versions/$version".*/bin/python; do
      if [ -x "$path" ] && "$path" -c 'import venv' 2>/dev/null; then
        printf '%s %s\n' "$version" "$path"
        break
      fi
    done
  done
}

rm -rf "$dist"
say "sdist"
"$tools/maturin" sdist --manifest-path bindings-python/Cargo.toml --out "$dist"
tar -xzf "$dist"/flagstaff-*.tar.gz -C "$work"

say "wheel for glibc 2.17, from the sdist"
wheel x86_64-unknown-linux-gnu manylinux_2_17 "$tools/python" "${libgcc[@]}"
expected=(cp310-abi3-manylinux_2_17_x86_64)
if [ -d "$(rustc --print sysroot)/lib/rustlib/x86_64-unknown-linux-musl" ]; then
  say "wheel for musl 1.2, from the sdist"
  RUSTFLAGS="-C target-feature=-crt-static" wheel x86_64-unknown-linux-musl musllinux_1_2 "$tools/python"
  expected+=(cp310-abi3-musllinux_1_2_x86_64)
else
  say "skipped the wheel for musl: rustup target add x86_64-unknown-linux-musl"
fi
while read -r version python; do
  if [[ $version == *t ]]; then
    say "wheel for the free-threaded CPython $version, from the sdist"
    wheel x86_64-unknown-linux-gnu manylinux_2_17 "$python" "${libgcc[@]}"
    abi=cp${version//[.t]/}
    expected+=("$abi-${abi}t-manylinux_2_17_x86_64")
  fi
done < <(pythons)

say "checks"
"$tools/twine" check --strict "$dist"/*
"$tools/python" scripts/dist_python_check.py "$dist" "${expected[@]}"
"$tools/abi3audit" --strict "$dist"/*-abi3-*.whl

tested=0
while read -r version python; do
  say "tests with CPython $version, of the built wheel"
  "$python" -m venv "$work/env-$version"
  "$work/env-$version/bin/python" -m pip install --quiet --disable-pip-version-check --only-binary :all: --require-hashes -r requirements-dist-test.txt
  "$work/env-$version/bin/python" -m pip install --quiet --disable-pip-version-check --no-index --no-deps --find-links "$dist" flagstaff
  # Outside of the tree, and without the tests that need other packages or a server.
  cp -r bindings-python/tests "$work/tests-$version"
  (cd "$work/tests-$version" && "$work/env-$version/bin/python" -m pytest -q -p no:cacheprovider \
    test_context.py test_flags.py test_fork.py test_getters.py test_live.py test_process.py test_scopes.py test_snapshot.py test_warnings.py \
    -k 'not fits_into_a_thread_of_little_stack')
  tested=$((tested + 1))
done < <(pythons)
[ "$tested" -gt 0 ] || die "no CPython 3.10 or newer with its venv module was found"
say "tested with $tested versions of CPython; the files are in $dist"
