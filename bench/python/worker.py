"""The Python worker of `make bench`: one subject in one process, which responds to lines of JSON.

usage: worker.py SUBJECT FOLDER, where FOLDER contains the documents that bench/harness writes.
bench/harness/worker.py describes the lines.
"""

from __future__ import annotations

import ctypes
import gc
import importlib
import json
import os
import sys
import time
import timeit
from collections.abc import Iterator
from importlib.metadata import version
from pathlib import Path
from typing import Any

from subject import Json, Subject, User

SUBJECTS = {
    "flagstaff": "flagstaff_sdk.Prepared",
    "flagstaff-plain": "flagstaff_sdk.Plain",
    "eppo": "eppo.Eppo",
    "statsig": "statsig.StatsigCore",
    "flagsmith": "flagsmith.Flagsmith",
    "posthog": "posthog_sdk.LocalPosthog",
}


class Worker:
    """Responds to the lines of the harness."""

    def __init__(self, subject: type[Subject], folder: Path) -> None:
        """`folder` contains the documents."""
        self.subject = subject
        self.folder = folder
        self.timers: dict[str, tuple[timeit.Timer, int]] = {}

    def load(self, name: str) -> Subject:
        """A subject that serves set `name`."""
        subject = self.subject()
        subject.load(self.folder / f"{subject.format}-{name}.json")
        return subject

    def open(self, user: User, kinds: list[tuple[str, str]]) -> Json:
        """Load the sets that the other requests need."""
        self.user = user
        self.flags = kinds
        self.single = self.load("single")
        self.bulk = self.load("bulk")
        return {"version": version(self.subject.distribution)}

    def answers(self, flag: str, kind: str, users: list[User]) -> Json:
        """The values for users."""
        call = compile(self.expression(kind).format(flag=flag), flag, "eval")
        # The expressions come from this folder.
        return {"values": [eval(call, self.names(self.single, user)) for user in users]}  # noqa: S307

    def all(self) -> Json:
        """The values of all flags for the user."""
        answers = eval(self.subject.every, self.names(self.bulk, self.user))  # noqa: S307
        return {"values": {flag: self.bulk.read(answer) for flag, answer in answers.items()}}

    def sample(self, workload: str, seconds: float) -> Json:
        """The nanoseconds of one call."""
        if workload not in self.timers:
            self.timers[workload] = self.calibrate(workload, seconds)
        timer, count = self.timers[workload]
        return {"ns": timer.timeit(count) / count * 1e9}

    def calibrate(self, workload: str, seconds: float) -> tuple[timeit.Timer, int]:
        """A timer, and the number of calls that take about `seconds`."""
        subject = self.bulk if workload == "W5" else self.single
        call = self.expression(workload).format(flag=workload.lower()) if workload != "W5" else self.subject.every
        # Garbage collection is part of the cost.
        timer = timeit.Timer(call, setup="gc.enable()", globals={**self.names(subject, self.user), "gc": gc})
        count = 1
        while (took := timer.timeit(count)) < seconds / 2:
            count *= 2
        return timer, max(1, int(count * seconds / took))

    def load_time(self) -> Json:
        """The time from text to a client that can evaluate."""
        gc.collect()
        start = time.perf_counter_ns()
        subject = self.load("large")
        took = time.perf_counter_ns() - start
        subject.close()
        return {"ns": took}

    def memory(self) -> Json:
        """The memory that 10,000 flags add to a new process."""
        # Excludes what the first load allocates once.
        self.load("small").close()
        before = resident()
        subject = self.load("large")
        after = resident()
        subject.close()
        return {"bytes": max(0, after - before)}

    def expression(self, kind: str) -> str:
        """The call of a workload with one flag."""
        return self.subject.text if kind == "W3" else self.subject.boolean

    def names(self, subject: Subject, user: User) -> dict[str, Any]:
        """The names in an expression."""
        return {"client": subject.client, "flags": self.flags, **subject.names(user)}


def resident() -> int:
    """The resident memory of this process in bytes, after freed memory was returned to the system."""
    gc.collect()
    trim = getattr(ctypes.CDLL(None), "malloc_trim", None)
    if trim is not None:
        trim(0)
    return int(Path("/proc/self/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")


def answers(worker: Worker, lines: Iterator[str]) -> Iterator[Json]:
    """The response to a line."""
    requests = {
        "open": worker.open,
        "answers": worker.answers,
        "all": worker.all,
        "sample": worker.sample,
        "load": worker.load_time,
        "memory": worker.memory,
    }
    for line in lines:
        request = json.loads(line)
        yield requests[request.pop("do")](**request)


def main() -> None:
    """Respond until standard input ends."""
    name, folder = sys.argv[1:]
    # The output of an SDK must not go into the responses.
    out = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(2, 1)
    module, subject = SUBJECTS[name].split(".")
    worker = Worker(getattr(importlib.import_module(f"subjects.{module}"), subject), Path(folder))
    for answer in answers(worker, iter(sys.stdin.readline, "")):
        print(json.dumps(answer), file=out, flush=True)
    # Does not wait for threads of an SDK that wait for the network.
    os._exit(0)


if __name__ == "__main__":
    main()
