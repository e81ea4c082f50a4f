"""OpenFeature's Gherkin suite, where this machine has it: its flags as a document, and the state of a scenario."""

import copy
import json
import pathlib
import re

from openfeature import api
from openfeature.evaluation_context import EvaluationContext
from openfeature.hook import Hook

ROOT = pathlib.Path(__file__).parents[4]
SUITE = ROOT.parent / "shared/vendor-suites/openfeature"
TYPES = {"boolean": "boolean", "string": "string", "integer": "number", "float": "number", "object": "object"}
# What the expressions of the suite (CEL) are in the language of Flagstaff.
CONDITIONS = {
    "email == 'ballmer@macrosoft.com' ? 'zero' : ''": (
        {"attribute": "email", "op": "equals", "value": "ballmer@macrosoft.com"},
        "zero",
    ),
    "!customer && email == 'ballmer@macrosoft.com' && age > 10 ? 'internal' : ''": (
        {
            "all": [
                {"attribute": "customer", "op": "equals", "value": False},
                {"attribute": "email", "op": "equals", "value": "ballmer@macrosoft.com"},
                {"attribute": "age", "op": "greaterThan", "value": 10},
            ]
        },
        "internal",
    ),
}
# A disabled flag has the caller's default in OpenFeature, and a variant in Flagstaff: here the scenarios' default.
DISABLED = {"boolean": False, "string": "bye", "integer": 1, "float": 0.1, "object": {"a": 1}}
# The older of the two suites has this flag, which the file of flags lacks.
CONTEXT_AWARE = {
    "type": "string",
    "enabled": True,
    "variants": {"internal": "INTERNAL", "external": "EXTERNAL"},
    "offVariant": "external",
    "serve": "external",
    "rules": [
        {
            "when": {
                "all": [
                    {"attribute": "fn", "op": "equals", "value": "Sulisław"},
                    {"attribute": "ln", "op": "equals", "value": "Świętopełk"},
                    {"attribute": "age", "op": "equals", "value": 29},
                    {"attribute": "customer", "op": "equals", "value": False},
                ]
            },
            "serve": "internal",
        }
    ],
}


def document():
    """Return the flags of the suite that have a default variant; no scenario evaluates the others."""
    flags = json.loads((SUITE / "test-flags.json").read_text(encoding="utf-8"))
    translated = {key: translate(flag) for key, flag in flags.items() if flag.get("defaultVariant") is not None}
    return {"schemaVersion": 1, "environment": "openfeature", "flags": translated | {"context-aware": CONTEXT_AWARE}}


def translate(flag):
    """Translate a flag of the suite."""
    kind = type_of(flag["variants"])
    result = {
        "type": TYPES[kind],
        "enabled": not flag.get("disabled", False),
        "variants": flag["variants"] | {"disabled": DISABLED[kind]},
        "offVariant": "disabled",
        "serve": flag["defaultVariant"],
        "metadata": flag.get("flagMetadata") or {},
    }
    if expression := flag.get("contextEvaluator"):
        condition, variant = CONDITIONS[expression]
        result["rules"] = [{"when": condition, "serve": variant}]
    return result


def type_of(variants):
    """Tell which type the values have."""
    types = {bool: "boolean", str: "string", int: "integer", float: "float", dict: "object"}
    return types[type(next(iter(variants.values())))]


def read_value(kind, text):
    """Read a value of a scenario, such as `"true"` or `"{\\"a\\": 1}"`."""
    kind, text = kind.lower(), text.replace('\\"', '"')
    if text == "null":
        return None
    readers = {"boolean": lambda text: {"true": True, "false": False}[text], "string": str, "integer": int}
    readers |= {"float": float, "object": json.loads}
    return readers[kind](text)


def split_names(text):
    """Split `after, finally`."""
    return re.split(r",\s*", text)


HOOK_STAGES = {"before": "before", "after": "after", "error": "error", "finally": "finally_after"}


class RecordingHook(Hook):
    """Remembers its calls."""

    def __init__(self, calls=None):
        self.calls = [] if calls is None else calls

    def before(self, hook_context, hints):
        self.calls.append(("before", self, None))

    def after(self, hook_context, details, hints):
        self.calls.append(("after", self, copy.copy(details)))

    def error(self, hook_context, exception, hints):
        self.calls.append(("error", self, None))

    def finally_after(self, hook_context, details, hints):
        self.calls.append(("finally_after", self, copy.copy(details)))

    def of(self, stage):
        return [details for called, _, details in self.calls if called == HOOK_STAGES[stage]]


class ContextHook(Hook):
    """Adds to the context before the evaluation."""

    def __init__(self, context):
        self.context = context

    def before(self, hook_context, hints):
        return self.context


class State:
    """What the steps of a scenario hand on."""

    def __init__(self):
        self.client = api.get_client()
        self.hook = RecordingHook()
        self.context = {}
        self.levels = {}
        self.question = self.details = self.provider = self.options = None

    def ask(self, kind, key, default):
        self.question = (kind.lower(), key, read_value(kind, default))

    def evaluate(self, *, is_async=False):
        kind, key, default = self.question
        getter = getattr(self.client, f"get_{kind}_details{'_async' if is_async else ''}")
        return getter(key, default, EvaluationContext(attributes=self.context), self.options)
