"""The Python testee, over the installed wheel: requests on standard input, answers on standard output, JSON lines."""

from __future__ import annotations

import json
from datetime import datetime, timezone

from flagstaff import DocumentError, Snapshot
from lines import UNSUPPORTED, Request, answer_lines, canonical, loaded, refused, text_or_json

EPOCH = datetime(1970, 1, 1, tzinfo=timezone.utc)
EMPTY = '{"schemaVersion": 1, "flags": {}}'


class Testee:
    """One logical snapshot, and the answers about it."""

    def __init__(self) -> None:
        self.snapshot = Snapshot.from_json(EMPTY)

    def answer(self, request: Request) -> str:
        """The answer to one request; raises where there is none."""
        match request["op"]:
            case "load" if "vendor" not in request:
                return self.load(text_or_json(request, "document"))
            case "evaluate":
                return self.snapshot.evaluate(*question(request))
            case "explain":
                return self.snapshot.explain(*question(request))
            case "evaluateAll":
                return self.snapshot.evaluate_all(context(request), milliseconds(request["now"]))
            case "bucket":
                return canonical({"slot": Snapshot.bucket(request["salt"], request["unit"], request["total"])})
            case _:
                return canonical(UNSUPPORTED)

    def load(self, document: str) -> str:
        """Replaces the snapshot; a document that is refused leaves it."""
        try:
            self.snapshot = Snapshot.from_json(document)
        except DocumentError as error:
            return refused(str(error))
        return loaded(self.snapshot.issues)


def question(request: Request) -> tuple[str, str | None, object, object, int]:
    """Flag, type, default, context and instant."""
    flag, value_type, default = request["flag"], request.get("type"), request.get("default")
    return flag, value_type, default, context(request), milliseconds(request["now"])


def context(request: Request) -> object:
    """Text is read by the binding; anything else is the host's own objects."""
    if "contextText" in request:
        return request["contextText"]
    value = request.get("context", {})
    # The binding takes a string for JSON text and None for no context; here both are contexts that are no objects.
    return json.dumps(value) if value is None or isinstance(value, str) else value


def milliseconds(text: str) -> int:
    """RFC 3339 as milliseconds since 1970, exactly; Python 3.10 reads neither `Z` nor every fraction."""
    whole, _, rest = text.replace("Z", "+00:00").partition(".")
    zone = rest.lstrip("0123456789")
    digits = rest[: len(rest) - len(zone)]
    since = datetime.fromisoformat(whole + zone) - EPOCH
    return (since.days * 86_400 + since.seconds) * 1000 + int((digits + "000")[:3])


if __name__ == "__main__":
    answer_lines(Testee().answer)
