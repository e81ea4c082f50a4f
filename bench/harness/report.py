"""The report: Markdown, with a verdict for each target."""

from __future__ import annotations

import json
import re
import statistics
from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path

from measure import Findings, Samples
from subjects import CELLS, Row, Subject

BENCH = Path(__file__).parent.parent
# The largest denominator of a target.
DENOMINATORS = 20
# Figures from here on have no decimals.
ROUND = 20
THREADS_TARGET = 1.95


@dataclass(frozen=True)
class Verdict:
    """One of our SDKs in one cell, compared with the best peer of the run, or with a certain one."""

    row: Row
    cell: str
    ours: Samples
    best: Samples
    best_peer: Subject
    target: float | None

    @property
    def ratio(self) -> float:
        """The ratio of the lowest figures, which have the least noise."""
        return self.ours.lowest / self.best.lowest

    @property
    def median_ratio(self) -> float:
        """The ratio of the medians."""
        return self.ours.median / self.best.median

    @property
    def is_met(self) -> bool | None:
        """`None` if there is no target, or if lowest figures and medians disagree."""
        if self.target is None or (self.ratio <= self.target) != (self.median_ratio <= self.target):
            return None
        return self.ratio <= self.target

    @property
    def word(self) -> str:
        """The verdict in a word."""
        if self.target is None:
            return ""
        return {True: "met", False: "**missed**", None: "unclear"}[self.is_met]


def verdicts(findings: Findings) -> Iterator[Verdict]:
    """Every cell of our SDKs."""
    peers = [subject for subject in findings.language.subjects if subject.is_peer]
    for row in findings.language.rows:
        for cell, ours in findings.cells[row.subject].items():
            compared = [peer for peer in peers if row.peer in ("", peer.name)]
            figures = {peer: findings.cells[peer.name][cell] for peer in compared}
            best_peer, best = min(figures.items(), key=lambda figure: figure[1].lowest)
            yield Verdict(row, cell, ours, best, best_peer, row.targets.get(cell))


def markdown(all_findings: list[Findings], circumstances: dict[str, str]) -> str:
    """The whole report."""
    lines = [
        "# Benchmark",
        "",
        *(f"- {name}: {what}" for name, what in circumstances.items()),
        *(noise(findings) for findings in all_findings),
        "",
        "Times and sizes are median (lowest). A ratio compares our SDK with the best peer: lowest figures (medians).",
        "A target is *unclear* if the two disagree. `bench/README.md` describes the cells.",
    ]
    for findings in all_findings:
        lines += ["", f"## {findings.language.title}", "", *targets_table(findings), "", *figures_table(findings)]
        if findings.threads:
            lines += ["", *threads_table(findings), "", *swaps_table(findings)]
    return "\n".join(lines) + "\n"


def targets_table(findings: Findings) -> Iterator[str]:
    """Our SDKs compared with the best peer, cell by cell."""
    yield "| | cell | ours | best peer, or the vendor's own SDK | ratio | target | |"
    yield "|---|---|---|---|---|---|---|"
    for verdict in verdicts(findings):
        note = f" ({verdict.row.note})" if verdict.row.note and verdict.cell == CELLS[0] else ""
        target = "" if verdict.target is None else f"≤ {Fraction(verdict.target).limit_denominator(DENOMINATORS)}"
        yield (
            f"| {verdict.row.title}{note} | {verdict.cell} | {show(verdict.cell, verdict.ours)} "
            f"| {show(verdict.cell, verdict.best)}, {verdict.best_peer.title} "
            f"| {verdict.ratio:.2f} ({verdict.median_ratio:.2f}) | {target} | {verdict.word} |"
        )


