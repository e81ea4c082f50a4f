"""Bindings as processes: many questions are under way at once"""

import subprocess
import threading
from pathlib import Path

TESTEE = Path(__file__).parents[1] / "testee"
PATIENCE = 300.0  # seconds for a batch; a testee that needs longer hangs


class SilentError(Exception):
    """A testee ended or hung before it had answered everything"""


class Process:
    """A testee of one binding, started when it is first asked and again after it has ended"""

    def __init__(self, binding: str) -> None:
        """`binding` is an argument of conformance/testee"""
        self.binding = binding
        self.process: subprocess.Popen | None = None

    def ask(self, lines: list[str]) -> "Answers":
        """Send lines without waiting for their answers"""
        if self.process is None:
            self.process = subprocess.Popen([TESTEE, self.binding], stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        return Answers(self, lines)

    def close(self) -> None:
        """End it; the end of its input tells it to"""
        if self.process is None:
            return
        try:
            self.process.communicate(timeout=10)
        except (subprocess.TimeoutExpired, BrokenPipeError, ValueError):
            self.process.kill()
            self.process.wait()
        self.process = None


class Answers:
    """The answers to a batch, read by a thread while another one writes"""

    def __init__(self, owner: Process, lines: list[str]) -> None:
        """Both threads start at once"""
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
        """Write every line; a testee that has ended is noticed by the reader"""
        try:
            process.stdin.write("".join(line + "\n" for line in lines).encode())
            process.stdin.flush()
        except (BrokenPipeError, ValueError):
            pass

    def read(self, process: subprocess.Popen) -> None:
        """Read as many lines as there were questions"""
        while len(self.found) < self.expected and (line := process.stdout.readline()):
            self.found.append(line.decode(errors="replace").rstrip("\n"))

    def wait(self) -> list[str]:
        """All answers; SilentError tells how many there were if some are missing"""
        self.threads[1].join(PATIENCE)
        if len(self.found) == self.expected:
            self.threads[0].join()
            return self.found
        owner = self.owner
        owner.process.kill()
        owner.process.wait()
        owner.process = None
        raise SilentError(f"`{owner.binding}` gave {len(self.found)} of {self.expected} answers")
