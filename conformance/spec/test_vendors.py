"""Imported flags have the results of the vendor's own formulas, which conformance/vendors implements a second time

The Rust SDK is compared, and so are the other bindings, which must return the same bytes: the first half here, and
all of them with VENDOR_INPUTS=100000 VENDOR_SEED=… python -m pytest conformance/spec/test_vendors.py. VENDOR_BINDINGS
names other bindings than those here.
"""

import json
import os
import sys
from collections import Counter
from collections.abc import Iterator
from itertools import islice
from random import Random

import pytest

from cases import CONFORMANCE, NOW

sys.path.insert(0, str(CONFORMANCE / "fuzz"))
sys.path.insert(0, str(CONFORMANCE / "vendors"))

import eppo
import eppo_random
import flagd
import flagd_random
import flagsmith
import flagsmith_random
import growthbook
import growthbook_random
import launchdarkly
import launchdarkly_random
import pin
import unleash
import unleash_random
from literals import instant
from processes import Process
from values import canonical, read_json

INPUTS = int(os.environ.get("VENDOR_INPUTS", "3000"))
IS_LONG = "VENDOR_INPUTS" in os.environ
BINDINGS = os.environ.get("VENDOR_BINDINGS", "rust,python,node,node-wasm").split(",")
CONTEXTS = 25  # of each document
DOCUMENTS = 8  # sent at once
INSTANTS = (NOW, "2026-01-01T00:00:00.001Z", "1970-01-01T00:00:00.000Z", "2023-11-14T22:13:20.999Z")
SUITES = CONFORMANCE.parents[1] / "shared" / "vendor-suites"
Members = dict[str, object]


class Unleash:
    """What it draws at random is hashed, which an importer calls an approximation"""

    name, random = "unleash", unleash_random
    reached = frozenset({"off", "on", "a variant", "a payload"})

    @staticmethod
    def flags(document: dict) -> list[str]:
        return [feature["name"] for feature in document["features"]]

    @staticmethod
    def options(_random: Random, document: dict) -> Members:
        return {"approximate": Unleash.flags(document)}

    @staticmethod
    def expected(document: dict, _options: Members, one: dict) -> tuple[Members, str]:
        found = unleash.evaluate(document, one["flag"], one["context"], instant(one["now"]))
        members = {"enabled": found["enabled"], "variant": found["variant"]}
        if "payload" in found:
            return members | {"value": found["payload"]}, "a payload"
        if found["variant"] is not None:
            return members | {"value": None}, "a variant"
        return members, "on" if found["enabled"] else "off"


class Eppo:
    """Each flag is asked as one of its getters does, sometimes as another"""

    name, random = "eppo", eppo_random
    codes = ("MATCH", "DEFAULT_ALLOCATION_NULL", "FLAG_UNRECOGNIZED_OR_DISABLED")
    reached = frozenset({*codes, "ASSIGNMENT_ERROR", "TYPE_MISMATCH"})

    @staticmethod
    def flags(document: dict) -> list[str]:
        return list(document["flags"])

    @staticmethod
    def options(_random: Random, _document: dict) -> Members:
        return {}

    @staticmethod
    def asked(random: Random, document: dict, flag: str) -> Members:
        right = eppo.TYPES[document["flags"][flag]["variationType"]]
        return {"type": right if random.random() < 0.9 else random.choice(list(eppo.TYPES.values()))}

    @staticmethod
    def expected(document: dict, _options: Members, one: dict) -> tuple[Members, str]:
        found = eppo.evaluate(document, one["flag"], one["context"], one["type"], instant(one["now"]))
        members = {"value": found["value"], "variant": found["variant"]}
        if found["code"] in Eppo.codes and found["code"] != "FLAG_UNRECOGNIZED_OR_DISABLED":
            members["detail.flagEvaluationCode"] = found["code"]
        return members, found["code"]


class GrowthBook:
    """Payloads, without what a program passes to the SDK"""

    name, random = "growthbook", growthbook_random
    reached = frozenset({"defaultValue", "force", "experiment", "prerequisite"})

    @staticmethod
    def flags(document: dict) -> list[str]:
        return list(document["features"])

    @staticmethod
    def options(_random: Random, document: dict) -> Members:
        # The second implementation does not look at the order of members either.
        return {"approximate": list(document["features"])}

    @staticmethod
    def expected(document: dict, _options: Members, one: dict) -> tuple[Members, str]:
        found = growthbook.evaluate(document, one["flag"], one["context"])
        members = {"value": found["value"], "errorCode": None}
        if found["source"] == "experiment" and found["value"] is not None:
            members |= {"variant": found["variant"], "index": found["index"], "inExperiment": True, "reason": "SPLIT"}
        return members, found["source"]


