"""The tables of docs/capacity.md with measured figures."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from figures import milliseconds, plain, row, short
from inputs import Exchange
from scene import Scene
from sizing import GIBIBYTE
from traffic import MICRO

TARGET_MILLISECONDS = 5


def node_table(scene: Scene) -> Iterator[str]:
    """The throughput of one node, for each kind of work by itself."""
    measured, assumptions, idle = scene.measured, scene.assumptions, scene.measured.idle
    per_stream = idle.resident_bytes_per_stream + idle.kernel_bytes_per_stream
    yield "| one core handles, at most | a second |"
    yield "|---|---|"
    costs: list[tuple[str, Callable[[float], float]]] = [
        ("evaluations of one flag (OFREP)", lambda flags: measured.sized("single.cpu_microseconds", flags)),
        ("bulk evaluations (OFREP)", lambda flags: measured.sized("bulk.cpu_microseconds", flags)),
        (
            "bulk evaluations that are unchanged (304)",
            lambda flags: measured.sized("not_modified.cpu_microseconds", flags),
        ),
        ("new streams with their first transfer", lambda flags: measured.sized("open_cpu_microseconds", flags)),
    ]
    for name, cost in costs:
        yield row(f"{name}, {plain(assumptions.flags)} flags", short(1 / (cost(assumptions.flags) * MICRO)))
    yield row(
        "streams notified of a change",
        short(1 / (idle.delta_cpu_microseconds * MICRO)) if idle.delta_cpu_microseconds else "",
    )
    yield ""
    memory = GIBIBYTE / per_stream
    yield (
        f"A silent stream uses {idle.resident_bytes_per_stream / 1_024:.1f} KiB of the process and"
        f" {idle.kernel_bytes_per_stream / 1_024:.1f} KiB of the kernel, and {idle.heartbeat_bytes} bytes every"
        f" {idle.heartbeat_seconds:.0f} s: {short(memory)} streams in a GiB, if nothing else limits them. Measured with"
        f" {idle.streams:,} streams and {idle.flags} flags."
    )


def measured_table(scene: Scene) -> Iterator[str]:
    """The figures of the measurement."""
    measured = scene.measured
    circumstances = (
        measured.date,
        measured.machine,
        f"load average before: {measured.load_before}",
        *(("a rough pass",) if measured.is_quick else ()),
        *((measured.note,) if measured.note else ()),
    )
    yield f"{'; '.join(circumstances)}."
    compression = ", ".join(measured.encodings) if measured.encodings else "none"
    yield f"Compression by the server: {compression}."
    yield ""
    yield "| | " + " | ".join(f"{each.flags:,} flags" for each in measured.sizes) + " |"
    yield "|---|" + "---|" * len(measured.sizes)
    rows: list[tuple[str, Callable[[int], str]]] = [
        ("memory of a new process", lambda at: f"{measured.sizes[at].resident_bytes / 1e6:.1f} MB"),
        ("first transfer of a stream", lambda at: f"{measured.sizes[at].transfer_bytes:,} B"),
        ("a change of one flag", lambda at: f"{measured.sizes[at].delta_bytes} B"),
        ("a stream that resumes without changes", lambda at: f"{measured.sizes[at].resume_bytes} B"),
        ("a new stream, CPU time", lambda at: f"{measured.sizes[at].open_cpu_microseconds:.0f} µs"),
        ("OFREP single, response", lambda at: f"{measured.sizes[at].single.answer_bytes:.0f} B"),
        ("OFREP single, CPU time", lambda at: f"{measured.sizes[at].single.cpu_microseconds:.0f} µs"),
        ("OFREP bulk, response", lambda at: f"{measured.sizes[at].bulk.answer_bytes:,.0f} B"),
        ("OFREP bulk, CPU time", lambda at: f"{measured.sizes[at].bulk.cpu_microseconds:.0f} µs"),
        ("OFREP bulk unchanged (304), response", lambda at: f"{measured.sizes[at].not_modified.answer_bytes:.0f} B"),
        (
            "OFREP bulk unchanged (304), CPU time",
            lambda at: f"{measured.sizes[at].not_modified.cpu_microseconds:.0f} µs",
        ),
    ]
    for name, show in rows:
        yield row(name, *(show(at) for at in range(len(measured.sizes))))


def latency_table(scene: Scene) -> Iterator[str]:
    """Latency of responses."""
    yield "| request | flags | a second | requests | p50 | p99 | p99.9 | max | p99.9 of the timer's delay |"
    yield "|---|---|---|---|---|---|---|---|---|"
    exchanges = [
        (name, each, getattr(each, field))
        for name, field in (("single", "single"), ("bulk", "bulk"))
        for each in scene.measured.sizes
    ]
    for name, each, exchange in exchanges:
        times = exchange.latency
        figures = (times.p50, times.p99, times.p999, times.max, exchange.lateness.p999)
        yield row(
            name,
            f"{each.flags:,}",
            plain(exchange.rate),
            f"{exchange.requests:,}",
            *(milliseconds(value) for value in figures),
        )
    yield ""
    yield verdict([exchange for _, _, exchange in exchanges])


def getters_table(scene: Scene) -> Iterator[str]:
    """Time of an evaluation in a process."""
    yield "| getter of the SDK | calls | p50 | p99 | p99.9 | max |"
    yield "|---|---|---|---|---|---|"
    for getter in scene.measured.getters:
        times = getter.latency
        figures = (f"{value:.2f} µs" for value in (times.p50, times.p99, times.p999))
        yield row(getter.language, f"{getter.calls:,}", *figures, milliseconds(times.max))


def verdict(exchanges: list[Exchange]) -> str:
    """Whether the bound of 5 ms holds."""
    worst = max(exchange.latency.p999 for exchange in exchanges) / 1_000
    word = "holds" if worst < TARGET_MILLISECONDS else "**does not hold**"
    return (
        f"The bound of {TARGET_MILLISECONDS} ms at the 99.9th percentile {word} in this run:"
        f" the worst is {worst:.1f} ms, including the delay of the measuring program."
    )
