"""Measures the cost of a server over loopback: `make capacity` calls it after server and load are built.

usage: measuring.py --server FILE --load FILE --python FILE [--quick] [--note TEXT] [--output FILE]
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import re
import resource
import signal
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

from environment import CONTEXT, document, key
from inputs import Exchange, Getter, Idle, Latency, Measured, Sized
from process import Server
from streams import COMMIT, HEARTBEAT, Stream, transferred, wait_for_commit

BULK = "/ofrep/v1/evaluate/flags"
# As every browser and most HTTP libraries send it.
GZIP = "Accept-Encoding: gzip"
# The streams are measured with the typical number of flags, which the page shows.
SIZES = (10, 200, 1_000)
TYPICAL = 200


@dataclass(frozen=True)
class Effort:
    """Duration and extent of a measurement."""

    seconds: float
    streams: int
    openings: int
    calls: int


FULL = Effort(seconds=60, streams=2_000, openings=400, calls=1_000_000)
QUICK = Effort(seconds=4, streams=500, openings=50, calls=50_000)
# Requests a second for each number of flags: few enough for the smallest machine.
RATE = {10: 500.0, 200: 500.0, 1_000: 200.0}


def main() -> None:
    """Measure and write the figures."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--server", type=Path, required=True)
    parser.add_argument("--load", type=Path, required=True)
    parser.add_argument("--python", type=Path, required=True, help="the interpreter that has our package")
    parser.add_argument("--quick", action="store_true", help="a rough pass in a tenth of the time")
    parser.add_argument("--note", default="", help="a note about this run, for the page")
    parser.add_argument("--output", type=Path, default=Path(__file__).parent.parent / "results/capacity.json")
    options = parser.parse_args()
    effort = QUICK if options.quick else FULL
    # Ends the server that this program started, too.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit("error: ended from outside"))
    raise_descriptor_limit(effort.streams)
    load_before = os.getloadavg()[0]
    sizes = [size(options.server, options.load, flags, effort) for flags in SIZES]
    measured = Measured(
        date=time.strftime("%Y-%m-%d"),
        machine=f"{os.cpu_count()} cores, {processor()}, {platform.system()} {platform.machine()}",
        load_before=round(load_before, 2),
        is_quick=options.quick,
        note=options.note,
        encodings=encodings(options.server),
        sizes=sizes,
        idle=idle(options.server, effort),
        getters=getters(options.load, options.python, effort),
    )
    options.output.parent.mkdir(parents=True, exist_ok=True)
    options.output.write_text(measured.to_json(), encoding="utf-8")
    say(f"written: {os.path.relpath(options.output)}")


def size(binary: Path, load: Path, flags: int, effort: Effort) -> Sized:
    """Measure everything that depends on the number of flags."""
    say(f"{flags} flags")
    with Server(binary, flags) as server:
        resident = server.resident_bytes()
        stream = transferred(server)
        whole = len(stream.received)
        server.change(0, 50)
        delta = stream.read_until(COMMIT)
        resumed = transferred(server, stream.cursor())
        bulk_body = CONTEXT.replace("{}", "0")
        _, headers, answer = server.request("POST", BULK, "server", bulk_body)
        check(answer, flags)
        # The same body for all requests, so that its entity tag is valid for all.
        unchanged = [f"If-None-Match: {headers['etag']}"]
        brief = min(effort.seconds, 10)
        rate = RATE[flags]
        return Sized(
            flags=flags,
            resident_bytes=resident,
            transfer_bytes=whole,
            delta_bytes=len(delta),
            resume_bytes=len(resumed.received),
            open_cpu_microseconds=round(opening(server, effort.openings), 1),
            single=exchange(server, load, f"{BULK}/{key(1)}", CONTEXT, rate, effort.seconds),
            bulk=exchange(server, load, BULK, CONTEXT, rate, effort.seconds),
            not_modified=exchange(server, load, BULK, bulk_body, rate, brief, headers=unchanged, status=304),
        )


def check(answer: bytes, flags: int) -> None:
    """Check the response: a failing request must not be measured."""
    items = json.loads(answer)["flags"]
    if len(items) != flags or any("errorCode" in item for item in items):
        raise RuntimeError(f"not all of {flags} flags have a value: {answer[:500]!r}")


def opening(server: Server, count: int) -> float:
    """CPU time in microseconds of a new stream and its transfer, which is rendered once for all streams."""
    before = server.cpu_seconds()
    for _ in range(count):
        transferred(server).connection.close()
    return (server.cpu_seconds() - before) / count * 1e6


def exchange(
    server: Server,
    load: Path,
    path: str,
    body: str,
    rate: float,
    seconds: float,
    *,
    headers: list[str] | None = None,
    status: int = 200,
) -> Exchange:
    """Send requests of one kind at fixed instants, even if the server is slow."""
    before = server.cpu_seconds()
    warm_up = min(seconds / 4, 2.0)
    output = subprocess.run(
        [
            *(str(load), "requests", ":".join(map(str, server.address)), path, body),
            *("--rate", str(rate), "--seconds", str(seconds), "--warm-up", str(warm_up), "--status", str(status)),
            *(part for header in (server.authorization("server"), GZIP, *(headers or [])) for part in ("-H", header)),
        ],
        check=True,
        capture_output=True,
        text=True,
    ).stdout
    used = server.cpu_seconds() - before
    found = json.loads(output)
    # The warm-up uses CPU time too, at the same rate of requests.
    requests = found["requests"] * (seconds + warm_up) / seconds
    result = Exchange(
        rate=rate,
        requests=found["requests"],
        answer_bytes=round(found["meanBytes"], 1),
        cpu_microseconds=round(used / requests * 1e6, 1),
        latency=latency(found["latency"]),
        lateness=latency(found["lateness"]),
    )
    say(
        f"  {path} ({status}): p50 {result.latency.p50:.0f} µs, p99.9 {result.latency.p999:.0f} µs"
        f" (timer {result.lateness.p999:.0f} µs), {result.cpu_microseconds:.0f} µs of CPU time"
    )
    return result


