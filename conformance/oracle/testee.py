#!/usr/bin/env python3
"""The oracle as a testee: JSON lines in, canonical JSON lines out (design § 8)"""

import sys

from documents import Snapshot
from evaluation import Evaluation
from literals import instant
from values import BrokenError, canonical, read_json, slot

TYPES = (None, "boolean", "string", "number", "integer", "object")


class Testee:
    """One logical snapshot; a load replaces it"""

    def __init__(self) -> None:
        self.snapshot = Snapshot({"schemaVersion": 1.0})

    def answer(self, line: str) -> str:
        """The answer to one line"""
        try:
            return canonical(self.answer_to(read_json(line)))
        except (ValueError, KeyError, TypeError) as error:
            return canonical({"error": f"{type(error).__name__}: {error}"})

    def answer_to(self, request: dict) -> dict:
        """The answer to a request; an exception if it is none"""
        operation, default = request["op"], request.get("default")
        if operation == "load" and "vendor" not in request:
            return self.load(request)
        if operation == "bucket":
            return {"slot": float(slot(request["salt"], request["unit"], int(request["total"])))}
        if operation not in ("evaluate", "evaluateAll"):
            return {"error": "unsupported"}
        try:
            context = read_text_or_json(request, "context")
        except ValueError:
            context = None  # no object, and so no context
        evaluation = Evaluation(self.snapshot, context, instant(request["now"]))
        if operation == "evaluate":
            return evaluation.outcome(request["flag"], TYPES[TYPES.index(request.get("type"))], default)
        return {"flags": {key: evaluation.outcome(key, None, None) for key in self.snapshot.known}}  # OUT-7

    def load(self, request: dict) -> dict:
        """Replace the snapshot, unless the document is refused"""
        try:
            self.snapshot = Snapshot(read_text_or_json(request, "document"))
        except (BrokenError, ValueError) as refused:
            return {"ok": False, "issues": [{"pointer": "", "message": str(refused)}]}
        return {"ok": True, "issues": self.snapshot.issues}


def read_text_or_json(request: dict, member: str) -> object:
    """A member that may be given as text, {} if it is not given"""
    text = request.get(member + "Text")
    return request.get(member, {}) if text is None else read_json(text)


if __name__ == "__main__":
    sys.stdin.reconfigure(encoding="utf-8")
    sys.stdout.reconfigure(encoding="utf-8", newline="\n")
    testee = Testee()
    for one_line in sys.stdin:
        print(testee.answer(one_line), flush=True)
