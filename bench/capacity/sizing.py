"""The number of nodes for a load, and the bound that determines it."""

from __future__ import annotations

import math
from dataclasses import dataclass

from assumptions import Assumptions
from inputs import Measured
from traffic import Load

GIBIBYTE = 1 << 30


@dataclass(frozen=True)
class Size:
    """Number of nodes, and the bound that determines it."""

    nodes: int
    # Nodes that each bound alone requires.
    needs: dict[str, float]
    memory_bytes: float

    @property
    def decided_by(self) -> str:
        """The bound that requires most nodes."""
        name, need = max(self.needs.items(), key=lambda item: item[1])
        return name if need > 1 else "one is enough"


def size(load: Load, assumptions: Assumptions, measured: Measured) -> Size:
    """The smallest number of nodes within all bounds, plus the spare ones."""
    idle = measured.idle
    per_stream = idle.resident_bytes_per_stream + idle.kernel_bytes_per_stream
    base = measured.sized("resident_bytes", assumptions.flags)
    room = assumptions.node_gigabytes * GIBIBYTE * assumptions.utilisation - base
    if room <= 0 or not (assumptions.node_cores and assumptions.node_streams and assumptions.utilisation):
        raise ValueError("a node of this size has no memory for streams")
    needs = {
        "streams": load.peak_streams / assumptions.node_streams,
        "memory": load.peak_streams * per_stream / room,
        "processor": load.peak_cores / (assumptions.node_cores * assumptions.utilisation),
        "bursts": load.burst_cores / (assumptions.node_cores * assumptions.burst_utilisation),
    }
    least = max(1, math.ceil(max(needs.values())))
    nodes = least + math.ceil(assumptions.spare_nodes)
    return Size(nodes, needs, nodes * base + load.peak_streams * per_stream)
