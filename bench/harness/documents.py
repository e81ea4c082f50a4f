"""Writes the documents that the workers load."""

from __future__ import annotations

import importlib
import json
from collections.abc import Iterable
from pathlib import Path

from workloads import SETS, document


def write(formats: Iterable[str], folder: Path) -> None:
    """Write every set of flags in each of these formats."""
    for name in formats:
        form = importlib.import_module(f"formats.{name}")
        for name_of_set in SETS:
            text = json.dumps(document(form, name_of_set), separators=(",", ":"))
            (folder / f"{name}-{name_of_set}.json").write_text(text, encoding="utf-8")
