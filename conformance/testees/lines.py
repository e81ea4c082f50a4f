"""The common part of the testees in Python: reads requests and writes responses as lines of JSON."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Mapping
from typing import Any

Request = dict[str, Any]
UNSUPPORTED = {"error": "unsupported"}


def answer_lines(answer: Callable[[Request], str]) -> None:
    """Writes the response to each line of standard input; an exception of `answer` becomes an error response."""
    sys.stdin.reconfigure(encoding="utf-8")  # type: ignore[union-attr]
    sys.stdout.reconfigure(encoding="utf-8", newline="\n")  # type: ignore[union-attr]
    for line in sys.stdin:
        try:
            text = answer(json.loads(line))
        except Exception as error:
            text = canonical({"error": f"{type(error).__name__}: {error}"})
        print(text, flush=True)


def text_or_json(request: Request, name: str, absent: object = None) -> str:
    """The text of a field that may be given as text or as JSON."""
    text = request.get(name + "Text")
    return text if isinstance(text, str) else json.dumps(request.get(name, absent))


def loaded(issues: list[dict[str, str]]) -> str:
    """The response to a document that was loaded."""
    return canonical({"ok": True, "issues": issues})


def refused(message: str) -> str:
    """The response to a document that was refused."""
    return canonical({"ok": False, "issues": [{"pointer": "", "message": message}]})


def canonical(value: Mapping[str, object]) -> str:
    """Canonical JSON of a value without fractions and non-ASCII names."""
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"), sort_keys=True)
