"""Writes the documents that the workers load."""

from __future__ import annotations

import importlib
import json
import subprocess
from collections.abc import Iterable
from pathlib import Path

from workloads import SETS, document


def write(formats: Iterable[str], folder: Path, sets: Iterable[str] = tuple(SETS)) -> None:
    """Write these sets of flags in each of these formats."""
    for name in formats:
        form = importlib.import_module(f"formats.{name}")
        for name_of_set in sets:
            text = json.dumps(document(form, name_of_set), separators=(",", ":"))
            (folder / f"{name}-{name_of_set}.json").write_text(text, encoding="utf-8")


def write_imported(vendors: Iterable[str], folder: Path, rust_worker: Path) -> None:
    """Write every set of flags of these vendors as documents of ours, each vendor's in a folder of its own."""
    for vendor in vendors:
        imported_folder(vendor, folder).mkdir()
        for name_of_set in SETS:
            command: list[str | Path] = [rust_worker, "import", vendor, folder / f"{vendor}-{name_of_set}.json"]
            imported = subprocess.run(command, check=True, capture_output=True).stdout
            (imported_folder(vendor, folder) / f"flagstaff-{name_of_set}.json").write_bytes(imported)


def imported_folder(vendor: str, folder: Path) -> Path:
    """The folder of a vendor's imported documents."""
    return folder / f"imported-{vendor}"
