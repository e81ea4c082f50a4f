"""Imported flags answer as the vendor's own formulas do, which are written a second time in conformance/vendors

VENDOR_INPUTS=100000 VENDOR_SEED=… python -m pytest conformance/spec/test_vendors.py compares more of them, and
VENDOR_BINDING another binding than the Rust SDK.
"""

import json
import os
import sys
from collections import Counter
from collections.abc import Iterator
from random import Random

import pytest

from cases import CONFORMANCE, NOW

sys.path.insert(0, str(CONFORMANCE / "fuzz"))
sys.path.insert(0, str(CONFORMANCE / "vendors"))

import flagsmith_random
import launchdarkly_random
from pin import HERE, VENDORS, text
from processes import Process

RANDOM = {"flagsmith": flagsmith_random, "launchdarkly": launchdarkly_random}
# What each vendor's answer has, besides the value.
MEMBERS = {"flagsmith": ("enabled", "value", "variant"), "launchdarkly": ("value", "index", "inExperiment", "reason")}
INPUTS = int(os.environ.get("VENDOR_INPUTS", "3000"))
CONTEXTS = 25  # of each document
DOCUMENTS = 20  # sent at once


def random_inputs(vendor: str) -> Iterator[tuple[dict, list[tuple[str, dict]]]]:
    """Documents with the flags and contexts that are asked; the same for the same seed"""
    left, number = INPUTS, 0
    while left > 0:
        random = Random(f"{os.environ.get('VENDOR_SEED', '0')}/{number}")
        number += 1
        document = RANDOM[vendor].document(random)
        flags = list(document["flags" if vendor == "launchdarkly" else "features"])
        contexts = [RANDOM[vendor].context(random) for _ in range(CONTEXTS)]
        asked = [(flag, context) for context in contexts for flag in flags]
        left -= len(asked)
        yield document, asked


def requests(vendor: str, document: dict, asked: list[tuple[str, dict]]) -> list[str]:
    """The lines that a testee reads; the text of the document keeps the order of its segments"""
    load = {"op": "load", "vendor": vendor, "documentText": json.dumps(document)}
    questions = [{"op": "evaluate", "flag": flag, "context": context, "now": NOW} for flag, context in asked]
    return [json.dumps(request) for request in (load, *questions)]


def is_same(vendor: str, expected: dict, outcome: dict) -> bool:
    """Whether an outcome has what the vendor answers; a reason of ours for a flag without rules is one of theirs"""
    reason = {"STATIC": "DEFAULT"}.get(outcome["reason"], outcome["reason"])
    told = outcome | {"reason": reason}
    # As text, so that `true` is not 1; numbers of a testee are doubles.
    return all(canonical(expected[name]) == canonical(told.get(name)) for name in MEMBERS[vendor])


def canonical(value: object) -> str:
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    if isinstance(value, list):
        return "[" + ",".join(canonical(element) for element in value) + "]"
    if isinstance(value, dict):
        return "{" + ",".join(f"{name!r}:{canonical(value[name])}" for name in sorted(value)) + "}"
    return json.dumps(value)


@pytest.mark.parametrize("vendor", VENDORS)
def test_the_pinned_answers_are_those_of_the_second_implementation(vendor: str) -> None:
    assert (HERE / f"{vendor}.json").read_text(encoding="utf-8") == text(vendor), (
        "run python conformance/vendors/pin.py"
    )


@pytest.mark.parametrize("vendor", VENDORS)
def test_random_flags_answer_as_the_second_implementation(vendor: str) -> None:
    evaluate = VENDORS[vendor][0].evaluate
    testee = Process(os.environ.get("VENDOR_BINDING", "rust"))
    batch, found, compared = [], Counter(), 0

    def compare() -> None:
        nonlocal compared
        lines = [line for document, asked in batch for line in requests(vendor, document, asked)]
        answers = iter(testee.ask(lines).wait())
        for document, asked in batch:
            assert json.loads(next(answers)) == {"issues": [], "ok": True}, document
            for flag, context in asked:
                expected, outcome = evaluate(document, flag, context), json.loads(next(answers))
                assert is_same(vendor, expected, outcome), (flag, context, expected, outcome, json.dumps(document))
                found[outcome["reason"]] += 1
                compared += 1
        batch.clear()

    try:
        for one in random_inputs(vendor):
            batch.append(one)
            if len(batch) == DOCUMENTS:
                compare()
        compare()
    finally:
        testee.close()
    assert compared >= INPUTS
    # The inputs reach everything that a vendor may answer.
    expected = {"TARGETING_MATCH", "SPLIT", "DEFAULT", "DISABLED"} | ({"ERROR"} if vendor == "launchdarkly" else set())
    assert expected <= set(found), found
