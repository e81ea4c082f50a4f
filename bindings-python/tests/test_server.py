"""Against the real server."""

import queue

from flagstaff import Client
from stream_server import PATIENCE


def test_a_flag_that_is_switched_over_http_changes_here(real_server):
    real_server.switch("new-nav", False)
    with Client(real_server.url, real_server.key) as client:
        assert client.ready(timeout=PATIENCE) == "READY"
        assert client.get_boolean_value("new-nav", True, {"targetingKey": "u1"}) is False
        changes = queue.Queue()
        client.on_change(changes.put)
        real_server.switch("new-nav", True)
        while not client.get_boolean_value("new-nav", False, {"targetingKey": "u1"}):
            changes.get(timeout=PATIENCE)
        assert client.get_boolean_details("new-nav", False, {"targetingKey": "u1"}).variant == "on"


def test_a_wrong_key_is_refused(real_server):
    with Client(real_server.url, "fs_server_wrong") as client:
        assert client.ready(timeout=PATIENCE) == "FAILED"
