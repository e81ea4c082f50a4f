"""Signatures of contexts, by the vectors of all SDKs."""

import json
import time
from datetime import datetime, timedelta, timezone
from pathlib import Path
from uuid import UUID

import pytest
from flagstaff import InvalidContextError, PreparedContext, sign_context

ROOT = Path(__file__).parents[2]
FILE = json.loads((ROOT / "conformance/vectors/signed-contexts.json").read_text(encoding="utf-8"))
SECRET, KEY, EXPIRES = FILE["secret"], FILE["key"], FILE["expires"]


@pytest.mark.parametrize("vector", FILE["vectors"], ids=lambda vector: vector["name"])
def test_a_signature_is_that_of_the_vector(vector):
    assert sign_context(SECRET, KEY, vector["context"], EXPIRES) == vector["signature"]
    prepared = PreparedContext(None, vector["context"])
    moment = datetime.fromtimestamp(EXPIRES, timezone(timedelta(hours=2))) + timedelta(milliseconds=999)
    assert sign_context(SECRET, KEY, prepared, moment) == vector["signature"]


def test_what_a_page_sends_is_signed():
    # As `json.dumps` cannot write it, but a context has it.
    key = UUID("6a5ad39f-9d0e-4d53-8f0e-0f3d7cb8a9c4")
    signature = sign_context(SECRET, KEY, {"targetingKey": str(key)}, EXPIRES)
    assert sign_context(SECRET, KEY, {"targetingKey": key}, EXPIRES) == signature
    assert sign_context(SECRET, KEY, {"targetingKey": "u-2"}, EXPIRES) != signature
    with pytest.raises(InvalidContextError):
        sign_context(SECRET, KEY, {"targetingKey": ["u-1"]}, EXPIRES)
    with pytest.raises(ValueError, match="a datetime with a time zone"):
        sign_context(SECRET, KEY, {}, datetime(2026, 1, 1))


def test_the_function_of_the_guide(monkeypatch):
    monkeypatch.setenv("FLAGSTAFF_SIGNING_SECRET", SECRET)
    monkeypatch.setenv("FLAGSTAFF_CLIENT_KEY", KEY)
    guide = (ROOT / "docs/signed-contexts.md").read_text(encoding="utf-8")
    names = {}
    exec(guide.split("```python\n")[1].split("```")[0], names)  # noqa: S102 - our own
    page = names["page_of"]("u-1")
    expires = int(page["signature"].split(".")[0])
    assert 3_590 < expires - time.time() <= 3_600
    assert page["signature"] == sign_context(SECRET, KEY, page["context"], expires)
