"""Measures our SDKs and the peers in turns, so that a slow minute of the machine is slow for all."""

from __future__ import annotations

import math
import statistics
import sys
import time
from contextlib import ExitStack
from dataclasses import dataclass, field, replace

import checks
from subjects import CALLS, Language, Subject
from worker import Launch, Worker
from workloads import Json


class WrongAnswersError(Exception):
    """A subject returned wrong results."""


@dataclass(frozen=True)
class Effort:
    """The extent of a measurement."""

    rounds: int
    seconds: float
    loads: int
    processes: int


FULL = Effort(rounds=41, seconds=0.01, loads=11, processes=3)
QUICK = Effort(rounds=9, seconds=0.01, loads=3, processes=1)


@dataclass
class Samples:
    """The figures of one subject in one cell, in nanoseconds or bytes."""

    values: list[float] = field(default_factory=list)

    @property
    def lowest(self) -> float:
        """The lowest figure, with the least noise."""
        return min(self.values)

    @property
    def median(self) -> float:
        """The median."""
        return statistics.median(self.values)


@dataclass
class Findings:
    """The figures of one language."""

    language: Language
    #: By subject and cell
    cells: dict[str, dict[str, Samples]] = field(default_factory=dict)
    #: The times of a job that is always the same, in nanoseconds
    control: Samples = field(default_factory=Samples)
    #: By subject and cell, what `threads` answers
    threads: dict[str, dict[str, Json]] = field(default_factory=dict)
    #: By cell, what `swaps` answers for ours
    swaps: dict[str, Json] = field(default_factory=dict)

    def add(self, subject: Subject, cell: str, value: float) -> None:
        """Add a figure."""
        self.cells.setdefault(subject.name, {}).setdefault(cell, Samples()).values.append(value)


def say(message: str) -> None:
    """Print a line about the progress."""
    print(f"bench: {message}", file=sys.stderr, flush=True)


def run(language: Language, launches: dict[str, Launch], effort: Effort) -> Findings:
    """Check and measure the subjects of one language."""
    findings = Findings(language)
    share = replace(
        effort, rounds=math.ceil(effort.rounds / language.starts), loads=math.ceil(effort.loads / language.starts)
    )
    for _ in range(language.starts):
        with ExitStack() as stack:
            workers = {subject: stack.enter_context(Worker(launches[subject.name])) for subject in language.subjects}
            check(language, workers)
            calls(findings, workers, share)
            loads(findings, workers, share)
            if language.name == "rust":
                threads(findings, workers, effort)
                swaps(findings, workers, effort)
    memory(findings, launches, effort)
    return findings


def check(language: Language, workers: dict[Subject, Worker]) -> None:
    """End the run if a subject returns wrong results."""
    for subject, worker in workers.items():
        say(f"{language.title}: checking {subject.title}")
        worker.open()
        if faults := checks.faults(worker):
            raise WrongAnswersError(f"{language.title}, {subject.title}: {'; '.join(faults)}")


def calls(findings: Findings, workers: dict[Subject, Worker], effort: Effort) -> None:
    """Measure W1 to W5."""
    for cell in CALLS:
        say(f"{findings.language.title}: {cell}")
        for worker in workers.values():
            # The first sample determines the number of calls, and warms up.
            worker.sample(cell, effort.seconds)
        for _ in range(effort.rounds):
            findings.control.values.append(control())
            for subject, worker in workers.items():
                findings.add(subject, cell, worker.sample(cell, effort.seconds))


def loads(findings: Findings, workers: dict[Subject, Worker], effort: Effort) -> None:
    """Measure loading: from text to a client that can evaluate."""
    say(f"{findings.language.title}: loading")
    for _ in range(effort.loads):
        findings.control.values.append(control())
        for subject, worker in workers.items():
            if "load" in subject.cells:
                findings.add(subject, "load", worker.ask("load")["ns"])


def threads(findings: Findings, workers: dict[Subject, Worker], effort: Effort) -> None:
    """Measure one thread and two."""
    say(f"{findings.language.title}: two threads")
    for subject, worker in workers.items():
        if subject.vendor:
            continue
        findings.threads[subject.name] = {
            cell: worker.ask("threads", workload=cell, rounds=effort.rounds, seconds=effort.seconds * 2)
            for cell in ("W1", "W3")
        }


def swaps(findings: Findings, workers: dict[Subject, Worker], effort: Effort) -> None:
    """Measure one thread of our client while snapshots are swapped."""
    say(f"{findings.language.title}: swaps of the snapshot")
    (ours,) = (worker for subject, worker in workers.items() if subject.name == "flagstaff")
    for cell in ("W1", "W3"):
        findings.swaps[cell] = ours.ask("swaps", workload=cell, rounds=effort.rounds, seconds=effort.seconds * 2)


def memory(findings: Findings, launches: dict[str, Launch], effort: Effort) -> None:
    """Measure the memory of 10,000 flags, each time in a new process."""
    say(f"{findings.language.title}: memory")
    for _ in range(effort.processes):
        for subject in findings.language.subjects:
            if "memory" in subject.cells:
                with Worker(launches[subject.name]) as worker:
                    findings.add(subject, "memory", worker.ask("memory")["bytes"])


def control() -> float:
    """A constant job of about a millisecond."""
    start = time.perf_counter_ns()
    sum(range(100_000))
    return time.perf_counter_ns() - start
