#!/usr/bin/env python3
"""The oracle as a testee: reads requests and writes responses as lines of JSON"""

import sys

from documents import Snapshot
from evaluation import Evaluation
from literals import instant
from values import BrokenError, canonical, read_json, slot

TYPES = (None, "boolean", "string", "number", "integer", "object")


class Testee:
    """The current snapshot; a load replaces it"""

    def __init__(self) -> None:
        self.snapshot = Snapshot({"schemaVersion": 1.0})

    def answer(self, line: str) -> str:
        """The response to one line"""
        try:
            request = read_json(line)
            if request["op"] == "load" and "vendor" not in request:
                return canonical(self.load(request))
            if request["op"] == "bucket":
                return canonical({"slot": float(slot(request["salt"], request["unit"], int(request["total"])))})
            if request["op"] not in ("evaluate", "evaluateAll"):
                return canonical({"error": "unsupported"})
            evaluation = Evaluation(self.snapshot, read_context(request), instant(request["now"]))
            if request["op"] == "evaluate":
                wanted = TYPES[TYPES.index(request.get("type"))]
                return canonical(evaluation.outcome(request["flag"], wanted, request.get("default")))
            return canonical({"flags": {key: evaluation.outcome(key, None, None) for key in self.snapshot.known}})
        except (ValueError, KeyError, TypeError) as error:
            return canonical({"error": f"{type(error).__name__}: {error}"})

    def load(self, request: dict) -> dict:
        """Replace the snapshot, unless the document is refused"""
        try:
            text = request.get("documentText")
            self.snapshot = Snapshot(request["document"] if text is None else read_json(text))
        except (BrokenError, ValueError) as refused:
            return {"ok": False, "issues": [{"pointer": "", "message": str(refused)}]}
        return {"ok": True, "issues": self.snapshot.issues}


def read_context(request: dict) -> object:
    """The context, which may be given as text; null, an invalid context, for text that is not valid JSON"""
    try:
        return read_json(request["contextText"]) if "contextText" in request else request.get("context", {})
    except ValueError:
        return None


if __name__ == "__main__":
    sys.stdin.reconfigure(encoding="utf-8")
    sys.stdout.reconfigure(encoding="utf-8", newline="\n")
    testee = Testee()
    for one_line in sys.stdin:
        print(testee.answer(one_line), flush=True)
