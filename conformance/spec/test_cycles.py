"""The files of a crate import each other in one direction

A module and its submodules (`bucket.rs` and `bucket/`) are read together, so they may import each other. Between other
files there is no cycle, nor between the modules at the root of a crate with all that is in them.
"""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from cases import CONFORMANCE

ROOT = CONFORMANCE.parent
CRATES = ["core", "analysis", "bindings-js", "client", "bindings-node", "bindings-python"]

Module = tuple[str, ...]
Graph = dict[Module, set[Module]]

COMMENT = re.compile(r"^\s*//.*$", re.MULTILINE)
TESTS = re.compile(r"#\[cfg\(test\)\]\s*mod tests\b.*", re.DOTALL)
USE = re.compile(r"\buse\s+([^;]+);")
PATH = re.compile(r"\b(?:crate|super|self)(?:::\w+)+")


def expanded(tree: str) -> Iterator[str]:
    """Yield every path of a tree of imports: `a::{b, c::{d}}` is `a::b` and `a::c::d`."""
    head, brace, rest = tree.partition("{")
    if not brace:
        yield tree.partition(" as ")[0].strip()
        return
    depth, branch = 0, ""
    for character in rest.rstrip().removesuffix("}") + ",":
        depth += {"{": 1, "}": -1}.get(character, 0)
        if character == "," and depth == 0:
            if branch.strip():
                yield from expanded(head.strip() + branch.strip())
            branch = ""
        else:
            branch += character


def absolute(path: str, module: Module) -> Module:
    """Return the path from the root of the crate, as seen from a module."""
    parts = path.split("::")
    if parts[0] == "crate":
        return tuple(parts[1:])
    while parts and parts[0] in ("self", "super"):
        module = module[:-1] if parts[0] == "super" else module
        parts = parts[1:]
    return (*module, *parts)


def longest_prefix(name: Module, files: dict[Module, Path]) -> Module | None:
    """Return the module that an item of this name is in."""
    prefixes = (name[:length] for length in range(len(name), 0, -1))
    return next((prefix for prefix in prefixes if prefix in files), None)


def imports(folder: Path) -> Graph:
    """Return the modules of a crate with those that each imports."""
    files = {path.relative_to(folder).with_suffix("").parts: path for path in folder.rglob("*.rs")}
    files = {module: path for module, path in files.items() if module != ("lib",) and module[-1] != "tests"}
    graph: Graph = {}
    for module, path in files.items():
        text = TESTS.sub("", COMMENT.sub("", path.read_text(encoding="utf-8")))
        paths = [path for tree in USE.findall(text) for path in expanded(" ".join(tree.split()))]
        named = (absolute(path, module) for path in [*paths, *PATH.findall(USE.sub("", text))])
        targets = (target for name in named if (target := longest_prefix(name, files)))
        graph[module] = {target for target in targets if target[: len(module)] != module[: len(target)]}
    return graph


def cycle(graph: Graph) -> list[Module]:
    """Return the modules that are in a cycle, or only lead to one or away from one: none if there is no cycle."""
    left = dict(graph)
    while True:
        free = [module for module, targets in left.items() if not targets & left.keys() - {module}]
        if not free:
            return sorted(left)
        for module in free:
            del left[module]


@pytest.mark.parametrize("crate", CRATES)
def test_no_cycle_among_files(crate: str) -> None:
    """Files of different modules do not import each other in a cycle"""
    graph = imports(ROOT / crate / "src")
    assert graph
    assert cycle(graph) == []


@pytest.mark.parametrize("crate", CRATES)
def test_no_cycle_among_rooms(crate: str) -> None:
    """Modules at the root of the crate do not import each other in a cycle"""
    rooms: Graph = {}
    for module, targets in imports(ROOT / crate / "src").items():
        rooms.setdefault(module[:1], set()).update(target[:1] for target in targets)
    assert cycle(rooms) == []
