"""The oracle passes every conformance case and the golden vectors"""

import json

import pytest

from cases import CONFORMANCE, NOW, all_cases
from testee import Testee as Oracle
from values import canonical, murmur3, read_json, slot

CASES = list(all_cases())
VECTORS = json.loads((CONFORMANCE / "vectors" / "bucketing.json").read_text(encoding="utf-8"))


def ask(testee: Oracle, **request: object) -> dict:
    """The response to a request, as JSON"""
    return json.loads(testee.answer(json.dumps(request)))


def load(testee: Oracle, owner: dict) -> dict:
    """Load the document of a case or a file"""
    return ask(testee, op="load", **{name: owner[name] for name in ("document", "documentText") if name in owner})


def question(case: dict) -> dict:
    """The fields of a request that come from the case"""
    context = {"contextText": case["contextText"]} if "contextText" in case else {"context": case.get("context", {})}
    return context | {"now": case.get("now", NOW)}


def part_of(pointer: str) -> str:
    """The flag or segment that an issue breaks; the whole text for any other issue"""
    return "/".join(pointer.split("/")[:3])


def assert_members(expected: dict, outcome: dict) -> None:
    """Every expected field is equal, as canonical JSON"""
    for name, value in expected.items():
        assert canonical(read_json(json.dumps(outcome[name]))) == canonical(read_json(json.dumps(value))), name


@pytest.mark.parametrize(("file", "case"), [case[1:] for case in CASES], ids=[case[0] for case in CASES])
def test_case(file: dict, case: dict) -> None:
    """The outcomes that the case expects, but not the messages of issues"""
    testee = Oracle()
    if "document" in file:
        assert load(testee, file)["ok"]
    if "document" in case or "documentText" in case:
        loaded = load(testee, case)
        assert loaded["ok"] is not case.get("refused", False)
    if "issues" in case:
        broken = {
            part_of(issue["pointer"]) for issue in (loaded if "loaded" in locals() else load(testee, file))["issues"]
        }
        assert broken == {part_of(issue["pointer"]) for issue in case["issues"]}
    if "flag" in case:
        request = {"op": "evaluate", "flag": case["flag"], "type": case.get("type"), "default": case.get("default")}
        text = testee.answer(json.dumps(request | question(case)))
        assert_members(case.get("expect", {}), json.loads(text))
        assert text == case.get("answer", text)
    if "expectAll" in case:
        flags = ask(testee, op="evaluateAll", **question(case))["flags"]
        assert flags.keys() == case["expectAll"].keys()
        for key, expected in case["expectAll"].items():
            assert_members(expected, flags[key])


def test_golden_hashes() -> None:
    """The hash, also of bytes that are not UTF-8"""
    for vector in VECTORS["hashes"]:
        data = vector["text"].encode() if "text" in vector else bytes.fromhex(vector["bytes"])
        assert murmur3(data, vector["seed"]) == vector["hash"], vector


def test_golden_slots() -> None:
    """The slots of units"""
    for vector in VECTORS["slots"]:
        salt = vector["salt"] + ("/" + vector["step"] if "step" in vector else "")
        assert slot(salt, vector["unit"], vector["total"]) == vector["slot"], vector


def test_the_oracle_is_small() -> None:
    """A reader can understand the whole oracle"""
    modules = (CONFORMANCE / "oracle").glob("*.py")
    # 70 lines more than before version 2 of the language, which serves nothing and has dialects.
    assert sum(len(module.read_text(encoding="utf-8").splitlines()) for module in modules) < 1200


def test_each_dialect_of_the_oracle_is_small() -> None:
    """So is each vendor, which is a module of its own"""
    for module in (CONFORMANCE / "oracle" / "dialects").glob("*.py"):
        assert len(module.read_text(encoding="utf-8").splitlines()) < 250, module
