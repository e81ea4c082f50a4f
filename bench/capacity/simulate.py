"""Prints the cost of an installation, from measured figures and assumptions, or writes the tables of docs/capacity.md.

usage: simulate.py [--set NAME=VALUE …] [--assumptions FILE] [--measured FILE] [--only BLOCK …] | --write
"""

from __future__ import annotations

import argparse
import json
import re
import sys
from pathlib import Path

from assumptions import Assumptions, changed
from inputs import COMMITTED, read
from scene import Scene
from tables import BLOCKS

PAGE = Path(__file__).parent.parent.parent / "docs/capacity.md"
BLOCK = re.compile(r"<!-- simulated: ([a-z]+) -->\n.*?<!-- end -->", re.DOTALL)
# The default tables for other assumptions.
OWN = ("summary", "reasons", "variations", "storm")


def main() -> None:
    """The command line."""
    parser = argparse.ArgumentParser(description="Prints the cost of an installation of Flagstaff.")
    parser.add_argument(
        "--set", action="append", default=[], metavar="NAME=VALUE", help="an assumption; docs/capacity.md lists them"
    )
    parser.add_argument("--assumptions", type=Path, metavar="FILE", help="assumptions as a JSON object")
    parser.add_argument(
        "--measured", type=Path, default=COMMITTED, metavar="FILE", help="a measurement of `make capacity`"
    )
    parser.add_argument(
        "--only", nargs="+", choices=sorted(BLOCKS), default=OWN, metavar="BLOCK", help=", ".join(BLOCKS)
    )
    parser.add_argument("--write", action="store_true", help="update the tables of docs/capacity.md")
    options = parser.parse_args()
    measured = read(options.measured)
    if options.write:
        PAGE.write_text(page(PAGE.read_text(encoding="utf-8"), Scene(Assumptions(), measured)), encoding="utf-8")
        return
    try:
        scene = Scene(changed(Assumptions(), given(options.assumptions, options.set)), measured)
        sys.stdout.write("\n\n".join(block(name, scene) for name in options.only) + "\n")
    except ValueError as error:
        parser.error(str(error))


def given(file: Path | None, settings: list[str]) -> dict[str, float]:
    """Assumptions from a file and from the command line, which takes precedence."""
    values: dict[str, float] = json.loads(file.read_text(encoding="utf-8")) if file else {}
    for setting in settings:
        name, _, value = setting.partition("=")
        try:
            values[name] = float(value)
        except ValueError:
            raise ValueError(f"`{setting}` is not NAME=VALUE with a number") from None
    return values


def block(name: str, scene: Scene) -> str:
    """One table with the text below it."""
    return "\n".join(BLOCKS[name](scene))


def page(text: str, scene: Scene) -> str:
    """The page with new tables."""
    return BLOCK.sub(lambda found: f"<!-- simulated: {found[1]} -->\n{block(found[1], scene)}\n<!-- end -->", text)


if __name__ == "__main__":
    main()
