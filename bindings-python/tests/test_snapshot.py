"""The evaluator without a client."""

import json

import pytest
from flagstaff import Client, ConfigurationError, DocumentError, FlagstaffError, Snapshot
from sample import DOCUMENT


@pytest.fixture
def snapshot():
    return Snapshot.from_json(json.dumps(DOCUMENT))


def test_an_outcome_is_canonical_text(snapshot):
    text = snapshot.evaluate("integer", "integer", 1, {}, 0)
    assert text == json.dumps(json.loads(text), sort_keys=True, separators=(",", ":"))
    assert json.loads(text)["value"] == 42


def test_all_outcomes_are_those_of_each(snapshot):
    everything = json.loads(snapshot.evaluate_all({"plan": "pro"}, 0))["flags"]
    assert sorted(everything) == sorted(DOCUMENT["flags"])
    for key, outcome in everything.items():
        assert outcome == json.loads(snapshot.evaluate(key, None, None, {"plan": "pro"}, 0))


def test_an_explanation_has_the_outcome_and_its_steps(snapshot):
    for context in ({"plan": "pro"}, '{"plan": "pro"}'):
        text = snapshot.explain("bool", "boolean", None, context, 0)
        explanation = json.loads(text)
        assert text == json.dumps(explanation, sort_keys=True, separators=(",", ":"))
        assert explanation["outcome"] == json.loads(snapshot.evaluate("bool", "boolean", None, context, 0))
        assert explanation["trace"]


def test_context_text_reaches_the_core_unparsed(snapshot):
    assert json.loads(snapshot.evaluate("bool", None, None, '{"plan": "pro"}', 0))["value"] is True
    assert json.loads(snapshot.evaluate("bool", None, None, '{"plan": NaN}', 0))["errorCode"] == "INVALID_CONTEXT"


def test_a_snapshot_says_what_it_is(snapshot):
    assert (snapshot.environment, snapshot.revision) == ("test", 3)
    assert [(issue["flag"], issue["pointer"]) for issue in snapshot.issues] == [("broken", "/flags/broken/serve")]


def test_time_is_an_argument():
    flag = {"type": "boolean", "enabled": True, "serve": "on", "expiresAt": "2026-01-01T00:00:00Z"}
    snapshot = Snapshot.from_json(json.dumps({"schemaVersion": 1, "flags": {"f": flag}}))
    instant = 1_767_225_600_000
    values = [json.loads(snapshot.evaluate("f", None, None, {}, now))["value"] for now in (instant - 1, instant)]
    assert values == [True, False]


def test_an_unknown_type_is_an_error(snapshot):
    with pytest.raises(ValueError, match="unknown type `text`"):
        snapshot.evaluate("bool", "text", None, {}, 0)


def test_buckets_are_spread_evenly():
    slots = [Snapshot.bucket("salt", f"user-{number}", 100) for number in range(10_000)]
    assert 0 <= min(slots) <= max(slots) < 100
    assert 4_700 < sum(slot < 50 for slot in slots) < 5_300


@pytest.mark.parametrize("document", ["", "{", "[]", '{"schemaVersion": 2, "flags": {}}'])
def test_a_refused_document_is_an_exception(document):
    for make in (Snapshot.from_json, Client.from_document):
        with pytest.raises(DocumentError) as caught:
            make(document)
        assert isinstance(caught.value, FlagstaffError)


def test_a_file_that_is_not_there_is_pythons_own_exception(tmp_path):
    with pytest.raises(FileNotFoundError):
        Client.from_file(tmp_path / "missing.json")


@pytest.mark.parametrize(("url", "key"), [("no url", "k"), ("ftp://example.com", "k"), ("http://localhost", "")])
def test_a_client_that_can_never_work_is_an_exception(url, key):
    with pytest.raises(ConfigurationError):
        Client(url, key)


def test_an_unknown_timing_is_an_exception():
    with pytest.raises(ValueError, match="unknown timing `patience`"):
        Client("http://localhost", "k", timing={"patience": 1})
