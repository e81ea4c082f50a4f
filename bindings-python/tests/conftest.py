"""What several tests start from."""

import pytest
from flagstaff import Client
from stream_server import StreamServer

DOCUMENT = {
    "schemaVersion": 1,
    "environment": "test",
    "revision": 3,
    "flags": {
        "bool": {
            "type": "boolean",
            "enabled": True,
            "salt": "s",
            "serve": "off",
            "metadata": {"team": "web", "since": 3},
            "rules": [{"when": {"attribute": "plan", "op": "equals", "value": "pro"}, "serve": "on"}],
        },
        "broken": {"type": "boolean", "enabled": True, "salt": "s", "serve": "no-such-variant"},
        "on": {"type": "boolean", "enabled": True, "salt": "s", "serve": "on"},
        "off": {"type": "boolean", "enabled": False, "salt": "s", "serve": "on"},
        "empty": {
            "type": "string",
            "enabled": True,
            "salt": "s",
            "variants": {"v": ""},
            "offVariant": "v",
            "serve": "v",
        },
        "string": {
            "type": "string",
            "enabled": True,
            "salt": "s",
            "variants": {"v": "ä🚩"},
            "offVariant": "v",
            "serve": "v",
        },
        "integer": {
            "type": "number",
            "enabled": True,
            "salt": "s",
            "variants": {"v": 42},
            "offVariant": "v",
            "serve": "v",
        },
        "fraction": {
            "type": "number",
            "enabled": True,
            "salt": "s",
            "variants": {"v": 1.5},
            "offVariant": "v",
            "serve": "v",
        },
        "huge": {
            "type": "number",
            "enabled": True,
            "salt": "s",
            "variants": {"v": 2**60},
            "offVariant": "v",
            "serve": "v",
        },
        "minus-zero": {
            "type": "number",
            "enabled": True,
            "salt": "s",
            "variants": {"v": -0.0},
            "offVariant": "v",
            "serve": "v",
        },
        "object": {
            "type": "object",
            "enabled": True,
            "salt": "s",
            "variants": {"v": {"list": [1, 2.5, None, {"deep": True}]}},
            "offVariant": "v",
            "serve": "v",
        },
    },
}


@pytest.fixture
def client():
    """Make an offline client of the document above."""
    return Client.from_document(DOCUMENT)


@pytest.fixture
def server():
    """Start a server that streams what the test tells it to."""
    with StreamServer() as server:
        yield server