class Flagd:
    """Flag files, each with a version of `fractional`"""

    name, random = "flagd", flagd_random
    reached = frozenset({"TARGETING_MATCH", "DEFAULT", "STATIC", "DISABLED", "GENERAL", "PARSE_ERROR", "TYPE_MISMATCH"})
    types = (*(None,) * 10, "boolean", "string", "integer", "number", "object")

    @staticmethod
    def flags(document: dict) -> list[str]:
        return list(document["flags"])

    @staticmethod
    def options(random: Random, _document: dict) -> Members:
        return {"fractional": random.choice((2, 3))}

    @staticmethod
    def asked(random: Random, _document: dict, _flag: str) -> Members:
        return {"type": random.choice(Flagd.types)}

    @staticmethod
    def expected(document: dict, options: Members, one: dict) -> tuple[Members, str]:
        options = options | {"now": instant(one["now"]), "type": one["type"]}
        found = flagd.evaluate(document, one["flag"], one["context"], **options)
        return found, found["errorCode"] or found["reason"]


class LaunchDarkly:
    """A reason of ours for a flag without rules is one of theirs"""

    name, random = "launchdarkly", launchdarkly_random
    reached = frozenset({"TARGETING_MATCH", "SPLIT", "DEFAULT", "DISABLED", "ERROR"})
    renamed = {"STATIC": "DEFAULT"}  # noqa: RUF012

    @staticmethod
    def flags(document: dict) -> list[str]:
        return list(document["flags"])

    @staticmethod
    def options(_random: Random, _document: dict) -> Members:
        return {}

    @staticmethod
    def expected(document: dict, _options: Members, one: dict) -> tuple[Members, str]:
        found = launchdarkly.evaluate(document, one["flag"], one["context"])
        return {name: found[name] for name in ("value", "index", "inExperiment", "reason")}, found["reason"]


class Flagsmith:
    """A document and a context, which together are what the vendor's engine reads"""

    name, random = "flagsmith", flagsmith_random
    reached = frozenset({"disabled", "enabled", "control", "a variant"})

    @staticmethod
    def flags(document: dict) -> list[str]:
        return list(document["features"])

    @staticmethod
    def options(_random: Random, _document: dict) -> Members:
        return {}

    @staticmethod
    def expected(document: dict, _options: Members, one: dict) -> tuple[Members, str]:
        found = flagsmith.evaluate(document, one["flag"], one["context"])
        if found["variant"] is not None:
            return found, "control" if found["variant"] == "control" else "a variant"
        return found, "enabled" if found["enabled"] else "disabled"


VENDORS = (Unleash, Eppo, GrowthBook, Flagd, LaunchDarkly, Flagsmith)
ORACLE = (Unleash, Eppo)  # whose second implementation reads what the oracle does: numbers are floats
Vendor = type[Unleash] | type[Eppo] | type[GrowthBook] | type[Flagd] | type[LaunchDarkly] | type[Flagsmith]
Input = tuple[dict, Members, list[dict]]


def random_inputs(vendor: Vendor) -> Iterator[Input]:
    """Documents with options and what is asked; the same for the same seed"""
    left, number = INPUTS, 0
    while left > 0:
        random = Random(f"{os.environ.get('VENDOR_SEED', '0')}/{number}")
        number += 1
        document = vendor.random.document(random)
        more = getattr(vendor, "asked", lambda *_: {})
        asked = [
            {"flag": flag, "context": context, "now": random.choice(INSTANTS), **more(random, document, flag)}
            for context in [vendor.random.context(random) for _ in range(CONTEXTS)]
            for flag in vendor.flags(document)
        ]
        left -= len(asked)
        yield document, vendor.options(random, document), asked


def lines_of(vendor: Vendor, document: dict, options: Members, asked: list[dict]) -> list[str]:
    """The lines that a testee reads; the text of the document keeps the order of its members"""
    load = {"op": "load", "vendor": vendor.name, "options": options, "documentText": json.dumps(document)}
    return [json.dumps(request) for request in (load, *({"op": "evaluate"} | one for one in asked))]


def check(vendor: Vendor, one_input: Input, answers: Iterator[str]) -> Iterator[str]:
    """What each answer reached, which must have what the second implementation says"""
    document, options, asked = one_input
    assert json.loads(next(answers)) == {"issues": [], "ok": True}, json.dumps(document)
    read = (lambda value: read_json(json.dumps(value))) if vendor in ORACLE else lambda value: value
    known = read(document)
    for one in asked:
        expected, reached = vendor.expected(known, options, one | {"context": read(one["context"])})
        outcome = json.loads(next(answers))
        told = {name: member_of(outcome, name) for name in expected}
        told |= {"reason": vendor.renamed.get(told["reason"], told["reason"])} if hasattr(vendor, "renamed") else {}
        assert comparable(told) == comparable(expected), (one, options, outcome, expected, json.dumps(document))
        yield reached


