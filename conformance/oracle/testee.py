#!/usr/bin/env python3
"""The oracle as a testee: JSON lines in, canonical JSON lines out (design § 8)"""

import sys

from documents import Snapshot
from evaluation import Evaluation
from literals import instant
from shapes import BrokenError
from values import MISSING, canonical, is_readable, read_json, slot

TYPES = (None, "boolean", "string", "number", "integer", "object")


class Testee:
    """One logical snapshot; a load replaces it"""

    def __init__(self) -> None:
        """Begin with a document that has no flags"""
        self.snapshot = Snapshot({"schemaVersion": 1.0})

    def answer(self, line: str) -> str:
        """The answer to one line"""
        operations = {"load": self.load, "evaluate": self.evaluate, "evaluateAll": self.evaluate_all, "bucket": bucket}
        try:
            request = read_json(line)
            if request["op"] not in operations or "vendor" in request:
                return canonical({"error": "unsupported"})
            return canonical(operations[request["op"]](request))
        except (ValueError, KeyError, TypeError) as error:
            return canonical({"error": f"{type(error).__name__}: {error}"})

    def load(self, request: dict) -> dict:
        """Replace the snapshot, unless the document is refused"""
        try:
            self.snapshot = Snapshot(read_text_or_json(request, "document"))
        except (BrokenError, ValueError) as refused:
            return {"ok": False, "issues": [{"pointer": "", "message": str(refused)}]}
        return {"ok": True, "issues": self.snapshot.issues}

    def evaluation(self, request: dict) -> Evaluation:
        """The context and instant of a request"""
        now = instant(request["now"])
        if now is None:
            raise ValueError("`now` is no instant")
        try:
            context = read_text_or_json(request, "context")
        except ValueError:
            context = MISSING
        return Evaluation(self.snapshot, context if is_readable(context) else MISSING, now)

    def evaluate(self, request: dict) -> dict:
        """The outcome of one flag"""
        if request.get("type") not in TYPES:
            raise ValueError(f"unknown type `{request['type']}`")
        return self.evaluation(request).outcome(request["flag"], request.get("type"), request.get("default"))

    def evaluate_all(self, request: dict) -> dict:
        """The outcomes of all flags (OUT-7)"""
        evaluation = self.evaluation(request)
        return {"flags": {key: evaluation.outcome(key, None, None) for key in self.snapshot.known}}


def read_text_or_json(request: dict, member: str) -> object:
    """A member that may be given as text, {} if it is not given"""
    text = request.get(member + "Text")
    return request.get(member, {}) if text is None else read_json(text)


def bucket(request: dict) -> dict:
    """The slot of a unit"""
    return {"slot": float(slot(request["salt"], request["unit"], int(request["total"])))}


def main() -> None:
    """Answer each line until there are no more"""
    sys.stdin.reconfigure(encoding="utf-8")
    sys.stdout.reconfigure(encoding="utf-8", newline="\n")
    testee = Testee()
    for line in sys.stdin:
        print(testee.answer(line), flush=True)


if __name__ == "__main__":
    main()
