"""The client in memory, the flags of the process, and the decorator."""

import asyncio
import contextvars
import subprocess
import sys
import threading
from importlib import metadata

import pytest
from flagstaff import (
    Client,
    ConfigurationError,
    PreparedContext,
    current_context,
    current_flags,
    feature_flag,
    set_client,
)
from flagstaff._current import ScopedFlags, _process, flags_in_use
from flagstaff.testing import FlagReader, InMemoryClient
from sample import DOCUMENT

VALUES = {"on": True, "off": False, "name": "ä", "count": 3, "share": 0.5, "shape": {"a": [1]}, "list": [1, {}]}


@pytest.fixture
def process_client():
    """Set a client for the process."""
    before = _process.client
    client = InMemoryClient({"new-nav": True})
    set_client(client)
    yield client
    set_client(before)


def test_values_are_those_that_were_set():
    client = InMemoryClient(VALUES)
    assert [client.boolean("on", False), client.boolean("off", True)] == [True, False]
    assert client.get_string_value("name", "", {"targetingKey": "u1"}) == "ä"
    assert (client.integer("count", 0), client.get_integer_value("count", 0)) == (3, 3)
    assert (client.float("count", 0.0), client.get_float_value("share", 0.0)) == (3.0, 0.5)
    assert (client.object("shape", None), client.get_object_value("list", None)) == ({"a": [1]}, [1, {}])
    assert client["on"] is True
    assert client["off"] is client["missing"] is False
    assert ("on" in client, "missing" in client, list(client)) == (True, False, list(VALUES))
    assert {key: details.value for key, details in client.evaluate_all().items()} == VALUES
    assert client.for_context(PreparedContext("u1")).details("name", "").variant == "value"


def test_another_type_and_an_unknown_flag_give_the_default():
    client = InMemoryClient(VALUES)
    assert client.get_string_details("on", "x").error_code == "TYPE_MISMATCH"
    assert client.get_boolean_details("missing", True).error_code == "FLAG_NOT_FOUND"
    assert client.details("missing", 7).value == 7
    with pytest.raises(TypeError, match="not set"):
        client["bad"] = {1, 2}


def test_a_change_is_told_and_leaves_readers_as_they_were():
    client, told = InMemoryClient({"a": True}), []
    reader = client.for_context({"targetingKey": "u1"})
    stop = client.on_change(told.append)
    only_b = []
    client.on_change(only_b.append, "b")
    client["a"] = False
    client.update({"b": True, "c": "x"})
    stop()
    del client["b"]
    assert (told, only_b) == ([["a"], ["b", "c"]], [["b"], ["b"]])
    assert (reader["a"], client["a"], client["b"], client.string("c", "")) == (True, False, False, "x")


def test_every_kind_of_flags_is_a_reader():
    def read(flags: FlagReader) -> tuple[bool, bool, int]:
        return flags["on"], "on" in flags, flags.integer("count", 0)

    client = InMemoryClient(VALUES)
    scoped = ScopedFlags(client, lambda: None)
    assert read(client) == read(client.for_context()) == read(scoped) == (True, True, 3)


def test_flags_of_a_scope_are_evaluated_by_one_context_that_is_made_at_the_first_read():
    calls = []
    client = Client.from_document(DOCUMENT)

    def context():
        calls.append(1)
        return {"plan": "pro"}

    flags = ScopedFlags(client, context)
    assert calls == []
    assert (flags["bool"], flags.boolean("bool", False), flags.string("string", "")) == (True, True, "ä🚩")
    assert (flags.float("fraction", 0.0), flags.object("object", None)["list"][0]) == (1.5, 1)
    assert flags.details("bool", False).reason == "TARGETING_MATCH"
    assert calls == [1]


def test_current_flags_are_those_of_the_scope_or_of_the_process(process_client):
    assert current_flags()["new-nav"] is True
    with flags_in_use(InMemoryClient({"new-nav": False})):
        assert current_flags()["new-nav"] is False
        seen = []
        context = contextvars.copy_context()
        threads = [
            threading.Thread(target=lambda: seen.append(current_flags()["new-nav"])),
            threading.Thread(target=context.run, args=(lambda: seen.append(current_flags()["new-nav"]),)),
        ]
        for thread in threads:
            thread.start()
            thread.join()
        assert seen == [True, False]
    set_client(None)
    with pytest.raises(ConfigurationError, match="set_client"):
        current_flags()


def test_a_decorated_function_runs_only_while_its_flag_is_on(process_client):
    @feature_flag("new-nav", otherwise=lambda x: f"old {x}")
    def navigate(x):
        """Docstring."""
        return f"new {x}"

    @feature_flag("new-nav")
    def nothing():
        return 1

    assert (navigate(1), navigate.__doc__, nothing()) == ("new 1", "Docstring.", 1)
    process_client["new-nav"] = False
    assert (navigate(x=2), nothing()) == ("old 2", None)
    del process_client["new-nav"]
    assert feature_flag("new-nav", default=True)(lambda: "default")() == "default"


def test_a_decorated_coroutine_and_a_context_of_its_arguments():
    client = Client.from_document(DOCUMENT)

    async def old(plan):
        return f"old {plan}"

    @feature_flag("bool", context=lambda plan: {"plan": plan}, client=client, otherwise=old)
    async def search(plan):
        return f"new {plan}"

    assert asyncio.iscoroutinefunction(search)
    assert (asyncio.run(search("pro")), asyncio.run(search("free"))) == ("new pro", "old free")
    fixed = feature_flag("bool", context={"plan": "pro"}, client=client)(lambda: "on")
    assert fixed() == "on"


def test_it_has_the_methods_of_a_client():
    public = {name for name in vars(Client) if not name.startswith("_")}
    missing = public - set(dir(InMemoryClient))
    # What a client of a server or of a document has, and one of a test does not.
    assert missing == {"changes", "closed", "environment", "from_document", "from_file", "issues", "revision"}


def test_a_page_gets_every_flag():
    client = InMemoryClient({"on": True, "name": "ä"})
    bootstrap = client.bootstrap_for({"targetingKey": "u1"})
    assert {flag["key"]: flag["value"] for flag in bootstrap.flags} == {"on": True, "name": "ä"}
    assert client.evaluate_all(client_side=True).keys() == {"on", "name"}


def test_the_life_of_a_client_and_its_events():
    async def use():
        async with InMemoryClient({"on": True}) as client:
            assert await client.aready() == client.ready(0) == "READY"
            assert await client.aflush() is client.flush() is True
            await client.aclose()
            return client

    with asyncio.run(use()) as client:
        client.track("purchase", {"targetingKey": "u1"}, value=12.5, attributes={"currency": "SEK"})
        with client.override({"on": False}), client.context({"plan": "pro"}):
            assert (client["on"], current_context()) == (False, {"plan": "pro"})
        client.start()
    assert client["on"] is True
    assert client.tracked == [("purchase", {"targetingKey": "u1"}, 12.5, {"currency": "SEK"})]


def test_the_package_imports_no_framework_and_needs_no_other_package():
    frameworks = ["celery", "django", "fastapi", "flask", "openfeature", "opentelemetry", "pytest", "starlette"]
    program = f"import sys, flagstaff, flagstaff.testing; print([name for name in {frameworks} if name in sys.modules])"
    done = subprocess.run([sys.executable, "-c", program], check=True, capture_output=True, text=True)
    assert done.stdout.strip() == "[]"
    assert metadata.requires("flagstaff") is None