def member_of(outcome: dict, name: str) -> object:
    """A member; a point leads into another one"""
    first, _, rest = name.partition(".")
    return member_of(outcome.get(first) or {}, rest) if rest else outcome.get(first)


def comparable(value: object) -> str:
    """As text, so that `true` is not 1; every number is a double"""
    if isinstance(value, int | float) and not isinstance(value, bool):
        value = float(value)
    if isinstance(value, list):
        return "[" + ",".join(map(comparable, value)) + "]"
    if isinstance(value, dict):
        return "{" + ",".join(f"{name!r}:{comparable(value[name])}" for name in sorted(value)) + "}"
    return json.dumps(value)


def same(one: str, other: str) -> bool:
    """Whether answers are the same bytes, but that a list of a payload has 1.0 in Python where others write 1"""
    return one == other or canonical(read_json(one)) == canonical(read_json(other))


@pytest.mark.parametrize("vendor", pin.VENDORS)
def test_the_pinned_answers_are_those_of_the_second_implementation(vendor: str) -> None:
    assert (pin.HERE / f"{vendor}.json").read_text(encoding="utf-8") == pin.text(vendor), (
        "run python conformance/vendors/pin.py"
    )


@pytest.mark.parametrize("vendor", VENDORS)
def test_random_flags_answer_as_the_second_implementation(vendor: Vendor) -> None:
    testees = [Process(binding) for binding in BINDINGS]
    found, inputs = Counter(), random_inputs(vendor)
    try:
        while batch := list(islice(inputs, DOCUMENTS)):
            lines = [line for one in batch for line in lines_of(vendor, *one)]
            asked = testees if IS_LONG or found.total() < INPUTS // 2 else testees[:1]
            first, *others = [answers.wait() for answers in [testee.ask(lines) for testee in asked]]
            for binding, other in zip(BINDINGS[1:], others, strict=False):
                differences = [pair for pair in zip(lines, first, other, strict=True) if not same(*pair[1:])]
                assert not differences, (binding, differences[0])
            answers = iter(first)
            for one in batch:
                found.update(check(vendor, one, answers))
    finally:
        for testee in testees:
            testee.close()
    assert found.total() >= INPUTS
    # The inputs reach everything that a vendor may answer.
    assert vendor.reached <= set(found), found


def vectors_of_unleash() -> Iterator[tuple[dict, dict, Members]]:
    """State, test, and what must be answered, but for deltas and for patterns, which Python reads otherwise than RE2"""
    for name in json.loads((SUITES / "unleash/specifications/index.json").read_text(encoding="utf-8")):
        if "regex" in name:
            continue
        file = read_json((SUITES / "unleash/specifications" / name).read_text(encoding="utf-8"))
        if "features" in file["state"]:
            for test in file.get("tests", []):
                yield file["state"], test, {"enabled": test["expectedResult"]}
            for test in file.get("variantTests", []):
                result = test["expectedResult"]
                variant = result["name"] if result["enabled"] else None
                yield file["state"], test, {"enabled": result["feature_enabled"], "variant": variant}


@pytest.mark.skipif(not SUITES.is_dir(), reason="there is no ../shared/vendor-suites")
def test_the_second_implementation_of_unleash_answers_the_vectors_of_unleash() -> None:
    count = 0
    for state, test, expected in vectors_of_unleash():
        if any(feature["name"] == test["toggleName"] for feature in state["features"]):
            context = {name: member for name, member in test["context"].items() if member is not None}
            answer = unleash.evaluate(state, test["toggleName"], context, instant(NOW))
            assert expected.items() <= answer.items(), (test, answer)
            count += 1
    assert count == 235


@pytest.mark.skipif(not SUITES.is_dir(), reason="there is no ../shared/vendor-suites")
def test_the_second_implementation_of_eppo_answers_the_vectors_of_eppo() -> None:
    document = read_json((SUITES / "eppo/ufc/flags-v1.json").read_text(encoding="utf-8"))
    count = 0
    for path in sorted((SUITES / "eppo/ufc/tests").iterdir()):
        file = read_json(path.read_text(encoding="utf-8"))
        for subject in file["subjects"]:
            context = {name: subject[name] for name in ("subjectKey", "subjectAttributes")}
            asked = eppo.TYPES[file["variationType"]]
            answer = eppo.evaluate(document, file["flag"], context, asked, instant(NOW))
            found = file["defaultValue"] if answer["variant"] is None else answer["value"]
            details = subject["evaluationDetails"]
            assert comparable(found) == comparable(subject["assignment"]), (file["flag"], subject, answer)
            assert answer["code"] == details["flagEvaluationCode"], (file["flag"], subject, answer)
            count += 1
    assert count == 225
