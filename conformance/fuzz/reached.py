"""Coverage of the generated inputs, from the traces, outcomes and issues of a binding

Line coverage of the core would be more precise, but needs LLVM's tools in the version of the compiler, which setup does
not install.
"""

import json
import re
from collections import Counter
from collections.abc import Iterator

from dialects import ALGORITHMS
from documents import TYPES
from operators import OPERATORS

REASONS = ("STATIC", "DEFAULT", "TARGETING_MATCH", "SPLIT", "DISABLED", "ERROR")
ERRORS = ("INVALID_CONTEXT", "FLAG_NOT_FOUND", "PARSE_ERROR", "TYPE_MISMATCH")
STEPS = ("disabled", "expired", "prerequisite", "override", "rule", "serve", "declined")
SERVE_STEPS = ("holdout", "slice", "rollout", "arms")
# Everything that the language distinguishes and a trace shows must be covered.
EXPECTED = {
    *(f"reason {reason}" for reason in REASONS),
    *(f"error {error}" for error in ERRORS),
    *(f"step {step}" for step in STEPS),
    *(f"type {name}" for name in TYPES),
    *(f"{step} {unit} unit" for step in SERVE_STEPS for unit in ("with a", "without a")),
    *(f"serve {answer}" for answer in ("serves", "declines")),
    *(f"rule {answer}" for answer in ("closed", "no match", "declined", "match")),
    *(f"override {answer}" for answer in ("serves", "has none")),
    *(f"trace {step}" for step in ("disabled", "expired", "patch")),
    *(
        f"{form} {result}"
        for form in ("all", "any", "not", "flag", "bucket", "prerequisite", "dialect unleash", "dialect eppo")
        for result in (True, False)
    ),
    *(f"segment {why}" for why in ("excluded False", "included True", "condition True", "condition False")),
    *(f"source {source}" for source in ("default", "environment", "user", "organization", "device")),
    *(f"algorithm {name} {answer}" for name in ALGORITHMS for answer in ("serves", "declines")),
    "nothing",
    "in an experiment",
}
for name in OPERATORS:
    for shown in (name, "not" + name[0].upper() + name[1:]):
        EXPECTED |= {f"{shown} {result}" for result in (True, False)}


class Coverage(Counter):
    """The number of times that each feature was reached"""

    def add(self, line: str) -> None:
        """Add the response to a load, an evaluation or an explanation"""
        answer = json.loads(line)
        for issue in answer.get("issues", []):
            self[f"issue: {re.sub('`[^`]*`', '`…`', issue['message'])[:80]}"] += 1
        explained = [answer["outcome"]] if "outcome" in answer else []
        for outcome in [*explained, *answer.get("flags", {}).values(), *([answer] if "reason" in answer else [])]:
            self.update(reached_by(outcome))
        for step in answer.get("trace", []):
            self.update(reached_in(step))

    def missing(self) -> list[str]:
        """Expected features that were not reached"""
        return sorted(EXPECTED - self.keys())

    def report(self) -> Iterator[str]:
        """The coverage as lines of text"""
        yield f"reached {len(EXPECTED) - len(self.missing())} of {len(EXPECTED)} branches of the language:"
        for name in sorted(EXPECTED & self.keys(), key=self.__getitem__)[:12]:
            yield f"  {self[name]:>10} {name}"
        yield "  …"
        issues = sorted(name for name in self if name.startswith("issue: "))
        yield f"issues of {len(issues)} kinds, the rarest {min((self[name] for name in issues), default=0)} times"
        yield from (f"not reached: {name}" for name in self.missing())


def reached_by(outcome: dict) -> Iterator[str]:
    """Features of an outcome"""
    yield f"reason {outcome['reason']}"
    if outcome["errorCode"]:
        yield f"error {outcome['errorCode']}"
        return
    yield f"step {outcome['detail']['step']}"
    if outcome["variant"] is None:
        yield "nothing"
        return
    kinds = {bool: "boolean", str: "string", int: "number", float: "number", dict: "object", list: "object"}
    yield f"type {kinds[type(outcome['value'])]}"
    if outcome["inExperiment"]:
        yield "in an experiment"
    yield from {f"source {source}" for source in outcome["sources"].values()}


def reached_in(step: dict) -> Iterator[str]:
    """Features of a step of a trace and of the steps inside it"""
    name = step["type"]
    if name == "attribute":
        yield f"{step['operator']} {step['result']}"
    elif name == "dialect":
        yield f"dialect {step['dialect']} {step['result']}"
    elif name == "algorithm":
        yield f"algorithm {step['algorithm']} {'declines' if step['variant'] is None else 'serves'}"
    elif name == "segment":
        yield f"segment {step['why']} {step['result']}"
    elif name in SERVE_STEPS and "slot" in step:
        yield f"{name} {'without a' if step['slot'] is None else 'with a'} unit"
    elif name in ("serve", "override"):
        yield f"{name} {('declines' if name == 'serve' else 'has none') if step['variant'] is None else 'serves'}"
    else:
        yield f"{name} {step['result']}" if "result" in step else f"trace {name}"
    for inner in step.get("steps", []):
        yield from reached_in(inner)