def figures_table(findings: Findings) -> Iterator[str]:
    """The figures of all subjects."""
    yield "| | version | " + " | ".join(CELLS) + " |"
    yield "|---|---" + "|---" * len(CELLS) + "|"
    for subject in findings.language.subjects:
        cells = findings.cells[subject.name]
        figures = (show(cell, cells[cell]) if cell in cells else "" for cell in CELLS)
        yield f"| {subject.title} | {version(findings.language.name, subject)} | " + " | ".join(figures) + " |"


def threads_table(findings: Findings) -> Iterator[str]:
    """The gain of a second thread on one client."""
    target = f"gain, target for ours ≥ {THREADS_TARGET}"
    yield f"| two threads on one client | cell | one thread | two, each call | {target} | control |"
    yield "|---|---|---|---|---|---|"
    for subject in findings.language.subjects:
        for cell, found in findings.threads.get(subject.name, {}).items():
            gain, control = found["one"] / found["two"], found["controlOne"] / found["controlTwo"]
            figures = f"{duration(found['one'])} | {duration(found['two'])} | {gain:.2f} | {control:.2f}"
            yield f"| {subject.title} | {cell} | {figures} |"
    yield ""
    yield "The control is a job that shares nothing: the gain that the machine allowed at that moment."


def swaps_table(findings: Findings) -> Iterator[str]:
    """The cost of swapped snapshots for a thread that evaluates."""
    yield "| swaps of the snapshot, flagstaff::Client | cell | at rest | while swapping | ratio | swaps a second |"
    yield "|---|---|---|---|---|---|"
    for cell, found in findings.swaps.items():
        ratio = found["swapping"] / found["resting"]
        figures = f"{duration(found['resting'])} | {duration(found['swapping'])} | {ratio:.2f} | {found['swaps']:.0f}"
        yield f"| one thread | {cell} | {figures} |"


def noise(findings: Findings) -> str:
    """The noise of the machine: the spread of a constant job."""
    values = findings.control.values
    ninth = statistics.quantiles(values, n=10)[8]
    lowest = findings.control.lowest
    return (
        f"- Noise, {findings.language.title}: a constant job took"
        f" {findings.control.median / lowest:.2f} times its lowest time in the median, "
        f"{ninth / lowest:.2f} times at the 90th percentile"
        f" ({len(values)} times between the samples)"
    )


def version(language: str, subject: Subject) -> str:
    """The locked version of a peer."""
    if not subject.is_peer:
        return "this tree"
    match language:
        case "rust":
            return locked("rust/Cargo.lock", rf'name = "{subject.package}"\nversion = "(.*)"')
        case "node":
            lock = json.loads((BENCH / "node/package-lock.json").read_text())
            return str(lock["packages"][f"node_modules/{subject.package}"]["version"])
    return locked("python/requirements.txt", rf"^{subject.package}==(\S+)")


def locked(file: str, pattern: str) -> str:
    """A version from a lock file."""
    found = re.search(pattern, (BENCH / file).read_text(encoding="utf-8"), re.MULTILINE)
    return found[1] if found else "unknown"


def show(cell: str, samples: Samples) -> str:
    """A cell's median and lowest."""
    unit = size if cell == "memory" else duration
    return f"{unit(samples.median)} ({unit(samples.lowest)})"


def duration(nanoseconds: float) -> str:
    """A time with a suitable unit."""
    units = {"ns": 1.0, "µs": 1e3, "ms": 1e6}
    unit = next((unit for unit, factor in units.items() if nanoseconds < factor * 1e3), "ms")
    value = nanoseconds / units[unit]
    return f"{value:.0f} {unit}" if value >= ROUND else f"{value:.1f} {unit}"


def size(count: float) -> str:
    """A size in megabytes."""
    return f"{count / 1e6:.1f} MB"


def raw(all_findings: list[Findings]) -> dict[str, dict[str, dict[str, list[float]]]]:
    """All samples, for a closer look."""
    return {
        findings.language.name: {
            subject: {cell: samples.values for cell, samples in cells.items()}
            for subject, cells in findings.cells.items()
        }
        for findings in all_findings
    }
