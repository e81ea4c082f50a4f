"""The measured processes: one for each subject, which respond to requests as lines of JSON and are idle in between.

`do` is the name of a request; the response is one line. All workers (`bench/{rust,python,node}`) support:

    open     {user, kinds: [[flag, kind], …]}   → {}          loads the sets `single` and `bulk`
    answers  {flag, kind, users: […]}               → {values}    the values for these users
    all      {}                                     → {values}    the values of all flags for the user, by key
    sample   {workload, seconds}                    → {ns}        the time of one call, measured for so many seconds
    load     {}                                     → {ns}        from the text of set `large` to a ready client
    memory   {}                                     → {bytes}     what set `large` adds to a new process

and the worker in Rust, in nanoseconds a call, the lowest of the rounds:

    threads  {workload, rounds, seconds}            → {one, two, controlOne, controlTwo}
    swaps    {workload, rounds, seconds}            → {resting, swapping, swaps}   only our SDK; swaps a second
"""

from __future__ import annotations

import json
import os
import subprocess
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType

from workloads import USER, Json, flags_of

# The measurement uses no network; an SDK that tries to connects to a port without a listener.
NOWHERE = "http://127.0.0.1:9"
PROXIES = {"NO_PROXY": "127.0.0.1", "no_proxy": "127.0.0.1"} | dict.fromkeys(
    ("http_proxy", "https_proxy", "HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY"), NOWHERE
)


class WorkerError(Exception):
    """A worker ended without a response."""


@dataclass(frozen=True)
class Launch:
    """The command that starts a worker, and its documents."""

    command: tuple[str, ...]
    documents: Path


class Worker:
    """One process."""

    def __init__(self, launch: Launch) -> None:
        """Start the process; it inherits standard error."""
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
        """Send a request, and wait for the response."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        try:
            self._process.stdin.write(json.dumps({"do": do, **arguments}) + "\n")
            self._process.stdin.flush()
        except BrokenPipeError:
            raise WorkerError(f"{self._command} has ended") from None
        line = self._process.stdout.readline()
        if not line:
            raise WorkerError(f"{self._command} did not respond to `{do}`")
        return json.loads(line)

    def open(self) -> None:
        """Load the flags that the other requests need."""
        self.ask("open", user=USER, kinds=list(flags_of("bulk").items()))

    def sample(self, workload: str, seconds: float) -> float:
        """The nanoseconds of one call."""
        return float(self.ask("sample", workload=workload, seconds=seconds)["ns"])

    def all(self) -> dict[str, Json]:
        """The values of all flags of W5 for the user."""
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
