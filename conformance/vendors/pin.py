"""Writes what the second implementations answer to the cases by hand: python conformance/vendors/pin.py

The files are committed, so that neither a change of an importer nor one of a second implementation goes unseen. The
other three vendors have test vectors of their own.
"""

from __future__ import annotations

import json
from pathlib import Path

import flagd
import flagd_cases
import flagsmith
import flagsmith_cases
import launchdarkly
import launchdarkly_cases

HERE = Path(__file__).parent
VENDORS = {
    "flagd": (flagd.evaluate, flagd_cases),
    "flagsmith": (flagsmith.evaluate, flagsmith_cases),
    "launchdarkly": (launchdarkly.evaluate, launchdarkly_cases),
}


def pinned(vendor: str) -> list[dict]:
    """Documents with what is asked about them and the answers"""
    evaluate, cases = VENDORS[vendor]
    groups = []
    for name, document, asked in cases.groups():
        told = []
        for one in asked:
            options = {member: one[member] for member in one if member not in ("flag", "context")}
            told.append({**one, "answer": evaluate(document, one["flag"], one["context"], **options)})
        groups.append({"name": name, "document": document, "cases": told})
    return groups


def text(vendor: str) -> str:
    """One line for each group, so that a difference is short"""
    lines = [json.dumps(group, ensure_ascii=False) for group in pinned(vendor)]
    return "[\n" + ",\n".join(lines) + "\n]\n"


if __name__ == "__main__":
    for vendor in VENDORS:
        (HERE / f"{vendor}.json").write_text(text(vendor), encoding="utf-8")
