"""Opens as many streams as a server allows, and times how soon a change reaches them: `make bench-server` calls it.

usage: holding.py --server FILE --load FILE [--streams COUNT] [--changes COUNT] [--output FILE]
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

from environment import key
from measuring import TYPICAL, kernel_bytes, processor, raise_descriptor_limit, say
from process import FLAG_PATH, Server

KIB = 1_024


def main() -> None:
    """Measure and print the figures."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--server", type=Path, required=True)
    parser.add_argument("--load", type=Path, required=True)
    parser.add_argument("--streams", type=int, default=10_000)
    parser.add_argument("--changes", type=int, default=40)
    parser.add_argument("--output", type=Path, default=Path(__file__).parent.parent / "results/server.json")
    options = parser.parse_args()
    # Ends the server that this program started, too.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit("error: ended from outside"))
    raise_descriptor_limit(options.streams)
    found = {
        "date": time.strftime("%Y-%m-%d"),
        "machine": f"{os.cpu_count()} cores, {processor()}, {platform.system()} {platform.machine()}",
        "loadBefore": round(os.getloadavg()[0], 2),
        "flags": TYPICAL,
        **held(options.server, options.load, options.streams, options.changes),
    }
    options.output.parent.mkdir(parents=True, exist_ok=True)
    options.output.write_text(json.dumps(found, indent=2) + "\n", encoding="utf-8")
    print("\n".join(lines(found)))
    say(f"written: {os.path.relpath(options.output)}")


def held(binary: Path, load: Path, streams: int, changes: int) -> dict[str, Any]:
    """The cost of `streams` streams of one server, and how soon a change reaches them."""
    say(f"{streams:,} streams")
    with Server(binary, TYPICAL, streams=streams) as server:
        resident, kernel = server.resident_bytes(), kernel_bytes()
        with subprocess.Popen(
            [
                *(str(load), "streams", ":".join(map(str, server.address))),
                *("--authorization", server.authorization("server"), "--admin", server.authorization("admin")),
                *("--flag", f"{FLAG_PATH}/{key(0)}", "--streams", str(streams), "--changes", str(changes)),
            ],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        ) as program:
            assert program.stdin is not None
            assert program.stdout is not None
            opened = json.loads(program.stdout.readline() or "null")
            if opened is None:
                raise RuntimeError("the streams were not opened")
            found = {
                "opened": opened,
                "residentBytesPerStream": round((server.resident_bytes() - resident) / streams),
                # Client and server run on this machine: one of the two sockets is the server's.
                "kernelBytesPerStream": round((kernel_bytes() - kernel) / streams / 2),
            }
            before = server.cpu_seconds()
            output, _ = program.communicate("\n")
            if program.returncode != 0:
                raise RuntimeError("the changes did not reach all streams")
        used = server.cpu_seconds() - before
        return {
            **found,
            "residentBytesAfterChanges": server.resident_bytes(),
            "cpuMicrosecondsPerNotice": round(used / streams / changes * 1e6, 1),
            **json.loads(output),
        }


def lines(found: dict[str, Any]) -> list[str]:
    """The figures as text."""
    opened, latency, last = found["opened"], found["latency"], found["last"]
    memory = [found[name] / KIB for name in ("residentBytesPerStream", "kernelBytesPerStream")]
    return [
        f"{found['date']}; {found['machine']}; load average before: {found['loadBefore']}; {found['flags']} flags.",
        f"{opened['streams']:,} streams opened in {opened['seconds']:.1f} s, each with its first transfer.",
        f"A stream takes {memory[0]:.1f} KiB of the process and {memory[1]:.1f} KiB of the kernel.",
        f"From the request that changes a flag to its arrival at a client, {found['changes']} changes,"
        f" {found['arrivals']:,} arrivals: median {latency['p50'] / 1e3:.0f} ms, 99th percentile"
        f" {latency['p99'] / 1e3:.0f} ms, maximum {latency['max'] / 1e3:.0f} ms.",
        f"To the last of all clients: median {last['p50'] / 1e3:.0f} ms. Processor:"
        f" {found['cpuMicrosecondsPerNotice']:.1f} µs of the server for each arrival.",
    ]


if __name__ == "__main__":
    main()
