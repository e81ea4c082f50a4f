"""The fuzzer: its inputs are reproducible and diverse, its shrinker works, and a small run finds no difference"""

import functools
import json
import subprocess
import sys
from collections import Counter

from cases import CONFORMANCE

sys.path.insert(0, str(CONFORMANCE / "fuzz"))

from documents import Snapshot
from evaluation import MAX_ATTRIBUTES
from operators import OPERATORS, split_name
from reached import EXPECTED, Coverage
from run import Comparison, lines_of
from run import inputs as make_inputs
from shrink import shrink
from values import read_json

DOCUMENTS = 150


@functools.cache
def inputs(seed: str, number: int) -> tuple[dict, list[dict]]:
    """The document of a number and its requests, which several tests read and none changes"""
    return make_inputs(seed, number)


def answers(number: int) -> list[dict]:
    """The expected responses for one document and its requests"""
    lines, oracle = lines_of(*inputs("0", number), number), Comparison([])
    return [json.loads(oracle.expected(line)) for line in lines][1:]


def test_a_seed_makes_the_same_inputs_again() -> None:
    assert make_inputs("seed", 7) == make_inputs("seed", 7)
    assert make_inputs("seed", 7) != make_inputs("seed", 8)


def test_it_reaches_every_operator() -> None:
    found = set()

    def collect(node: object) -> None:
        if isinstance(node, dict):
            found.update({node["op"]} if isinstance(node.get("op"), str) and "attribute" in node else ())
            node = list(node.values())
        for inner in node if isinstance(node, list) else []:
            collect(inner)

    for number in range(3 * DOCUMENTS):
        collect(inputs("0", number)[0])
    known = {op for op in found if split_name(op)[0] in OPERATORS}
    assert len(known) == 2 * len(OPERATORS)


def test_it_reaches_every_step_reason_and_error() -> None:
    steps, reasons, errors, in_experiment = Counter(), Counter(), Counter(), Counter()
    for number in range(DOCUMENTS):
        for answer in answers(number):
            assert "error" not in answer
            for outcome in answer.get("flags", {"": answer}).values():
                steps[outcome["detail"].get("step")] += 1
                reasons[outcome["reason"]] += 1
                errors[outcome["errorCode"]] += 1
                in_experiment[outcome["inExperiment"]] += 1
    seldom = 20
    assert min(steps.values()) > seldom
    assert steps.keys() == {None, "disabled", "expired", "prerequisite", "override", "rule", "serve", "declined"}
    assert min(reasons.values()) > seldom
    assert reasons.keys() == {"STATIC", "DEFAULT", "TARGETING_MATCH", "SPLIT", "DISABLED", "ERROR"}
    assert errors.keys() == {None, "FLAG_NOT_FOUND", "PARSE_ERROR", "TYPE_MISMATCH", "INVALID_CONTEXT"}
    assert in_experiment[True] > seldom


def test_it_reaches_the_bounds_and_hashed_lists() -> None:
    depth, attributes, hashed = Counter(), Counter(), Counter()
    for number in range(4 * DOCUMENTS):
        document, questions = inputs("0", number)
        attributes.update(len(question["context"]) > MAX_ATTRIBUTES for question in questions if has_many(question))
        if "top" in document.get("flags", {}):
            depth["top" in Snapshot(read_json(json.dumps(document))).flags] += 1
        for flag in document.get("flags", {}).values():
            lists = flag.get("overrides") if isinstance(flag, dict) else None
            hashed.update(name.startswith("/") for name in (lists if isinstance(lists, dict) else ()))
    assert min(depth[True], depth[False], attributes[True], attributes[False]) > 0
    assert min(hashed.values()) > DOCUMENTS


def has_many(question: dict) -> bool:
    """Whether a context is at the limit of attributes"""
    context = question.get("context")
    return isinstance(context, dict) and len(context) > MAX_ATTRIBUTES // 2


def test_coverage_sees_into_explanations() -> None:
    coverage = Coverage()
    outcome = {"reason": "SPLIT", "errorCode": None, "detail": {"step": "rule"}, "value": True, "variant": "on"}
    inner = {"type": "attribute", "operator": "notIn", "attribute": "a", "found": 1, "result": False}
    rule = {"type": "rule", "result": "no match", "steps": [{"type": "all", "result": False, "steps": [inner]}]}
    answer = {"outcome": outcome | {"inExperiment": False, "sources": {}}, "trace": [rule]}

    coverage.add(json.dumps(answer))
    assert coverage.keys() == {"reason SPLIT", "step rule", "type boolean", "rule no match", "all False", "notIn False"}
    assert len(coverage.missing()) == len(EXPECTED) - 6


def test_it_shrinks_to_what_differs() -> None:
    document = {"flags": {"f0": {"rules": [{"serve": "on"}]}, "f1": {"rules": [{"serve": "on"}, {"serve": "off"}]}}}

    found = shrink({"document": document, "question": {"op": "evaluate"}}, lambda case: "'off'" in str(case))
    assert found == {"document": {"serve": "off"}, "question": {}}


def test_a_small_run_finds_nothing() -> None:
    run = subprocess.run(
        [sys.executable, CONFORMANCE / "fuzz" / "run.py", "--count", "2000"],
        capture_output=True,
        text=True,
        check=False,
    )
    assert run.returncode == 0, run.stdout + run.stderr
