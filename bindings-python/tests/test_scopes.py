"""Contexts and overrides of a part of a program, and what observes evaluations."""

import asyncio
import threading
import unittest

import flagstaff
import pytest
from flagstaff import Client, PreparedContext
from sample import DOCUMENT

PRO = {"plan": "pro"}


def test_a_context_holds_within_and_is_merged(client):
    assert flagstaff.current_context() is None
    with flagstaff.context({"targetingKey": "u1", "plan": "free"}):
        assert client.get_boolean_value("bool", False) is False
        with client.context(PreparedContext("u2", PRO)):
            assert flagstaff.current_context() == {"targetingKey": "u2", "plan": "pro"}
            assert client.get_boolean_value("bool", False) is True
            assert client.get_boolean_details("bool", False, {"other": 1}).value is True
            assert client.for_context()["bool"] is True
            assert client.evaluate_all()["bool"].value is True
            # The argument of a getter adds to it.
            for argument in ({"plan": "free"}, PreparedContext("u1", {"plan": "free"})):
                assert client.get_boolean_value("bool", True, argument) is False
                assert client.for_context(argument)["bool"] is False
            # What is no context stays one.
            assert client.get_boolean_details("bool", True, ["u1"]).error_code == "INVALID_CONTEXT"
        assert client.get_boolean_value("bool", False) is False
    assert client.get_boolean_value("bool", True) is False
    assert flagstaff.current_context() is None


def test_a_default_context_is_below_all_others():
    client = Client("http://127.0.0.1:9", "k", bootstrap=DOCUMENT, default_context=PRO)
    assert client.get_boolean_value("bool", False) is True
    assert client.get_boolean_value("bool", False, {"targetingKey": "u1"}) is True
    assert client.for_context()["bool"] is True
    assert client.get_boolean_value("bool", True, {"plan": "free"}) is False
    with flagstaff.context({"plan": "free"}):
        assert client.get_boolean_value("bool", True) is False


def test_an_override_is_in_place_of_a_flag(client):
    other = Client.from_document(DOCUMENT)
    values = {"bool": True, "string": "x", "integer": 7, "object": {"a": [1]}, "new": True, "off": None}
    with client.override(values):
        assert client.get_boolean_value("bool", False) is True
        assert client.get_string_value("string", "") == "x"
        assert client.get_integer_value("integer", 1) == 7
        assert type(client.get_float_value("integer", 1.0)) is float
        assert client.get_object_value("object", {}) == {"a": [1]}
        assert client.get_object_value("object", {}) is not client.get_object_value("object", {})
        # As of a flag, a value of another type is not served.
        assert client.get_string_details("bool", "x").error_code == "TYPE_MISMATCH"
        assert client.get_boolean_value("off", True) is True
        details = client.get_boolean_details("new", False)
        assert (details.value, details.reason, details.variant, details.enabled) == (True, "STATIC", None, True)
        flags = client.for_context()
        assert (flags["new"], flags.string("string", ""), flags.integer("integer", 1)) == (True, "x", 7)
        assert ("new" in flags, "on" in flags, "missing" in flags) == (True, True, False)
        assert client.evaluate_all()["new"].value is True
        assert client.evaluate_all()["on"].value is True
        assert other.get_boolean_value("bool", True) is False
        with flagstaff.override({"on": False}), client.override({"bool": False}):
            assert client.get_boolean_value("bool", True) is False
            assert client.get_string_value("string", "") == "x"
            assert (client.get_boolean_value("on", True), other.get_boolean_value("on", True)) == (False, False)
    assert client.get_boolean_value("bool", True) is False
    assert client.get_boolean_value("on", False) is True


def test_overrides_decorate_functions_of_both_kinds(client):
    @client.override({"bool": True})
    def plain(depth=0):
        return client.get_boolean_value("bool", False) and (depth == 3 or plain(depth + 1))

    @flagstaff.override({"bool": True})
    async def coroutine():
        await asyncio.sleep(0)
        return client.get_boolean_value("bool", False)

    assert plain() is True
    assert asyncio.run(coroutine()) is True
    assert (plain.__name__, asyncio.iscoroutinefunction(coroutine)) == ("plain", True)
    assert client.get_boolean_value("bool", True) is False


