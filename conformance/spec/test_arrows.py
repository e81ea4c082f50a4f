"""The folders of the server import each other in one direction only, which the documentation of the crate shows"""

import re

import pytest

from cases import CONFORMANCE

SOURCES = CONFORMANCE.parent / "server/src"
PAGE = (SOURCES / "lib.rs").read_text(encoding="utf-8")
DRAWING = re.search(r"imports only from the lines below:\n//!\n//! ```text\n(.*?)//! ```", PAGE, re.DOTALL)
ROOTS = {"lib", "main"}


def lines() -> dict[str, int]:
    """On which line of the drawing each folder is"""
    assert DRAWING
    drawn = [line.removeprefix("//! ").split(" · ") for line in DRAWING[1].splitlines()]
    return {folder: number for number, folders in enumerate(drawn) for folder in folders}


def folder(path: str) -> str:
    """The folder that a file below `src` belongs to"""
    return path.split("/", maxsplit=1)[0].removesuffix(".rs")


def imported(text: str) -> set[str]:
    """The folders that a file names, comments aside"""
    code = re.sub(r"//[^\n]*", "", text)
    names = set(re.findall(r"\bcrate::(\w+)", code))
    assert "crate::{" not in code, "one `use` for each folder"
    return names


FILES = sorted(str(path.relative_to(SOURCES)) for path in SOURCES.rglob("*.rs"))


@pytest.mark.parametrize("file", FILES)
def test_a_file_imports_only_from_folders_below_its_own(file: str) -> None:
    """An import in the other direction would make two folders depend on each other"""
    own, levels = folder(file), lines()
    if own in ROOTS:
        return
    names = imported((SOURCES / file).read_text(encoding="utf-8")) & levels.keys()
    assert {name for name in names if name != own and levels[name] <= levels[own]} == set()


def test_every_folder_is_in_the_drawing() -> None:
    """A new folder has to be added to the drawing"""
    assert {folder(file) for file in FILES} - ROOTS == lines().keys()


def test_only_the_folder_on_top_names_the_state_of_the_whole() -> None:
    """Handlers take the slice of their folder"""
    named = [file for file in FILES if "AppState" in (SOURCES / file).read_text(encoding="utf-8")]
    assert {folder(file) for file in named} <= {"app", "lib"}
