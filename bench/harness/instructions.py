"""Counts the instructions of one call of each workload, and compares them with the recorded figures.

usage: instructions.py PROGRAM [--record]

PROGRAM is `bench/instructions`, optimised; `make test` runs this script by `scripts/instructions.sh`. Every run of
the same program has the same counts, however busy the machine is; another compiler produces another program.
"""

from __future__ import annotations

import argparse
import re
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path

import documents

FIGURES = Path(__file__).parent.parent / "instructions/figures.txt"
VENDORS = ("unleash", "growthbook")
# A figure is the mean of this many calls, enough to make the additional cost of the first call negligible.
CALLS = {
    **{"W1": 2_000, "W2": 2_000, "W3": 2_000, "W4": 2_000, "W5": 50},
    **{f"{vendor}-W3": 2_000 for vendor in VENDORS},
    **{f"{vendor}-import": 1 for vendor in VENDORS},
}
CEILING = 1.05
# The tolerance for another compiler: its code differs, but a serious regression still shows.
CEILING_ELSEWHERE = 1.25
RECORD = "`scripts/instructions.sh --record`"


@dataclass(frozen=True)
class Toolchain:
    """The compiler and platform of a figure."""

    rustc: str
    host: str

    @staticmethod
    def here() -> Toolchain:
        """The toolchain that built the program."""
        output = subprocess.run(["rustc", "-vV"], check=True, capture_output=True, text=True).stdout
        found = dict(line.split(": ", 1) for line in output.splitlines() if ": " in line)
        return Toolchain(found["release"], found["host"])


def main() -> int:
    """Count, and compare or record."""
    parser = argparse.ArgumentParser()
    parser.add_argument("program", type=Path)
    parser.add_argument("--record", action="store_true", help="update the figures")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="flagstaff-instructions-") as folder:
        documents.write(["flagstaff"], Path(folder), ["single", "bulk"])
        documents.write(VENDORS, Path(folder), ["single", "imported"])
        counts = {workload: count(options.program, Path(folder), workload) for workload in CALLS}
    here = Toolchain.here()
    if options.record:
        record(here, counts)
        return 0
    return compare(here, counts)


def count(program: Path, folder: Path, workload: str) -> int:
    """The instructions of one call."""
    calls = CALLS[workload]
    # Counts only the function that makes the calls.
    valgrind = ["valgrind", "--tool=callgrind", "--callgrind-out-file=/dev/null", "--toggle-collect=*counted*"]
    run = subprocess.run(
        [*valgrind, str(program), str(folder), workload, str(calls)], capture_output=True, text=True, check=False
    )
    found = re.search(r"Collected : (\d+)", run.stderr)
    if run.returncode != 0 or not found or found[1] == "0":
        sys.exit(f"the instructions of {workload} were not counted:\n{run.stderr}")
    return round(int(found[1]) / calls)


def read() -> tuple[Toolchain, dict[str, int]]:
    """The recorded figures and their toolchain."""
    lines = FIGURES.read_text(encoding="utf-8").splitlines()
    found = dict(line.split() for line in lines if line and not line.startswith("#"))
    toolchain = Toolchain(found.pop("rustc"), found.pop("host"))
    return toolchain, {workload: int(figure) for workload, figure in found.items()}


def compare(here: Toolchain, counts: dict[str, int]) -> int:
    """Print a line for each workload; return 1 if one is above its ceiling."""
    recorded, figures = read()
    ceiling = CEILING
    if here != recorded:
        is_comparable = here.host == recorded.host
        ceiling = CEILING_ELSEWHERE if is_comparable else float("inf")
        allowed = (
            f"the tolerance is {ceiling - 1:.0%} instead of {CEILING - 1:.0%}"
            if is_comparable
            else "nothing is checked"
        )
        print(f"the figures were recorded with {recorded}, this is {here}: {allowed}. {RECORD} updates them")
    is_high = False
    for workload, counted in counts.items():
        figure = figures[workload]
        verdict = "FAILED" if counted > figure * ceiling else "ok" if ceiling != float("inf") else "skipped"
        is_high |= verdict == "FAILED"
        print(f"{verdict} {workload}: {counted} instructions a call, recorded {figure} ({counted / figure - 1:+.1%})")
        if counted < figure / CEILING:
            print(f"{workload} needs fewer instructions than recorded: {RECORD} updates the figure")
    return int(is_high)


def record(here: Toolchain, counts: dict[str, int]) -> None:
    """Write the figures and keep the comments of the file."""
    about = [line for line in FIGURES.read_text(encoding="utf-8").splitlines() if line.startswith("#")]
    figures = [f"{name} {figure}" for name, figure in counts.items()]
    text = "\n".join([*about, f"rustc {here.rustc}", f"host {here.host}", *figures])
    FIGURES.write_text(f"{text}\n", encoding="utf-8")
    print(f"recorded: {', '.join(figures)}")


if __name__ == "__main__":
    sys.exit(main())
