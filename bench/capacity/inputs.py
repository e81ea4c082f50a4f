"""The measurement that the simulation uses: `measured.json`, read and written."""

from __future__ import annotations

import itertools
import json
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

Json = Any

COMMITTED = Path(__file__).parent / "measured.json"


@dataclass(frozen=True)
class Latency:
    """Microseconds from the instant at which a request was due to the last byte of its response."""

    p50: float
    p99: float
    p999: float
    max: float


@dataclass(frozen=True)
class Exchange:
    """One kind of request at a steady rate."""

    rate: float
    requests: int
    answer_bytes: float
    cpu_microseconds: float
    latency: Latency
    # Delay of the measuring program's timer: the noise of the machine.
    lateness: Latency


@dataclass(frozen=True)
class Sized:
    """Figures that depend on the number of flags; bytes are read from the socket, with heads and chunks."""

    flags: int
    resident_bytes: int
    transfer_bytes: int
    delta_bytes: int
    resume_bytes: int
    open_cpu_microseconds: float
    single: Exchange
    bulk: Exchange
    not_modified: Exchange


@dataclass(frozen=True)
class Idle:
    """Streams that stay open."""

    flags: int
    streams: int
    resident_bytes_per_stream: float
    kernel_bytes_per_stream: float
    heartbeat_bytes: int
    heartbeat_seconds: float
    heartbeat_cpu_microseconds: float
    delta_cpu_microseconds: float


@dataclass(frozen=True)
class Getter:
    """A getter of an SDK, in the process."""

    language: str
    flags: int
    calls: int
    latency: Latency


@dataclass(frozen=True)
class Measured:
    """One run of `make capacity`."""

    date: str
    machine: str
    load_before: float
    is_quick: bool
    note: str
    encodings: list[str]
    sizes: list[Sized]
    idle: Idle
    getters: list[Getter]

    def sized(self, field: str, flags: float) -> float:
        """A figure for any number of flags: on the line through the two measured sizes next to it."""
        points = [(size.flags, number(size, field)) for size in self.sizes]
        pairs = list(itertools.pairwise(points))
        (from_flags, low), (to_flags, high) = next((pair for pair in pairs if flags <= pair[1][0]), pairs[-1])
        return low + (high - low) * (flags - from_flags) / (to_flags - from_flags)

    def to_json(self) -> str:
        """The content of a file."""
        return json.dumps(asdict(self), indent=2) + "\n"


def number(size: Sized, field: str) -> float:
    """A figure by its name; a dot leads into an exchange."""
    value: Json = size
    for name in field.split("."):
        value = getattr(value, name)
    return float(value)


def read(path: Path) -> Measured:
    """Read a file that `Measured.to_json` wrote."""
    found: Json = json.loads(path.read_text(encoding="utf-8"))
    sizes = [
        Sized(**{**size, **{name: exchange(size[name]) for name in ("single", "bulk", "not_modified")}})
        for size in found.pop("sizes")
    ]
    getters = [Getter(**{**getter, "latency": Latency(**getter["latency"])}) for getter in found.pop("getters")]
    return Measured(**{**found, "sizes": sizes, "idle": Idle(**found["idle"]), "getters": getters})


def exchange(found: Json) -> Exchange:
    """Read an exchange from its JSON."""
    latencies = {name: Latency(**found[name]) for name in ("latency", "lateness")}
    return Exchange(**{**found, **latencies})
