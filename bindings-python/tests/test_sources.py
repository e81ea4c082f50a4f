"""Where else flags come from, and where they go: a cache, a file that changes, polls, a page."""

import json
import queue
import sys
import threading
import time

import flagstaff
import pytest
from flagstaff import Client, ConfigurationError, InvalidContextError, sign_context
from sample import DOCUMENT
from stream_server import PATIENCE


def watched(path, **flags):
    """Write a document, as an editor does."""
    text = json.dumps({"schemaVersion": 1, "flags": {k: {"type": "boolean", "enabled": on} for k, on in flags.items()}})
    path.with_suffix(".new").write_text(text)
    path.with_suffix(".new").replace(path)


def test_a_watched_file_is_read_again(tmp_path):
    path = tmp_path / "flags.json"
    watched(path, a=True)
    with Client.from_file(path, watch=True) as client:
        changes = queue.Queue()
        client.on_change(changes.put, "a")
        assert client.get_boolean_value("a", False) is True
        watched(path, a=False, other=True)
        while client.get_boolean_value("a", True):
            assert changes.get(timeout=PATIENCE) == ["a"]
        assert client.get_boolean_value("other", False) is True
    unwatched = Client.from_file(path)
    watched(path, a=True)
    assert unwatched.get_boolean_value("a", True) is False


def test_the_cache_is_read_when_the_server_is_away(real_server, tmp_path):
    real_server.switch("cached", True)
    path = tmp_path / "flags.json"
    with Client(real_server.url, real_server.key, mode="poll", poll_interval=60, cache=path) as client:
        assert client.ready(timeout=PATIENCE) == "READY"
        assert client.get_boolean_value("cached", False, {"targetingKey": "u1"}) is True
    real_server.stop()
    try:
        for mode, status in (("stream", "STALE"), ("offline", "READY")):
            client = Client(real_server.url, real_server.key, mode=mode, cache=path)
            assert client.status == status
            assert client.get_boolean_value("cached", False, {"targetingKey": "u1"}) is True
    finally:
        real_server.start()
    assert path.stat().st_mode & 0o077 == 0
    path.write_text("{")
    assert Client(real_server.url, real_server.key, cache=path).status == "NOT_READY"


def test_a_client_of_a_stream_writes_its_cache_after_a_change(real_server, tmp_path):
    real_server.switch("cached-later", True)
    path = tmp_path / "flags.json"
    with Client(real_server.url, real_server.key, cache=str(path)) as client:
        assert client.ready(timeout=PATIENCE) == "READY"
        until = time.monotonic() + PATIENCE
        while not path.exists():
            assert time.monotonic() < until
            time.sleep(0.05)
    assert "cached-later" in json.loads(path.read_text())["document"]["flags"]


def test_options_that_cannot_be_are_exceptions(tmp_path):
    url = "https://127.0.0.1:9"
    with pytest.raises(ValueError, match="`mode`: expected `stream`, `poll` or `offline`, got `push`"):
        Client(url, "k", mode="push")
    with pytest.raises(ValueError, match="`poll_interval`: expected a number of seconds that is not negative, got -1"):
        Client(url, "k", poll_interval=-1)
    for option in ("on_evaluation", "on_track"):
        with pytest.raises(TypeError, match=f"`{option}`: expected a function, got `int`"):
            Client(url, "k", **{option: 5})
    for make in (Client.from_document, lambda document: Client(url, "k", bootstrap=document)):
        with pytest.raises(TypeError, match="expected a document as JSON text or as a dict, got `int`"):
            make(5)
    for use in (flagstaff.context, lambda context: Client(url, "k", default_context=context)):
        with pytest.raises(InvalidContextError, match="expected a mapping or a `PreparedContext`, got `list`"):
            use(["u1"])
    with pytest.raises(FileNotFoundError):
        Client(url, "k", ca_bundle=tmp_path / "missing.pem")
    (tmp_path / "empty.pem").write_text("")
    with pytest.raises(ConfigurationError, match="expected certificates in PEM"):
        Client(url, "k", ca_bundle=tmp_path / "empty.pem")


def page_client():
    """Make a client of flags, some of which are for pages."""
    document = json.loads(json.dumps(DOCUMENT))
    for key in ("bool", "string", "object"):
        document["flags"][key]["clientSide"] = True
    document["flags"]["string"]["variants"]["v"] = "</script><script>alert(1)</script>\u2028"
    return Client.from_document(document)


def test_a_page_gets_only_the_flags_that_are_marked_for_it():
    client = page_client()
    assert set(client.evaluate_all(client_side=True)) == {"bool", "string", "object"}
    context = {"targetingKey": "u1", "plan": "pro"}
    bootstrap = client.bootstrap_for(context)
    assert json.loads(bootstrap.json()) == bootstrap.to_dict()
    flags = {flag["key"]: flag for flag in bootstrap.flags}
    assert flags["bool"] == {
        "key": "bool",
        "value": True,
        "variant": "on",
        "reason": "TARGETING_MATCH",
        "metadata": {"team": "web", "since": 3},
    }
    assert (set(flags), bootstrap.context) == ({"bool", "string", "object"}, context)
    with client.override({"bool": False, "hidden": True}):
        overridden = {flag["key"]: flag.get("value") for flag in client.bootstrap_for(context).flags}
    assert (overridden["bool"], "hidden" in overridden) == (False, False)
    invalid = client.bootstrap_for({"targetingKey": ["u1"]}).flags
    assert {flag["errorCode"] for flag in invalid} == {"INVALID_CONTEXT"}


def test_a_script_cannot_be_ended_by_a_value():
    script = page_client().bootstrap_for({"targetingKey": '"><b>'}).script(nonce='a"b')
    assert script.startswith('<script type="application/json" id="flagstaff-bootstrap" nonce="a&quot;b">{')
    assert script.count("<") == 2
    assert "\u2028" not in script
    data = json.loads(script[script.index("{") : script.rindex("<")])
    assert data["context"] == {"targetingKey": '"><b>'}
    assert [flag["value"] for flag in data["flags"] if flag["key"] == "string"] == [
        "</script><script>alert(1)</script>\u2028"
    ]


def test_a_signature_is_that_of_the_page_about_signed_contexts():
    context = {"targetingKey": "u-1", "plan": {"seats": 12, "name": "größer"}, "beta": [True, None, "x"]}
    bootstrap = page_client().bootstrap_for(context)
    signature = bootstrap.sign("fs_signing_example", "client", expires_in=60)
    expires = int(signature.split(".")[0])
    assert 0 < expires - time.time() <= 60
    assert signature == sign_context("fs_signing_example", "client", context, expires)


def test_a_large_bootstrap_document_is_read_while_other_threads_run():
    flags = {f"flag-{number}": {"type": "boolean", "enabled": True, "serve": "on"} for number in range(30_000)}
    document = json.dumps({"schemaVersion": 1, "flags": flags})
    counts, done = [0], threading.Event()

    def count():
        while not done.is_set():
            counts[0] += 1
            time.sleep(0.0001)

    thread = threading.Thread(target=count)
    thread.start()
    try:
        # Until the thread has begun.
        while not counts[0]:
            time.sleep(0.001)
        # The interpreter gives it no turn of its own accord within so long.
        interval = sys.getswitchinterval()
        sys.setswitchinterval(1_000)
        try:
            before = counts[0]
            client = Client("http://127.0.0.1:9", "k", bootstrap=document)
            counted = counts[0] - before
        finally:
            sys.setswitchinterval(interval)
    finally:
        done.set()
        thread.join()
    assert client.get_boolean_value("flag-29999", False) is True
    assert counted > 0
