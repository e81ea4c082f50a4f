"""The schema of documents is valid, accepts every document that compiles, and refuses documents of another structure"""

import json

import jsonschema
import pytest

from cases import SPECIFICATION, all_cases

SCHEMA = json.loads((SPECIFICATION / "document.schema.json").read_text(encoding="utf-8"))
VALIDATOR = jsonschema.Draft202012Validator(SCHEMA)


def fine_documents() -> list[tuple[str, dict]]:
    """Documents of the cases without issues"""
    found = []
    for name, file, case in all_cases():
        document = case.get("document", file.get("document"))
        if "documentText" in case and not case.get("refused"):
            document = json.loads(case["documentText"])
        if case.get("issues") == [] and document is not None:
            found.append((name, document))
    return found


def test_it_is_a_schema() -> None:
    """The schema is valid in the draft that it names"""
    jsonschema.Draft202012Validator.check_schema(SCHEMA)


def test_there_are_documents_to_judge() -> None:
    """Without documents the next test would always pass"""
    assert fine_documents()


@pytest.mark.parametrize(("document"), [one[1] for one in fine_documents()], ids=[one[0] for one in fine_documents()])
def test_it_takes(document: dict) -> None:
    """It accepts every document without issues"""
    assert [error.message for error in VALIDATOR.iter_errors(document)] == []


# Fields that are null and do not belong to the form that is used (CMP-5).
SPARSE = [
    {"schemaVersion": 1, "flags": None, "segments": None, "environment": None, "revision": None},
    {
        "schemaVersion": 1,
        "flags": {"f": {"type": "boolean", "enabled": True, "variants": None, "environmentPatch": None}},
    },
    {"schemaVersion": 1, "segments": {"s": {"when": {"all": [], "any": None, "attribute": None}, "include": None}}},
    {"schemaVersion": 1, "segments": {"s": {"when": {"attribute": "a", "op": "exists", "value": None, "array": None}}}},
    {"schemaVersion": 1, "segments": {"s": {"when": {"attribute": "a", "op": "cidr", "value": None, "values": []}}}},
    {
        "schemaVersion": 1,
        "flags": {
            "f": {
                "type": "boolean",
                "enabled": True,
                "serve": {
                    "variant": "on",
                    "arms": None,
                    "rollout": {"steps": None, "from": 0, "until": 1, "start": 0, "end": 1},
                },
                "overrides": {"user": {"u1": {"variant": "on", "patch": None}}},
            }
        },
    },
]


@pytest.mark.parametrize("document", SPARSE, ids=[json.dumps(document) for document in SPARSE])
def test_it_takes_null_for_absent(document: dict) -> None:
    """It accepts null for every optional field"""
    assert [error.message for error in VALIDATOR.iter_errors(document)] == []


SPOILED = [
    {"flags": {}},
    {"schemaVersion": 2},
    {"schemaVersion": 1, "flags": {"a b": {"type": "boolean", "enabled": True}}},
    {"schemaVersion": 1, "flags": {"f": {"type": "boolean"}}},
    {"schemaVersion": 1, "flags": {"f": {"type": "string", "enabled": True, "serve": "a"}}},
    {
        "schemaVersion": 1,
        "flags": {"f": {"type": "number", "enabled": True, "variants": {"a": "1"}, "offVariant": "a", "serve": "a"}},
    },
    {"schemaVersion": 1, "flags": {"f": {"type": "boolean", "enabled": True, "environmentPatch": {}}}},
    {"schemaVersion": 1, "flags": {"f": {"type": "boolean", "enabled": True, "serve": {"variant": "on", "arms": []}}}},
    {
        "schemaVersion": 1,
        "flags": {"f": {"type": "boolean", "enabled": True, "serve": {"variant": "on", "rollout": 101}}},
    },
    {"schemaVersion": 1, "segments": {"s": {"when": {"attribute": "a", "op": "resembles", "value": "b"}}}},
    {"schemaVersion": 1, "segments": {"s": {"when": {"attribute": "a", "op": "in", "value": "b"}}}},
    {"schemaVersion": 1, "segments": {"s": {"when": {"attribute": "a", "op": "exists", "array": "any"}}}},
    {"schemaVersion": 1, "segments": {"s": {"when": {"all": [], "any": []}}}},
    {"schemaVersion": 1, "holdouts": {"h": {"salt": "h"}}},
    {"schemaVersion": 1, "holdouts": {"h": {"salt": None, "percent": 1}}},
    {"schemaVersion": 1, "flags": {"f": {"type": "boolean", "enabled": None}}},
    {
        "schemaVersion": 1,
        "flags": {"f": {"type": "boolean", "enabled": True, "serve": {"variant": None, "arms": None}}},
    },
    {
        "schemaVersion": 1,
        "flags": {"f": {"type": "boolean", "enabled": True, "variants": {"on": True}, "offVariant": None}},
    },
    {"schemaVersion": 1, "segments": {"s": {"when": {"all": None}}}},
    {"schemaVersion": 1, "segments": {"s": {"when": {"all": [], "unknown": None}}}},
    {"schemaVersion": 1, "segments": {"s": {"when": {"attribute": "a", "op": "cidr", "value": None}}}},
]


@pytest.mark.parametrize("document", SPOILED, ids=[json.dumps(document) for document in SPOILED])
def test_it_refuses(document: dict) -> None:
    """It refuses documents of another structure"""
    assert not VALIDATOR.is_valid(document)
