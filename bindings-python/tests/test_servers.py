"""Under the servers that people use: every worker process follows the server, hears of changes, and ends by itself."""

import json
import os
import socket
import subprocess
import sys
import time
import urllib.request
from pathlib import Path

import pytest
from stream_server import PATIENCE

HERE = Path(__file__).parent / "servers"
GUNICORN = ["-m", "gunicorn", "--workers", "2", "--bind", "127.0.0.1:{port}", "--graceful-timeout", "5", "served:app"]
UWSGI = [
    "-c",
    "import pyuwsgi; pyuwsgi.run()",
    "--http-socket",
    "127.0.0.1:{port}",
    "--master",
    "--processes",
    "2",
    "--module",
    "served:app",
]
UWSGI += ["--die-on-term", "--need-app", "--disable-logging"]
UVICORN = ["-m", "uvicorn", "--workers", "2", "--port", "{port}", "--log-level", "warning", "served:asgi"]

SERVERS = {
    f"gunicorn {kind}{' --preload' if preload else ''}": [*GUNICORN, "--worker-class", kind, *preload]
    for kind in ("sync", "gthread", "gevent")
    for preload in ([], ["--preload"])
}
SERVERS |= {
    f"uwsgi {' '.join(options)}".strip(): [*UWSGI, *options]
    for options in ([], ["--enable-threads"], ["--lazy-apps"], ["--lazy-apps", "--enable-threads"])
}
SERVERS |= {
    "uvicorn asyncio": [*UVICORN, "--loop", "asyncio"],
    "uvicorn uvloop": [*UVICORN, "--loop", "uvloop"],
}


class Running:
    """A server under test, in a process of its own."""

    def __init__(self, command, environment, log):
        """Start it on a free port."""
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            self._port = free.getsockname()[1]
        self.log = log
        command = [sys.executable, *(argument.format(port=self._port) for argument in command)]
        with log.open("w") as output:
            self._process = subprocess.Popen(
                command, cwd=HERE, env=environment, stdout=output, stderr=subprocess.STDOUT
            )

    def ask(self):
        """Return the state of one of its worker processes."""
        until = time.monotonic() + PATIENCE
        while True:
            try:
                with urllib.request.urlopen(f"http://127.0.0.1:{self._port}/", timeout=PATIENCE) as response:
                    return json.loads(response.read())
            except OSError:
                assert self._process.poll() is None, self.log.read_text()
                assert time.monotonic() < until, self.log.read_text()
                time.sleep(0.05)

    def stop(self):
        """Ask it to end, and return its exit code."""
        self._process.terminate()
        try:
            return self._process.wait(PATIENCE)
        finally:
            self._process.kill()


@pytest.fixture(scope="module")
def running(real_server, tmp_path_factory):
    """Start all servers at once, and switch the flag when each has answered."""
    logs = tmp_path_factory.mktemp("servers")
    real_server.switch("served", False)
    environment = {**os.environ, "FLAGSTAFF_URL": real_server.url, "FLAGSTAFF_KEY": real_server.key}
    servers = {}
    try:
        for number, (name, command) in enumerate(SERVERS.items()):
            servers[name] = Running(command, environment, logs / f"{number}.log")
        for server in servers.values():
            state = server.ask()
            assert (state["ready"], state["value"]) == ("READY", False), server.log.read_text()
        real_server.switch("served", True)
        yield servers
    finally:
        for server in servers.values():
            server.stop()


@pytest.mark.parametrize("name", SERVERS)
def test_every_worker_follows_the_server(running, name):
    server = running[name]
    until, workers = time.monotonic() + PATIENCE, {}
    while True:
        state = server.ask()
        workers[state["pid"]] = state
        arrived = [state for state in workers.values() if state["value"] and state["changes"] and state["records"]]
        if len(arrived) == 2:
            break
        assert time.monotonic() < until, (workers, server.log.read_text())
        time.sleep(0.02)
    assert {state["yields"] for state in workers.values()} == {True if "gevent" in name else None}
    assert server.stop() in (0, -15), server.log.read_text()
    assert "Traceback" not in server.log.read_text(), server.log.read_text()


def test_the_processes_of_a_celery_worker_follow_the_server(real_server, tmp_path):
    real_server.switch("served", False)
    (tmp_path / "queue").mkdir()
    (tmp_path / "results").mkdir()
    environment = {**os.environ, "FLAGSTAFF_URL": real_server.url, "FLAGSTAFF_KEY": real_server.key}
    environment["CELERY_FOLDER"] = str(tmp_path)
    log = tmp_path / "log"
    command = [
        "-m",
        "celery",
        "--app",
        "served:celery",
        "worker",
        "--pool",
        "prefork",
        "--concurrency",
        "2",
        "--loglevel",
        "warning",
    ]
    with log.open("w") as output:
        worker = subprocess.Popen(
            [sys.executable, *command], cwd=HERE, env=environment, stdout=output, stderr=subprocess.STDOUT
        )
    script = "import served, json; tasks = [served.task.delay() for _ in range(8)]; "
    script += "print(json.dumps([task.get(timeout=20, interval=0.02) for task in tasks]))"

    def states():
        result = subprocess.run(
            [sys.executable, "-c", script], cwd=HERE, env=environment, capture_output=True, text=True, check=False
        )
        assert result.returncode == 0, result.stderr + log.read_text()
        return json.loads(result.stdout)

    try:
        assert not any(state["value"] for state in states())
        real_server.switch("served", True)
        until = time.monotonic() + PATIENCE
        while not all(state["value"] and state["changes"] and state["records"] for state in states()):
            assert time.monotonic() < until, log.read_text()
        worker.terminate()
        assert worker.wait(PATIENCE) == 0, log.read_text()
        assert "Traceback" not in log.read_text(), log.read_text()
    finally:
        worker.kill()
