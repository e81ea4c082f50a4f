"""Measures: ours and theirs in turns, so that a slow minute of the machine is slow for all."""

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
    """A subject answers what the workloads do not say."""


@dataclass(frozen=True)
class Effort:
    """How much is measured."""

    rounds: int
    seconds: float
    loads: int
    processes: int


FULL = Effort(rounds=41, seconds=0.01, loads=11, processes=3)
QUICK = Effort(rounds=9, seconds=0.01, loads=3, processes=1)


@dataclass
class Samples:
    """What was found for one subject in one cell, in nanoseconds or bytes."""

    values: list[float] = field(default_factory=list)

    @property
    def lowest(self) -> float:
        """The lowest: what the machine gives when nothing disturbs it."""
        return min(self.values)

    @property
    def median(self) -> float:
        """The median: what it gave."""
        return statistics.median(self.values)


@dataclass
class Findings:
    """What was found for one language."""

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
        """Keep one figure."""
        self.cells.setdefault(subject.name, {}).setdefault(cell, Samples()).values.append(value)


def say(message: str) -> None:
    """Tell who waits."""
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
    """End the run where a subject answers wrongly."""
    for subject, worker in workers.items():
        say(f"{language.title}: checking {subject.title}")
        worker.open()
        if faults := checks.faults(worker):
            raise WrongAnswersError(f"{language.title}, {subject.title}: {'; '.join(faults)}")


def calls(findings: Findings, workers: dict[Subject, Worker], effort: Effort) -> None:
    """W1 to W5."""
    for cell in CALLS:
        say(f"{findings.language.title}: {cell}")
        for worker in workers.values():
            # The first sample finds how many calls fill one, and warms up.
            worker.sample(cell, effort.seconds)
        for _ in range(effort.rounds):
            findings.control.values.append(control())
            for subject, worker in workers.items():
                findings.add(subject, cell, worker.sample(cell, effort.seconds))


def loads(findings: Findings, workers: dict[Subject, Worker], effort: Effort) -> None:
    """From text to a client that answers."""
    say(f"{findings.language.title}: loading")
    for _ in range(effort.loads):
        findings.control.values.append(control())
        for subject, worker in workers.items():
            if "load" in subject.cells:
                findings.add(subject, "load", worker.ask("load")["ns"])


def threads(findings: Findings, workers: dict[Subject, Worker], effort: Effort) -> None:
    """One thread and two."""
    say(f"{findings.language.title}: two threads")
    for subject, worker in workers.items():
        findings.threads[subject.name] = {
            cell: worker.ask("threads", workload=cell, rounds=effort.rounds, seconds=effort.seconds * 2)
            for cell in ("W1", "W3")
        }


def swaps(findings: Findings, workers: dict[Subject, Worker], effort: Effort) -> None:
    """One thread of ours while snapshots are swapped."""
    say(f"{findings.language.title}: swaps of the snapshot")
    (ours,) = (worker for subject, worker in workers.items() if subject.name == "flagstaff")
    for cell in ("W1", "W3"):
        findings.swaps[cell] = ours.ask("swaps", workload=cell, rounds=effort.rounds, seconds=effort.seconds * 2)


def memory(findings: Findings, launches: dict[str, Launch], effort: Effort) -> None:
    """What 10,000 flags hold, each time in a fresh process."""
    say(f"{findings.language.title}: memory")
    for _ in range(effort.processes):
        for subject in findings.language.subjects:
            if "memory" in subject.cells:
                with Worker(launches[subject.name]) as worker:
                    findings.add(subject, "memory", worker.ask("memory")["bytes"])


def control() -> float:
    """A job that is always the same, about a millisecond long."""
    start = time.perf_counter_ns()
    sum(range(100_000))
    return time.perf_counter_ns() - start
