"""Checks the files of `make dist-python`: names, licences, description, and that nothing else is inside.

usage: scripts/dist_python_check.py FOLDER TAG…

There must be one wheel for each TAG, and no other.
"""

import email
import re
import sys
import tarfile
import zipfile
from pathlib import Path

from packaging.utils import parse_wheel_filename

ROOT = Path(__file__).parents[1]
FILES = {"__init__.py", "_native.pyi", "py.typed", "testing.py", "pytest_plugin.py", "contrib/django/__init__.py"}


def main(folder: Path, expected: list[str]) -> int:
    """Returns the number of problems, which it prints."""
    found = re.search(r'^version = "(.*)"', (ROOT / "Cargo.toml").read_text(encoding="utf-8"), re.MULTILINE)
    version = found[1] if found else ""
    problems = []
    wheels, sdists = sorted(folder.glob("*.whl")), sorted(folder.glob("*.tar.gz"))
    if len(wheels) != len(expected) or len(sdists) != 1:
        problems.append(f"{folder}: expected wheels for {', '.join(expected)}, and one sdist")
    for tag in expected:
        if sum(tag in tags_of(wheel) for wheel in wheels) != 1:
            problems.append(f"{folder}: expected one wheel for {tag}")
    for wheel in wheels:
        if not wheel.name.startswith(f"flagstaff-{version}-"):
            problems.append(f"{wheel.name}: expected version {version}")
        with zipfile.ZipFile(wheel) as archive:
            problems += [f"{wheel.name}: {problem}" for problem in check_wheel(archive, tags_of(wheel))]
    for sdist in sdists:
        with tarfile.open(sdist) as archive:
            names = {member.name.split("/", 1)[-1] for member in archive.getmembers()}
        missing = {"bindings-python/Cargo.toml", "client/Cargo.toml", "core/Cargo.toml", "Cargo.lock"} - names
        problems += [f"{sdist.name}: `{name}` is missing" for name in sorted(missing)]
    print("\n".join(problems) or f"{len(wheels)} wheels and {len(sdists)} sdist are as they should be")
    return len(problems)


def tags_of(wheel: Path) -> set[str]:
    """The tags in the name of a wheel."""
    return {str(tag) for tag in parse_wheel_filename(wheel.name)[3]}


def check_wheel(archive: zipfile.ZipFile, tags: set[str]) -> list[str]:
    """The problems of a wheel whose name has these tags."""
    names = set(archive.namelist())
    info = next(name.split("/")[0] for name in names if ".dist-info/" in name)
    metadata = email.message_from_bytes(archive.read(f"{info}/METADATA"))
    readme = (ROOT / "bindings-python" / "README.md").read_text(encoding="utf-8")
    problems = [f"`flagstaff/{name}` is missing" for name in FILES if f"flagstaff/{name}" not in names]
    problems += [f"`{name}` does not belong here" for name in names if not name.startswith(("flagstaff/", f"{info}/"))]
    problems += [
        f"the licence `{name}` is missing"
        for name in ("LICENSE-MIT", "LICENSE-APACHE")
        if archive.read(f"{info}/licenses/{name}") != (ROOT / name).read_bytes()
    ]
    description = metadata.get_payload(decode=True)
    if not isinstance(description, bytes) or description.decode().strip() != readme.strip():
        problems.append("the description is not the README")
    if set(email.message_from_bytes(archive.read(f"{info}/WHEEL")).get_all("Tag", [])) != tags:
        problems.append(f"expected the tags of the name in `WHEEL`: {', '.join(sorted(tags))}")
    module = next(name for name in names if name.endswith(".so"))
    if any("manylinux" in tag for tag in tags) and b"\0libgcc_s.so.1\0" not in archive.read(module):
        problems.append("the library brings an unwinder of its own, with which threads that CPython ends crash")
    if metadata.get_all("Requires-Dist"):
        problems.append("the package must depend on no other")
    return problems


if __name__ == "__main__":
    sys.exit(1 if main(Path(sys.argv[1]), sys.argv[2:]) else 0)