def test_an_override_decorates_the_tests_of_a_class(client):
    def read(key):
        return client.get_boolean_value(key, False)

    @flagstaff.override({"bool": True})
    class Tests(unittest.TestCase):
        def test_of_the_class(self):
            assert (read("bool"), self.helper()) == (True, True)

        @flagstaff.override({"bool": False})
        def test_of_the_method_wins(self):
            assert read("bool") is False

        def helper(self):
            return read("bool")

    class Inheriting(Tests):
        pass

    for tests in (Tests, Inheriting):
        result = unittest.TestResult()
        unittest.defaultTestLoader.loadTestsFromTestCase(tests).run(result)
        assert (result.testsRun, result.failures, result.errors) == (2, [], [])
    assert read("bool") is False
    with pytest.raises(TypeError, match="`View` has no methods that begin with `test`"):

        @flagstaff.override({"bool": True})
        class View:
            def get(self):
                pass


def test_tasks_and_threads_do_not_meet(client):
    async def task(value, others):
        async with client.override({"bool": value}), client.context({"targetingKey": str(value)}):
            await others.wait()
            return client.get_boolean_value("bool", None), flagstaff.current_context()

    async def tasks():
        others = asyncio.Event()
        waiting = [asyncio.create_task(task(value, others)) for value in (True, False)]
        await asyncio.sleep(0)
        others.set()
        return await asyncio.gather(*waiting)

    assert asyncio.run(tasks()) == [(True, {"targetingKey": "True"}), (False, {"targetingKey": "False"})]
    seen = []
    with client.override({"bool": True}):
        thread = threading.Thread(target=lambda: seen.append(client.get_boolean_value("bool", None)))
        thread.start()
        thread.join()
    assert seen == [False]


def test_evaluations_and_events_are_observed(caplog):
    evaluations, events = [], []
    client = Client(
        "http://127.0.0.1:9",
        "k",
        bootstrap=DOCUMENT,
        default_context={"region": "eu"},
        on_evaluation=lambda details, context: evaluations.append((details.flag_key, details.value, context)),
        on_track=lambda *event: events.append(event),
    )
    assert client.get_boolean_value("bool", False, PRO) is True
    assert client.get_string_details("missing", "x").value == "x"
    flags = client.for_context({"targetingKey": "u1"})
    for _ in range(3):
        assert flags.string("string", "") == "ä🚩"
    with client.override({"new": 7}):
        assert client.get_integer_value("new", 1) == 7
    region = {"region": "eu"}
    assert evaluations == [
        ("bool", True, {**region, **PRO}),
        ("missing", "x", region),
        ("string", "ä🚩", {**region, "targetingKey": "u1"}),
        ("new", 7, region),
    ]
    client.track("checkout", {"targetingKey": "u1"}, value=99.5, attributes={"currency": "SEK"})
    assert events == [("checkout", {**region, "targetingKey": "u1"}, 99.5, {"currency": "SEK"})]
    Client("http://127.0.0.1:9", "k").track("checkout")


def test_an_observer_that_raises_harms_no_getter(caplog):
    def refuse(_details, _context):
        raise RuntimeError

    client = Client("http://127.0.0.1:9", "k", bootstrap=DOCUMENT, on_evaluation=refuse)
    assert client.get_boolean_value("on", False) is True
    assert "a callback raised" in caplog.text


def test_url_and_key_come_from_the_environment(monkeypatch):
    monkeypatch.delenv("FLAGSTAFF_KEY", raising=False)
    monkeypatch.setenv("FLAGSTAFF_URL", "http://127.0.0.1:9")
    with pytest.raises(flagstaff.ConfigurationError, match="set the environment variable FLAGSTAFF_KEY"):
        Client()
    monkeypatch.setenv("FLAGSTAFF_KEY", "k")
    assert Client().status == Client(key="other").status == "NOT_READY"
    monkeypatch.setenv("FLAGSTAFF_URL", "no url")
    with pytest.raises(flagstaff.ConfigurationError):
        Client()
