"""Starts a server as a process, on a free port and with its data in a temporary folder."""

from __future__ import annotations

import http.client
import json
import secrets
import socket
import subprocess
import tempfile
import time
from pathlib import Path
from types import TracebackType

from environment import document, key

FLAG_PATH = "/api/v1/projects/default/environments/production/flags"


class Server:
    """One process that serves `flags` flags."""

    def __init__(self, binary: Path, flags: int, *, streams: int = 10_000) -> None:
        """Start it, and wait until it listens."""
        self._folder = tempfile.TemporaryDirectory(prefix="flagstaff-capacity-")
        seed = Path(self._folder.name) / "seed.json"
        seed.write_text(json.dumps(document(flags)), encoding="utf-8")
        self.keys = {kind: f"fs_{kind}_{secrets.token_hex(16)}" for kind in ("admin", "server", "client")}
        self._errors = (Path(self._folder.name) / "errors").open("w+", encoding="utf-8")
        self._process = subprocess.Popen(
            [
                *(str(binary), "serve", "--listen", "127.0.0.1:0", "--max-streams", str(streams)),
                # All clients have the same address.
                *("--max-streams-key", "0", "--max-streams-address", "0", "--max-connections-address", "0"),
                *("--database", f"sqlite://{self._folder.name}/flags.db", "--seed", str(seed)),
                *("--admin-token", self.keys["admin"]),
                *("--server-key", self.keys["server"], "--client-key", self.keys["client"]),
            ],
            stdout=subprocess.PIPE,
            stderr=self._errors,
            text=True,
            env={},
        )
        assert self._process.stdout is not None
        line = self._process.stdout.readline().strip()
        if "://" not in line:
            self._errors.seek(0)
            raise RuntimeError(f"the server did not start: {self._errors.read()}")
        host, port = line.rpartition("//")[2].split(":")
        self.address = (host, int(port))

    def authorization(self, kind: str) -> str:
        """The header with the key of this kind."""
        return f"Authorization: Bearer {self.keys[kind]}"

    def change(self, number: int, percentage: int) -> None:
        """Change the rollout of a flag."""
        body = json.dumps({"enabled": True, "rolloutPercentage": percentage})
        status, _, answer = self.request("PUT", f"{FLAG_PATH}/{key(number)}", "admin", body)
        if status != http.client.OK:
            raise RuntimeError(f"the change was refused: {status} {answer!r}")

    def request(
        self, method: str, path: str, kind: str, body: str | None = None, headers: dict[str, str] | None = None
    ) -> tuple[int, dict[str, str], bytes]:
        """Send a request on a new connection; return status, headers and body."""
        connection = http.client.HTTPConnection(*self.address, timeout=30)
        try:
            connection.request(
                method,
                path,
                body,
                {"Authorization": f"Bearer {self.keys[kind]}", "Content-Type": "application/json", **(headers or {})},
            )
            response = connection.getresponse()
            return response.status, {name.lower(): value for name, value in response.getheaders()}, response.read()
        finally:
            connection.close()

    def connect(self) -> socket.socket:
        """Open a connection without sending a request."""
        return socket.create_connection(self.address, timeout=30)

    def cpu_seconds(self) -> float:
        """CPU time of the process, including the kernel and ended threads."""
        # clock_getcpuclockid(3), which Python does not have; /proc/PID/stat has a resolution of only 10 ms.
        return time.clock_gettime((~self._process.pid << 3) | 2)

    def resident_bytes(self) -> int:
        """Resident memory."""
        status = Path(f"/proc/{self._process.pid}/status").read_text(encoding="utf-8")
        line = next(line for line in status.splitlines() if line.startswith("VmRSS:"))
        return int(line.split()[1]) * 1_024

    def __enter__(self) -> Server:
        return self

    def __exit__(
        self, _type: type[BaseException] | None, _error: BaseException | None, _traceback: TracebackType | None
    ) -> None:
        self._process.terminate()
        try:
            self._process.wait(timeout=20)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        assert self._process.stdout is not None
        self._process.stdout.close()
        self._errors.close()
        self._folder.cleanup()
