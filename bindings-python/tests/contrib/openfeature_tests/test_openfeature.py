"""The provider's events, contexts and life, through OpenFeature's own API."""

import asyncio
import queue
import time
from datetime import datetime, timezone

import flagstaff
import pytest
from flagstaff import Client
from flagstaff._current import ScopedFlags, flags_in_use
from flagstaff.contrib.openfeature import FlagstaffProvider, RequestContextPropagator
from openfeature import api
from openfeature.evaluation_context import EvaluationContext
from openfeature.event import ProviderEvent
from openfeature.exception import ErrorCode
from openfeature.hook import Hook
from openfeature.provider import ProviderStatus
from openfeature.track import TrackingEventDetails
from sample import DOCUMENT
from stream_server import KEY, PATIENCE, QUICK, flag


@pytest.fixture
def events():
    """Collect the events of all providers: name, changed flags, error code."""
    events = queue.Queue()
    for kind in ProviderEvent:

        def put(details, kind=kind):
            events.put((kind.name.removeprefix("PROVIDER_"), details.flags_changed, details.error_code))

        api.add_handler(kind, put)
    # The provider that was there before is ready.
    assert events.get(timeout=PATIENCE) == ("READY", None, None)
    return events


def offline():
    return FlagstaffProvider(Client.from_document(DOCUMENT))


def wait_for(condition):
    for _ in range(int(PATIENCE * 100)):
        if condition():
            return
        time.sleep(0.01)
    pytest.fail("it did not happen")


def test_every_type_is_resolved_in_both_ways():
    api.set_provider_and_wait(offline())
    client = api.get_client()
    expected = {"boolean": ("bool", False, False), "string": ("string", "", "ä🚩"), "integer": ("integer", 0, 42)}
    expected |= {"float": ("fraction", 0.0, 1.5), "object": ("object", {}, {"list": [1, 2.5, None, {"deep": True}]})}
    for kind, (key, default, value) in expected.items():
        assert getattr(client, f"get_{kind}_value")(key, default) == value
        assert asyncio.run(getattr(client, f"get_{kind}_value_async")(key, default)) == value
    details = client.get_boolean_details("bool", False, EvaluationContext("u1", {"plan": "pro"}))
    assert (details.value, details.variant, details.reason) == (True, "on", "TARGETING_MATCH")
    assert details.flag_metadata == {"team": "web", "since": 3}
    assert client.get_string_details("bool", "mine").error_code == ErrorCode.TYPE_MISMATCH
    assert client.get_string_details("broken", "mine").error_code == ErrorCode.PARSE_ERROR


def test_contexts_are_merged_and_the_targeting_key_is_the_user():
    document = {
        "schemaVersion": 1,
        "flags": {
            "for-one": {
                "type": "boolean",
                "enabled": True,
                "serve": "off",
                "overrides": {"user": {"u-17": "include"}},
            },
            "later": {
                "type": "boolean",
                "enabled": True,
                "serve": "off",
                "rules": [
                    {"when": {"attribute": "now", "op": "after", "value": "2026-01-01T00:00:00Z"}, "serve": "on"}
                ],
            },
        },
    }
    api.set_provider_and_wait(FlagstaffProvider(Client.from_document(document)))
    api.set_evaluation_context(EvaluationContext("u-17", {"now": datetime(2026, 6, 1, tzinfo=timezone.utc)}))
    client = api.get_client()
    assert client.get_boolean_value("for-one", False) is True
    assert client.get_boolean_value("for-one", False, EvaluationContext("u-18")) is False
    assert client.get_boolean_value("later", False) is True


def test_each_event_is_sent_once(server, events):
    server.set("a", flag())
    with Client(server.url, KEY, timing=QUICK, usage=False) as client:
        api.set_provider_and_wait(FlagstaffProvider(client, timeout=PATIENCE))
        assert events.get(timeout=PATIENCE) == ("READY", None, None)
        server.set("b", flag())
        assert events.get(timeout=PATIENCE) == ("CONFIGURATION_CHANGED", ["b"], None)
        server.stop()
        assert events.get(timeout=PATIENCE) == ("STALE", None, None)
        assert api.get_client().get_provider_status() == ProviderStatus.STALE
        assert api.get_client().get_boolean_value("b", False) is True
        server.restart()
        assert events.get(timeout=PATIENCE) == ("READY", None, None)
        server.set("c", flag())
        assert events.get(timeout=PATIENCE) == ("CONFIGURATION_CHANGED", ["c"], None)
        api.clear_providers()
        server.set("d", flag())
        wait_for(lambda: client.get_boolean_value("d", False))
    assert events.empty()


def test_a_provider_that_got_no_flags_in_time_recovers(server, events):
    server.stop()
    with Client(server.url, KEY, timing=QUICK, usage=False) as client:
        api.set_provider(FlagstaffProvider(client, timeout=0.05))
        assert events.get(timeout=PATIENCE) == ("ERROR", None, ErrorCode.PROVIDER_NOT_READY)
        server.set("a", flag())
        server.restart()
        assert events.get(timeout=PATIENCE) == ("READY", None, None)
        assert api.get_client().get_boolean_value("a", False) is True


def test_a_provider_that_makes_its_client_closes_it_and_can_be_registered_again(server):
    server.set("a", flag())
    clients = []

    def connect():
        clients.append(Client(server.url, KEY, timing=QUICK, usage=False))
        return clients[-1]

    provider = FlagstaffProvider(connect, timeout=PATIENCE)
    for _ in range(2):
        api.set_provider_and_wait(provider)
        assert api.get_client().get_boolean_value("a", False) is True
        api.shutdown()
    server.set("b", flag())
    assert [client.get_boolean_value("b", False) for client in clients] == [False, False]


def test_hooks_of_the_provider_run():
    class Counting(Hook):
        count = 0

        def after(self, hook_context, details, hints):
            self.count += 1

    hook = Counting()
    api.set_provider_and_wait(FlagstaffProvider(Client.from_document(DOCUMENT), hooks=[hook]))
    api.get_client().get_boolean_value("on", False)
    assert hook.count == 1


def test_tracking_reaches_the_client():
    events = []
    client = Client(
        "http://127.0.0.1:1", KEY, bootstrap=DOCUMENT, usage=False, on_track=lambda *event: events.append(event)
    )
    api.set_provider_and_wait(FlagstaffProvider(client, timeout=0))
    details = TrackingEventDetails(12.5, {"currency": "SEK"})
    api.get_client().track("purchase", EvaluationContext("u1", {"plan": "pro"}), details)
    api.get_client().track("visit")
    client.close()
    (event, context, value, attributes), (second, *_) = events
    assert (event, dict(context)["plan"], value, attributes) == ("purchase", "pro", 12.5, {"currency": "SEK"})
    assert second == "visit"


def test_the_context_of_a_request_is_the_transaction_context():
    api.set_provider_and_wait(offline())
    api.set_transaction_context_propagator(RequestContextPropagator())
    client = api.get_client()
    assert client.get_boolean_value("bool", False) is False
    with flagstaff.context({"targetingKey": 5}), flags_in_use(ScopedFlags(None, lambda: {"plan": "pro"})):
        assert client.get_boolean_value("bool", False) is True
        assert api.get_transaction_context() == EvaluationContext("5", {"plan": "pro"})
        api.set_transaction_context(EvaluationContext("u2", {"plan": "free"}))
        assert client.get_boolean_value("bool", False) is False
