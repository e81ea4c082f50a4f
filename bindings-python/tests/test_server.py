"""Against the real server, where FLAGSTAFF_SERVER names its binary."""

import json
import os
import queue
import subprocess
import urllib.request

import pytest
from flagstaff import Client
from stream_server import PATIENCE

BINARY = os.environ.get("FLAGSTAFF_SERVER")
TOKEN, KEY = "fs_admin_of_the_tests_of_python", "fs_server_test"

pytestmark = pytest.mark.skipif(not BINARY, reason="FLAGSTAFF_SERVER names no server binary")


@pytest.fixture
def url(tmp_path):
    """Start a server on a free port and an empty database."""
    arguments = ["--listen", "127.0.0.1:0", "--database", f"sqlite://{tmp_path}/flagstaff.db"]
    arguments += ["--admin-token", TOKEN, "--server-key", KEY]
    with subprocess.Popen([BINARY, "serve", *arguments], stdout=subprocess.PIPE, text=True) as process:
        yield process.stdout.readline().removeprefix("listening on ").strip()
        process.terminate()


def put(url, flag, body):
    """Change a flag as a person would."""
    address = f"{url}/api/v1/projects/default/environments/production/flags/{flag}"
    headers = {"Authorization": f"Bearer {TOKEN}", "Content-Type": "application/json"}
    request = urllib.request.Request(address, json.dumps(body).encode(), headers, method="PUT")  # noqa: S310 - loopback
    with urllib.request.urlopen(request, timeout=PATIENCE) as response:  # noqa: S310 - loopback
        assert response.status in (200, 201)


def test_a_flag_that_is_switched_over_http_changes_here(url):
    put(url, "new-nav", {"enabled": False, "rolloutPercentage": 100})
    with Client(url, KEY) as client:
        assert client.ready(timeout=PATIENCE) == "READY"
        assert client.get_boolean_value("new-nav", True, {"targetingKey": "u1"}) is False
        changes = queue.Queue()
        client.on_change(changes.put)
        put(url, "new-nav", {"enabled": True, "rolloutPercentage": 100})
        while not client.get_boolean_value("new-nav", False, {"targetingKey": "u1"}):
            changes.get(timeout=PATIENCE)
        assert client.get_boolean_details("new-nav", False, {"targetingKey": "u1"}).variant == "on"


def test_a_wrong_key_is_refused(url):
    with Client(url, "fs_server_wrong") as client:
        assert client.ready(timeout=PATIENCE) == "FAILED"
