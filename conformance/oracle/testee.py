#!/usr/bin/env python3
"""The oracle as a testee: JSON lines in, canonical JSON lines out (design § 8)"""

import sys

from documents import RefusedError, Snapshot, load
from evaluation import Evaluation
from literals import instant_of_text
from values import MISSING, canonical, read_json, slot

TYPES = (None, "boolean", "string", "number", "integer", "object")


class Testee:
    """One logical snapshot; a load replaces it"""

    def __init__(self) -> None:
        """Begin with a document that has no flags"""
        self.snapshot = Snapshot({"schemaVersion": 1.0})

    def answer(self, line: str) -> str:
        """The answer to one line"""
        try:
            request = read_json(line)
            operation = {"evaluateAll": "evaluate_all"}.get(request["op"], request["op"])
            if operation not in ("load", "evaluate", "evaluate_all", "bucket"):
                return canonical({"error": "unsupported"})
            return canonical(getattr(self, operation)(request))
        except (ValueError, KeyError, TypeError) as error:
            return canonical({"error": f"{type(error).__name__}: {error}"})

    def load(self, request: dict) -> dict:
        """Replace the snapshot, unless the document is refused"""
        if "vendor" in request:
            return {"error": "unsupported"}
        try:
            text = request.get("documentText")
            self.snapshot = Snapshot(request["document"]) if text is None else load(text)
        except RefusedError as refused:
            return {"ok": False, "issues": [{"pointer": "", "message": str(refused)}]}
        return {"ok": True, "issues": self.snapshot.issues}

    def evaluation(self, request: dict) -> Evaluation:
        """The context and instant of a request"""
        context = request.get("context", {})
        if "contextText" in request:
            try:
                context = read_json(request["contextText"])
            except ValueError:
                context = MISSING
        now = instant_of_text(request["now"])
        if now is None:
            raise ValueError("`now` is no instant")
        return Evaluation(self.snapshot, context, now)

    def evaluate(self, request: dict) -> dict:
        """The outcome of one flag"""
        wanted = request.get("type")
        if wanted not in TYPES:
            raise ValueError(f"unknown type `{wanted}`")
        return self.evaluation(request).outcome(request["flag"], wanted, request.get("default"))

    def evaluate_all(self, request: dict) -> dict:
        """The outcomes of all flags (OUT-7)"""
        evaluation = self.evaluation(request)
        return {"flags": {key: evaluation.outcome(key, None, None) for key in sorted(self.snapshot.known)}}

    def bucket(self, request: dict) -> dict:
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
