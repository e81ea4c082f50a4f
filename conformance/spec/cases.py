"""Reads the conformance cases for the tests of the specification"""

import json
from collections.abc import Iterator
from pathlib import Path

CONFORMANCE = Path(__file__).parents[1]
SPECIFICATION = CONFORMANCE.parent / "docs" / "spec"
NOW = "2026-01-01T00:00:00Z"


def all_cases() -> Iterator[tuple[str, dict, dict]]:
    """Every case: its name, its file and the case"""
    for path in sorted((CONFORMANCE / "cases").rglob("*.json")):
        file = json.loads(path.read_text(encoding="utf-8"))
        topic = path.relative_to(CONFORMANCE / "cases").with_suffix("")
        for case in file["cases"]:
            yield f"{topic}: {case['name']}", file, case
