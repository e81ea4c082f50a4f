"""Runs schemathesis against a server: every response conforms to the OpenAPI document, and none is a server error."""

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

HERE = Path(__file__).parent
SERVER = os.environ.get("FLAGSTAFF_BINARY", HERE / "../../target/debug/flagstaff")
ADMIN, KEY = "admin-of-the-tests-of-the-api", "server-of-the-api-tests"


@pytest.fixture
def address(tmp_path: Path) -> Iterator[str]:
    """The address of a server without any data but its keys."""
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


@pytest.mark.timeout(1200)
def test_every_answer_is_documented(address: str, tmp_path: Path) -> None:
    """No 5xx, no undocumented status, header or body, and no accepted request that the document forbids."""
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
