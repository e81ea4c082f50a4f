"""Bindings as processes that get many requests at once"""

import subprocess
import threading
from pathlib import Path

TESTEE = Path(__file__).parents[1] / "testee"
PATIENCE = 1800.0  # seconds for a batch, also on a busy machine; a testee that needs longer hangs


class SilentError(Exception):
    """A testee ended or hung before it had responded to all requests"""


class Process:
    """A testee of one binding, started at the first request, and again after it has ended"""

    def __init__(self, binding: str) -> None:
        """`binding` is an argument of conformance/testee"""
        self.binding = binding
        self.process: subprocess.Popen | None = None

    def ask(self, lines: list[str]) -> "Answers":
        """Send lines without waiting for the responses"""
        if self.process is None:
            self.process = subprocess.Popen([TESTEE, self.binding], stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        return Answers(self, lines)

    def close(self) -> None:
        """End the testee by closing its input"""
        if self.process is None:
            return
        try:
            self.process.communicate(timeout=10)
        except (subprocess.TimeoutExpired, BrokenPipeError, ValueError):
            self.process.kill()
            self.process.wait()
        self.process = None


class Answers:
    """The responses to a batch: one thread writes the requests while another reads the responses"""

    def __init__(self, owner: Process, lines: list[str]) -> None:
        """Start both threads"""
        self.owner, self.expected = owner, len(lines)
        self.found: list[str] = []
        process = owner.process
        self.threads = [
            threading.Thread(target=self.write, args=(process, lines), daemon=True),
            threading.Thread(target=self.read, args=(process,), daemon=True),
        ]
        for thread in self.threads:
            thread.start()

    @staticmethod
    def write(process: subprocess.Popen, lines: list[str]) -> None:
        """Write every line; the reading thread notices if the testee has ended"""
        try:
            process.stdin.write("".join(line + "\n" for line in lines).encode())
            process.stdin.flush()
        except (BrokenPipeError, ValueError):
            pass

    def read(self, process: subprocess.Popen) -> None:
        """Read one line for each request"""
        while len(self.found) < self.expected and (line := process.stdout.readline()):
            self.found.append(line.decode(errors="replace").rstrip("\n"))

    def wait(self) -> list[str]:
        """All responses; raises SilentError if some are missing"""
        self.threads[1].join(PATIENCE)
        if len(self.found) == self.expected:
            self.threads[0].join()
            return self.found
        owner = self.owner
        owner.process.kill()
        owner.process.wait()
        owner.process = None
        raise SilentError(f"`{owner.binding}` returned {len(self.found)} of {self.expected} responses")
