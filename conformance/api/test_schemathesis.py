"""Runs schemathesis against a server: every answer is one that the OpenAPI document tells of, and none is a failure."""

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

HERE = Path(__file__).parent
SERVER = os.environ.get("FLAGSTAFF_SERVER", HERE / "../../target/debug/flagstaff")
ADMIN, KEY = "admin-of-the-tests-of-the-api", "server-of-the-api-tests"


@pytest.fixture
def address(tmp_path: Path) -> Iterator[str]:
    """The address of a server that has nothing in it but its keys."""
    database = f"sqlite://{tmp_path / 'flagstaff.db'}"
    arguments = ["--listen", "127.0.0.1:0", "--database", database, "--admin-token", ADMIN, "--server-key", KEY]
    with (tmp_path / "log").open("wb") as log:
        server = subprocess.Popen([SERVER, "serve", *arguments], stdout=subprocess.PIPE, stderr=log, text=True)
        try:
            assert server.stdout is not None
            yield server.stdout.readline().removeprefix("listening on ").strip()
        finally:
            server.terminate()
            server.wait(timeout=20)


@pytest.mark.timeout(300)
def test_every_answer_is_documented(address: str, tmp_path: Path) -> None:
    """No 5xx, no status, header or body that is not in the document, and nothing accepted that it forbids."""
    command = [sys.executable, "-m", "schemathesis.cli", "--config-file", str(HERE / "schemathesis.toml"), "run"]
    environment = {**os.environ, "FLAGSTAFF_ADMIN_TOKEN": ADMIN, "FLAGSTAFF_SERVER_KEY": KEY}
    document = f"{address}/api/v1/openapi.json"
    run = subprocess.run(
        [*command, document, "--report-dir", str(tmp_path)],
        cwd=HERE,
        env=environment,
        check=False,
        capture_output=True,
        text=True,
    )
    assert run.returncode == 0, run.stdout + run.stderr
