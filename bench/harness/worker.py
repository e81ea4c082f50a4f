"""The processes that are measured: one for each subject, asked by lines of JSON and silent in between.

A request names itself in `do`; the answer is one line. All workers (`bench/{rust,python,node}`) know:

    open     {user, kinds: [[flag, kind], …]}   → {}          loads the sets `single` and `bulk`
    answers  {flag, kind, users: […]}               → {values}    what these users get
    all      {}                                     → {values}    what the user gets of all flags, by key
    sample   {workload, seconds}                    → {ns}        the time of one call, by calling for so many seconds
    load     {}                                     → {ns}        from the text of set `large` to a client that answers
    memory   {}                                     → {bytes}     what set `large` adds to a fresh process

and the one in Rust, in nanoseconds a call, the lowest of the rounds:

    threads  {workload, rounds, seconds}            → {one, two, controlOne, controlTwo}
    swaps    {workload, rounds, seconds}            → {resting, swapping, swaps}   ours alone; swaps a second
"""

from __future__ import annotations

import json
import os
import subprocess
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType

from workloads import USER, Json, flags_of

# Nothing is asked of the network while measuring; should an SDK try, nobody is there.
NOWHERE = "http://127.0.0.1:9"
PROXIES = {"NO_PROXY": "127.0.0.1", "no_proxy": "127.0.0.1"} | dict.fromkeys(
    ("http_proxy", "https_proxy", "HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY"), NOWHERE
)


class WorkerError(Exception):
    """A worker that ended instead of answering."""


@dataclass(frozen=True)
class Launch:
    """How a worker is started."""

    command: tuple[str, ...]
    documents: Path


class Worker:
    """One process."""

    def __init__(self, launch: Launch) -> None:
        """Start it; its errors go where ours do."""
        self._command = launch.command
        self._process = subprocess.Popen(
            [*launch.command, str(launch.documents)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            encoding="utf-8",
            env={**os.environ, **PROXIES},
        )

    def ask(self, do: str, **arguments: Json) -> Json:
        """Ask, and wait for the answer."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        try:
            self._process.stdin.write(json.dumps({"do": do, **arguments}) + "\n")
            self._process.stdin.flush()
        except BrokenPipeError:
            raise WorkerError(f"{self._command} has ended") from None
        line = self._process.stdout.readline()
        if not line:
            raise WorkerError(f"{self._command} did not answer `{do}`")
        return json.loads(line)

    def open(self) -> None:
        """Have it load what the other requests need."""
        self.ask("open", user=USER, kinds=list(flags_of("bulk").items()))

    def sample(self, workload: str, seconds: float) -> float:
        """The nanoseconds of one call."""
        return float(self.ask("sample", workload=workload, seconds=seconds)["ns"])

    def all(self) -> dict[str, Json]:
        """What the user gets of all flags of W5."""
        values: dict[str, Json] = self.ask("all")["values"]
        return values

    def __enter__(self) -> Worker:
        return self

    def __exit__(
        self, _type: type[BaseException] | None, _error: BaseException | None, _traceback: TracebackType | None
    ) -> None:
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.close()
        self._process.wait(timeout=60)
        self._process.stdout.close()
