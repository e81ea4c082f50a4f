"""The Python testee: responds to requests with the installed wheel, as lines of JSON."""

from __future__ import annotations

import json
from datetime import datetime, timezone

from flagstaff import DocumentError, Snapshot
from lines import UNSUPPORTED, Request, answer_lines, canonical, loaded, refused
from vendors import RefusedFileError, VendorWords, document_of

EPOCH = datetime(1970, 1, 1, tzinfo=timezone.utc)
EMPTY = '{"schemaVersion": 1, "flags": {}}'


class Testee:
    """The current snapshot, and the responses about it."""

    def __init__(self) -> None:
        self.snapshot = Snapshot.from_json(EMPTY)
        self.words = VendorWords()

    def answer(self, request: Request) -> str:
        """The response to one request; raises an exception if it fails."""
        match request["op"]:
            case "load":
                return self.load(request)
            case "evaluate":
                outcome = self.snapshot.evaluate(*question(self.words.translate(request)))
                return self.words.apply(request, outcome)
            case "explain":
                return self.snapshot.explain(*question(request))
            case "evaluateAll":
                return self.snapshot.evaluate_all(context(request), milliseconds(request["now"]))
            case "bucket":
                return canonical({"slot": Snapshot.bucket(request["salt"], request["unit"], request["total"])})
            case _:
                return canonical(UNSUPPORTED)

    def load(self, request: Request) -> str:
        """Replaces the snapshot; a refused document leaves it unchanged."""
        try:
            document, words = document_of(request)
            self.snapshot = Snapshot.from_json(document)
        except (DocumentError, RefusedFileError) as error:
            return refused(str(error))
        self.words = words
        return loaded(self.snapshot.issues)


def question(request: Request) -> tuple[str, str | None, object, object, int]:
    """Flag, type, default, context and instant."""
    flag, value_type, default = request["flag"], request.get("type"), request.get("default")
    return flag, value_type, default, context(request), milliseconds(request["now"])


def context(request: Request) -> object:
    """Text for the binding to parse, or Python objects."""
    if "contextText" in request:
        return request["contextText"]
    value = request.get("context", {})
    # Here these are invalid contexts. The binding reads a string as JSON, None as no context, and a number as a key.
    is_key_a_number = isinstance(value, dict) and isinstance(value.get("targetingKey"), int)
    return json.dumps(value) if value is None or isinstance(value, str) or is_key_a_number else value


def milliseconds(text: str) -> int:
    """RFC 3339 as milliseconds since 1970, exactly; Python 3.10 supports neither `Z` nor every fraction."""
    whole, _, rest = text.replace("Z", "+00:00").partition(".")
    zone = rest.lstrip("0123456789")
    digits = rest[: len(rest) - len(zone)]
    since = datetime.fromisoformat(whole + zone) - EPOCH
    return (since.days * 86_400 + since.seconds) * 1000 + int((digits + "000")[:3])


if __name__ == "__main__":
    answer_lines(Testee().answer)
