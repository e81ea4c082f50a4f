"""The flags of one context: each is evaluated once, and all by one revision."""

import gc
import queue
import weakref

import pytest
from flagstaff import Client, Flags, PreparedContext
from sample import DOCUMENT
from stream_server import KEY, PATIENCE, QUICK, flag

PRO = {"targetingKey": "u1", "plan": "pro"}


def test_a_flag_is_false_unless_it_is_on(client):
    flags = client.for_context(PRO)
    for _ in range(2):
        assert flags["bool"] is True
        assert flags["on"] is True
        assert flags["off"] is False
        # There is none, it is broken, or it is not a boolean flag.
        for key in ("missing", "broken", "string", "integer", "\ud800", 5, None, ["list"]):
            assert flags[key] is False
    assert client.for_context()["bool"] is False
    assert client.for_context(PreparedContext("u1", {"plan": "pro"}))["bool"] is True


def test_each_getter_has_its_type(client):
    flags = client.for_context(PRO)
    for _ in range(2):
        assert flags.boolean("bool", False) is True
        assert flags.string("string", "x") == "ä🚩"
        assert flags.integer("integer", 1) == 42
        assert type(flags.integer("integer", 1)) is int
        assert type(flags.float("integer", 1.0)) is float
        assert flags.float("fraction", 0.0) == 1.5
        assert flags.object("object", {}) == {"list": [1, 2.5, None, {"deep": True}]}


def test_a_default_comes_back_as_the_same_object(client):
    flags = client.for_context(PRO)
    for getter in ("boolean", "string", "integer", "float", "object", "details"):
        for default in (object(), object()):
            for key in ("missing", 5, ["list"]):
                result = getattr(flags, getter)(key, default)
                assert (result.value if getter == "details" else result) is default
    assert flags.integer("fraction", 7) == 7
    assert flags.details("fraction", 7).error_code == "TYPE_MISMATCH"
    assert flags.details("missing", 7).error_code == "FLAG_NOT_FOUND"


def test_details_have_the_type_of_the_default(client):
    flags = client.for_context(PRO)
    for default in (False, None, object()):
        details = flags.details("bool", default)
        assert (details.value, details.reason, details.variant) == (True, "TARGETING_MATCH", "on")
        assert (details.detail, details.sources) == ({"step": "rule", "index": 0}, {})
    assert type(flags.details("integer", 1).value) is int
    assert type(flags.details("integer", 1.0).value) is float
    details = flags.details("object", {})
    assert details.sources == {"/list": "default"}
    details.value["list"].clear()
    flags.object("object", {})["list"].clear()
    assert flags.details("object", []).value == flags.object("object", None) == {"list": [1, 2.5, None, {"deep": True}]}


def test_details_tell_of_experiments_and_prerequisites():
    arms = [{"variant": "on", "weight": 50_000}, {"variant": "off", "weight": 50_000}]
    flags = {
        "colour": {
            "type": "boolean",
            "enabled": True,
            "salt": "s",
            "serve": {"arms": arms, "experiment": {"key": "colour-q4"}},
        },
        "needs": {
            "type": "boolean",
            "enabled": True,
            "serve": "on",
            "prerequisites": [{"flag": "off", "variants": ["on"]}],
        },
        "off": {"type": "boolean", "enabled": False, "serve": "on"},
    }
    client = Client.from_document({"schemaVersion": 1, "flags": flags})
    assert client.issues == []
    flags = client.for_context(PRO)
    colour, needs = flags.details("colour", None), flags.details("needs", True)
    assert (colour.in_experiment, colour.detail) == (True, {"step": "serve", "experiment": "colour-q4"})
    assert (needs.in_experiment, needs.detail) == (False, {"step": "prerequisite", "flag": "off"})
    assert client.get_boolean_details("off", True).detail == {"step": "disabled"}
    assert client.get_boolean_details("missing", True).detail == {}


def test_the_context_is_the_one_of_the_beginning(client):
    context = dict(PRO)
    flags = client.for_context(context)
    context["plan"] = "free"
    assert flags["bool"] is True


def test_what_is_no_context_answers_the_default(client):
    for context in ([], "text", 5, {"targetingKey": ["u1"]}):
        flags = client.for_context(context)
        assert flags["on"] is False
        assert flags.details("on", False).error_code == "INVALID_CONTEXT"


def test_it_knows_which_flags_there_are(client):
    flags = client.for_context()
    assert set(DOCUMENT["flags"]) == {key for key in [*DOCUMENT["flags"], "missing"] if key in flags}
    assert 5 not in flags
    assert (flags.revision, repr(flags)) == (3, "<flagstaff.Flags of revision 3>")
    with pytest.raises(TypeError):
        iter(flags)


def test_one_revision_for_all_reads_and_the_next_for_the_next_request(server):
    server.set("a", flag("on"))
    server.set("b", flag("on"))
    with Client(server.url, KEY, timing=QUICK) as client:
        assert client.ready(timeout=PATIENCE) == "READY"
        changes = queue.Queue()
        client.on_change(changes.put)
        flags = client.for_context()
        assert flags["a"] is True
        server.set("a", flag("off"))
        server.set("b", flag("off"))
        while client.get_boolean_value("b", True):
            changes.get(timeout=PATIENCE)
        # Neither the flag that was read nor the other one.
        assert (flags["a"], flags["b"], flags.revision) == (True, True, 2)
        later = client.for_context()
        assert (later["a"], later["b"], later.revision) == (False, False, 4)


def test_a_flag_is_evaluated_and_counted_once_for_each_context(real_server):
    real_server.switch("counted-once", True)
    with Client(real_server.url, real_server.key) as client:
        assert client.ready(timeout=PATIENCE) == "READY"
        for user in range(3):
            flags = client.for_context({"targetingKey": f"u{user}"})
            for _ in range(10):
                assert flags["counted-once"] is True
                assert flags.boolean("counted-once", False) is True
                assert flags.details("counted-once", False).variant == "on"
        client.close(PATIENCE)
    assert real_server.usage("counted-once") == {"counted-once": {"on": 3}}


def test_flags_are_collected_although_their_context_refers_to_them(client):
    class Request(dict):
        pass

    request = Request()
    request["targetingKey"] = "u1"
    holder = {"request": request}
    request["holder"] = holder
    holder["flags"] = client.for_context(request)
    gone = weakref.ref(request)
    assert isinstance(holder["flags"], Flags)
    del request, holder
    gc.collect()
    assert gone() is None