def latency(found: dict[str, float]) -> Latency:
    """Percentiles, rounded to tenths of a microsecond."""
    return Latency(**{name: round(value, 1) for name, value in found.items()})


def idle(binary: Path, effort: Effort) -> Idle:
    """Measure many idle streams, and then one change."""
    say(f"{effort.streams} streams")
    with Server(binary, TYPICAL, streams=effort.streams + 1) as server:
        # The first stream allocates memory that later streams share.
        first = transferred(server)
        resident, slab = server.resident_bytes(), kernel_bytes()
        streams = [transferred(server) for _ in range(effort.streams)]
        resident_bytes = (server.resident_bytes() - resident) / effort.streams
        # Client and server run on this machine: one of the two sockets is the server's.
        kernel = (kernel_bytes() - slab) / effort.streams / 2
        beat, seconds, beat_cpu = heartbeats(server, first, effort.streams + 1)
        before = server.cpu_seconds()
        server.change(0, 50)
        wait_for_commit(streams)
        delta_cpu = (server.cpu_seconds() - before) / effort.streams * 1e6
        result = Idle(
            flags=TYPICAL,
            streams=effort.streams,
            resident_bytes_per_stream=round(resident_bytes),
            kernel_bytes_per_stream=round(kernel),
            heartbeat_bytes=beat,
            heartbeat_seconds=round(seconds, 1),
            heartbeat_cpu_microseconds=round(beat_cpu, 1),
            delta_cpu_microseconds=round(delta_cpu, 1),
        )
        for stream in streams:
            stream.connection.close()
    each = (result.resident_bytes_per_stream / 1_024, result.kernel_bytes_per_stream / 1_024)
    say(f"  {each[0]:.1f} KiB resident each, {each[1]:.1f} KiB in the kernel")
    return result


def heartbeats(server: Server, stream: Stream, streams: int) -> tuple[int, float, float]:
    """Bytes, interval in seconds and CPU time in microseconds of a heartbeat, over one interval of all streams."""
    stream.read_until(HEARTBEAT)
    first, before = time.monotonic(), server.cpu_seconds()
    beat = stream.read_until(HEARTBEAT)
    seconds = time.monotonic() - first
    return len(beat), seconds, (server.cpu_seconds() - before) / streams * 1e6


def kernel_bytes() -> int:
    """Memory of the kernel's objects, including sockets, and of TCP buffers."""
    meminfo = Path("/proc/meminfo").read_text(encoding="utf-8")
    slab = re.search(r"^Slab: +(\d+) kB$", meminfo, re.MULTILINE)
    buffers = re.search(r"^TCP: .* mem (\d+)$", Path("/proc/net/sockstat").read_text(encoding="utf-8"), re.MULTILINE)
    return (int(slab[1]) * 1_024 if slab else 0) + (int(buffers[1]) * os.sysconf("SC_PAGE_SIZE") if buffers else 0)


def getters(load: Path, python: Path, effort: Effort) -> list[Getter]:
    """A getter in each language, of a flag with a rule, among the typical number of flags."""
    say("getters")
    scripts = Path(__file__).parent / "getters"
    programs = {
        "Rust": (str(load), "getter"),
        "Python": (str(python), str(scripts / "getter.py")),
        "Node": ("node", str(scripts / "getter.mjs")),
    }
    with tempfile.NamedTemporaryFile("w", suffix=".json", encoding="utf-8") as file:
        json.dump(document(TYPICAL), file)
        file.flush()
        asked = (file.name, key(1), json.dumps(json.loads(CONTEXT)["context"]), str(effort.calls))
        results = []
        for language, program in programs.items():
            output = subprocess.run([*program, *asked], check=True, capture_output=True, text=True).stdout
            found = {name: round(value, 2) for name, value in json.loads(output).items()}
            say(f"  {language}: p50 {found['p50']} µs, p99.9 {found['p999']} µs")
            results.append(Getter(language, TYPICAL, effort.calls, Latency(**found)))
    return results


def encodings(binary: Path) -> list[str]:
    """Content codings of the responses to a client that accepts gzip; empty without compression."""
    with Server(binary, TYPICAL) as server:
        gzip_please = dict([GZIP.split(": ")])
        bulk = server.request("POST", BULK, "server", CONTEXT, gzip_please)
        snapshot = server.request("GET", "/api/v1/sdk/snapshot", "server", None, gzip_please)
        stream = transferred(server)
    found = [headers.get("content-encoding", "") for _, headers, _ in (bulk, snapshot)]
    return [encoding for encoding in (*found, stream.encoding()) if encoding]


def raise_descriptor_limit(streams: int) -> None:
    """Allow a descriptor for each stream, here and in the server, which inherits the limit."""
    needed = streams + 500
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if hard != resource.RLIM_INFINITY and hard < needed:
        sys.exit(
            f"error: {streams} streams need {needed} descriptors, and the limit is {hard}: raise it with `ulimit -n`"
        )
    if soft != resource.RLIM_INFINITY and soft < needed:
        resource.setrlimit(resource.RLIMIT_NOFILE, (needed, hard))


def processor() -> str:
    """Model name of the processor, if the system provides it."""
    lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
    return next((line.split(":", 1)[1].strip() for line in lines if line.startswith("model name")), "unknown processor")


def say(text: str) -> None:
    """Print a line about the progress."""
    print(text, file=sys.stderr, flush=True)


if __name__ == "__main__":
    main()
