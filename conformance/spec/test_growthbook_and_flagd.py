"""Imported flags of GrowthBook and flagd answer as the second implementations of their formulas in conformance/vendors

VENDOR_INPUTS=100000 VENDOR_SEED=… python -m pytest conformance/spec/test_growthbook_and_flagd.py compares more of them,
and VENDOR_BINDING another binding than the Rust SDK.
"""

import json
import os
import sys
from collections import Counter
from collections.abc import Iterator
from random import Random

import pytest

from cases import CONFORMANCE

sys.path.insert(0, str(CONFORMANCE / "fuzz"))
sys.path.insert(0, str(CONFORMANCE / "vendors"))

import flagd
import flagd_random
import growthbook
import growthbook_random
from flagd_cases import PINNED, pinned
from processes import Process

INPUTS = int(os.environ.get("VENDOR_INPUTS", "3000"))
CONTEXTS = 25  # of each document
DOCUMENTS = 20  # sent at once
TYPES = (*(None,) * 10, "boolean", "string", "integer", "number", "object")
INSTANTS = {"1970-01-01T00:00:00.000Z": 0, "2023-11-14T22:13:20.999Z": 1700000000999}


class Flagd:
    """Flag files, each with a version of `fractional`"""

    name, flags = "flagd", "flags"
    # What the inputs reach: every reason and error that flagd has.
    reached = frozenset({"TARGETING_MATCH", "DEFAULT", "STATIC", "DISABLED", "GENERAL", "PARSE_ERROR", "TYPE_MISMATCH"})
    document, context = staticmethod(flagd_random.document), staticmethod(flagd_random.context)

    @staticmethod
    def options(random: Random, _document: dict) -> dict:
        return {"fractional": random.choice((2, 3))}

    @staticmethod
    def expected(document: dict, options: dict, one: dict) -> tuple[dict, str]:
        """Members of the outcome, and what was reached"""
        options = options | {"now": INSTANTS[one["now"]], "type": one["type"]}
        found = flagd.evaluate(document, one["flag"], one["context"], options)
        return found, found["errorCode"] or found["reason"]


class GrowthBook:
    """Payloads, without what a program passes to the SDK"""

    name, flags = "growthbook", "features"
    reached = frozenset({"defaultValue", "force", "experiment", "prerequisite"})
    document, context = staticmethod(growthbook_random.document), staticmethod(growthbook_random.context)

    @staticmethod
    def options(_random: Random, document: dict) -> dict:
        # The second implementation does not look at the order of members either.
        return {"approximate": list(document["features"])}

    @staticmethod
    def expected(document: dict, _options: dict, one: dict) -> tuple[dict, str]:
        found = growthbook.evaluate(document, one["flag"], one["context"])
        members = {"value": found["value"], "errorCode": None}
        if found["source"] == "experiment" and found["value"] is not None:
            members |= {"variant": found["variant"], "index": found["index"], "inExperiment": True, "reason": "SPLIT"}
        return members, found["source"]


Vendor = type[Flagd] | type[GrowthBook]
Input = tuple[dict, dict, list[dict]]


def random_inputs(vendor: Vendor) -> Iterator[Input]:
    """Documents with options and what is asked; the same for the same seed"""
    left, number = INPUTS, 0
    while left > 0:
        random = Random(f"{os.environ.get('VENDOR_SEED', '0')}/{number}")
        number += 1
        document = vendor.document(random)
        kind = random.choice(TYPES) if vendor is Flagd else None
        asked = [
            {"flag": flag, "context": context, "now": random.choice(list(INSTANTS)), "type": kind}
            for context in [vendor.context(random) for _ in range(CONTEXTS)]
            for flag in document[vendor.flags]
        ]
        left -= len(asked)
        yield document, vendor.options(random, document), asked


def requests(vendor: Vendor, document: dict, options: dict, asked: list[dict]) -> list[str]:
    """The lines that a testee reads"""
    load = {"op": "load", "vendor": vendor.name, "options": options, "document": document}
    return [json.dumps(request) for request in (load, *({"op": "evaluate"} | one for one in asked))]


def comparable(value: object) -> str:
    """As text, so that `true` is not 1; every number is a double"""
    if isinstance(value, int | float) and not isinstance(value, bool):
        value = float(value)
    if isinstance(value, list):
        return "[" + ",".join(map(comparable, value)) + "]"
    if isinstance(value, dict):
        return "{" + ",".join(f"{name!r}:{comparable(value[name])}" for name in sorted(value)) + "}"
    return json.dumps(value)


def test_the_pinned_answers_are_those_of_the_second_implementation() -> None:
    assert PINNED.read_text(encoding="utf-8") == pinned(), "run python conformance/vendors/flagd_cases.py"


@pytest.mark.parametrize("vendor", [Flagd, GrowthBook])
def test_random_flags_answer_as_the_second_implementation(vendor: Vendor) -> None:
    testee = Process(os.environ.get("VENDOR_BINDING", "rust"))
    batch: list[Input] = []
    found, compared = Counter(), 0

    def compare() -> None:
        nonlocal compared
        answers = iter(testee.ask([line for one in batch for line in requests(vendor, *one)]).wait())
        for document, options, asked in batch:
            assert json.loads(next(answers)) == {"issues": [], "ok": True}, document
            for one in asked:
                expected, reached = vendor.expected(document, options, one)
                outcome = json.loads(next(answers))
                told = {name: outcome.get(name) for name in expected}
                assert comparable(told) == comparable(expected), (one, options, json.dumps(document))
                found[reached] += 1
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
    assert vendor.reached <= set(found), found
