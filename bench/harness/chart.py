"""The chart, as SVG: figures relative to the best peer of a cell, on a logarithmic scale; a tick is the target."""

from __future__ import annotations

import math
from collections.abc import Iterator
from html import escape

from measure import Findings
from report import Verdict, verdicts

LEFT, TOP, WIDTH, LINE, GAP, FOOT = 290, 70, 640, 20, 14, 40
LOWEST, HIGHEST = 0.01, 100.0
STYLE = """
text { font: 13px system-ui, sans-serif; fill: #1f2328 } .faint { fill: #656d76 } .head { font-weight: 600 }
.grid { stroke: #d0d7de } .one { stroke: #656d76 } .target { stroke: #1f2328; stroke-width: 3 }
.peer { fill: #afb8c1 } .met { fill: #1a7f37 } .missed { fill: #cf222e } .open { fill: #0969da }
"""


def svg(all_findings: list[Findings]) -> str:
    """The whole chart."""
    y = TOP
    lines: list[str] = []
    for findings in all_findings:
        title = None
        for verdict in verdicts(findings):
            if verdict.row.title != title:
                title = verdict.row.title
                y += GAP + LINE
                lines.append(text(10, y, title, "head"))
            y += LINE
            lines += line(findings, verdict, y)
    height = y + FOOT
    return "\n".join(
        [
            f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {LEFT + WIDTH + 30} {height}" role="img">',
            "<title>Flagstaff against the best peer</title>",
            f"<style>{STYLE}</style>",
            '<rect width="100%" height="100%" fill="#fff"/>',
            *legend(),
            *grid(height - FOOT),
            *lines,
            "</svg>\n",
        ]
    )


def legend() -> Iterator[str]:
    """The legend."""
    yield text(10, 24, "Time and memory against the best peer (1, lower is better)", "head")
    entries = {
        "met": "ours, target met",
        "missed": "ours, missed",
        "open": "ours, no target or unclear",
        "peer": "a peer",
    }
    x = 16
    for kind, what in entries.items():
        yield dot(x, 41, kind)
        yield text(x + 10, 46, what)
        x += 30 + 8 * len(what)
    yield tick(x, 41)
    yield text(x + 10, 46, "target")


def grid(bottom: int) -> Iterator[str]:
    """The powers of ten, and the best peer."""
    for exponent in range(round(math.log10(LOWEST)), round(math.log10(HIGHEST)) + 1):
        x = place(10.0**exponent)
        kind = "one" if exponent == 0 else "grid"
        yield f'<line class="{kind}" x1="{x:.1f}" x2="{x:.1f}" y1="{TOP}" y2="{bottom + 8}"/>'
        label = f"{10**exponent}" if exponent >= 0 else f"1/{10**-exponent}"
        yield f'<text class="faint" x="{x:.1f}" y="{bottom + 26}" text-anchor="middle">{label}</text>'


def line(findings: Findings, verdict: Verdict, y: int) -> Iterator[str]:
    """One cell."""
    middle = y - 5
    yield text(24, y, verdict.cell, "faint")
    yield text(90, y, f"{verdict.ratio:.2f} of {verdict.best_peer.title}", "faint")
    for subject in findings.language.subjects:
        if subject.is_peer:
            yield dot(place(findings.cells[subject.name][verdict.cell].lowest / verdict.best.lowest), middle, "peer")
    if verdict.target is not None:
        yield tick(place(verdict.target), middle)
    kind = "open" if verdict.is_met is None else "met" if verdict.is_met else "missed"
    yield dot(place(verdict.ratio), middle, kind)


def place(ratio: float) -> float:
    """The position of a ratio; a ratio outside the scale is at its edge."""
    span = math.log10(HIGHEST) - math.log10(LOWEST)
    position = (math.log10(max(ratio, LOWEST)) - math.log10(LOWEST)) / span
    return LEFT + WIDTH * min(position, 1.0)


def text(x: float, y: float, what: str, kind: str = "") -> str:
    """A text."""
    return f'<text class="{kind}" x="{x}" y="{y}">{escape(what)}</text>'


def dot(x: float, y: float, kind: str) -> str:
    """The mark of a figure."""
    return f'<circle class="{kind}" cx="{x:.1f}" cy="{y}" r="5"/>'


def tick(x: float, y: float) -> str:
    """The mark of a target."""
    return f'<line class="target" x1="{x:.1f}" x2="{x:.1f}" y1="{y - 8}" y2="{y + 8}"/>'
