"""What several tests start from."""

import pytest
from flagstaff import Client
from real_server import BINARY, RealServer
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


@pytest.fixture(scope="session")
def real_server(tmp_path_factory):
    """Start a server of this build; tests that share it use flags of different keys."""
    if not BINARY.exists():
        pytest.skip("there is no server: `make test` builds one")
    server = RealServer(tmp_path_factory.mktemp("server"))
    yield server
    server.stop()
