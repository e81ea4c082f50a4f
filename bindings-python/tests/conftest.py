"""What several tests start from."""

import pytest
from flagstaff import Client
from sample import DOCUMENT
from stream_server import StreamServer


@pytest.fixture
def client():
    """Make an offline client of the sample."""
    return Client.from_document(DOCUMENT)


@pytest.fixture
def server():
    """Start a server that streams what the test tells it to."""
    with StreamServer() as server:
        yield server
