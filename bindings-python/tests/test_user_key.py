"""Contexts that name their user by another word than `targetingKey`."""

import logging
import queue

import pytest
from flagstaff import Client, ConfigurationError, PreparedContext
from stream_server import PATIENCE

FLAG = {"type": "boolean", "enabled": True, "serve": {"variant": "on", "rollout": 99.999}}
DOCUMENT = {"schemaVersion": 1, "flags": {"all": FLAG}}


class Records(logging.Handler):
    """Receives the records of the logger."""

    def __init__(self):
        super().__init__()
        self.messages = queue.Queue()

    def emit(self, record):
        self.messages.put(record.getMessage())


@pytest.fixture
def records():
    logger, handler = logging.getLogger("flagstaff"), Records()
    logger.addHandler(handler)
    yield handler.messages
    logger.removeHandler(handler)


def hints(records):
    found = []
    while not records.empty():
        found.append(records.get())
    return [message for message in found if message.startswith("the context names no user")]


def test_a_client_hints_once(records, real_server):
    with Client(real_server.url, real_server.key) as client:
        assert client.ready(timeout=PATIENCE) == "READY"
        for _ in range(5):
            client.get_boolean_value("all", False, {"user_id": "u1"})
        message = records.get(timeout=PATIENCE)
        while not message.startswith("the context names no user"):
            message = records.get(timeout=PATIENCE)
        assert "`user_id` is an attribute like any other, unless the client has the option" in message
    assert hints(records) == []


def test_a_client_can_be_told_the_attribute():
    options = {"mode": "offline", "bootstrap": DOCUMENT, "key": "k"}
    client = Client("http://127.0.0.1:1", targeting_key_attribute="/account/id", **options)
    context = {"account": {"id": 17}}
    for given in (context, PreparedContext(None, context)):
        assert client.get_boolean_value("all", False, given) is True
        assert client.get_boolean_details("all", False, given).value is True
        assert client.for_context(given)["all"] is True
        assert client.evaluate_all(given)["all"].value is True
    assert client.get_boolean_value("all", False, {"account": {}}) is False
    without = Client("http://127.0.0.1:1", **options)
    assert without.get_boolean_value("all", False, context) is False
    with pytest.raises(ConfigurationError, match="the targeting key attribute `/a~2` is not a name or a JSON pointer"):
        Client("http://127.0.0.1:1", targeting_key_attribute="/a~2", **options)
