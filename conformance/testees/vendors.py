"""Files of other vendors: `flagstaff-testee import` converts them, and says what the vendor calls each outcome."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

from lines import Request, canonical, text_or_json

PATIENCE = 60
ROOT = Path(__file__).resolve().parents[2]
BUILD = ("cargo", "build", "--quiet", "--features", "bindings", "--bin", "flagstaff-testee")


class VendorWords:
    """The words of the vendor whose file was loaded last; none for a document of ours."""

    def __init__(self, imported: Request | None = None) -> None:
        self.answers = imported["answers"] if imported else {}
        self.keys = imported["keys"] if imported else {}

    def translate(self, request: Request) -> Request:
        """The request in our words: the flag by our key, and of any type where ours has another than the vendor's."""
        flag = self.keys.get(request["flag"], request["flag"])
        translated = request | {"flag": flag}
        return translated | {"type": None} if self.answers.get(flag, {}).get("untyped") else translated

    def apply(self, request: Request, text: str) -> str:
        """The outcome in the vendor's words, as conformance/src/imports.rs has it."""
        answers = self.answers.get(self.keys.get(request["flag"], request["flag"]))
        if answers is None:
            return text
        before = json.loads(text)
        outcome, default, asked = dict(before), request.get("default"), request.get("type")
        for case in answers["cases"]:
            if contains(before, case["if"]):
                detail = outcome["detail"] | case["then"].get("detail", {})
                outcome |= case["then"] | {"detail": detail} | ({"value": default} if case["default"] else {})
        is_asked = asked is None or answers.get("type", asked) == asked
        is_value = (
            asked is None or not answers["untyped"] or outcome["value"] == default or is_of(asked, outcome["value"])
        )
        if not is_asked or not is_value:
            mismatch = {"reason": "ERROR", "errorCode": "TYPE_MISMATCH", "enabled": False, "variant": None}
            outcome |= {"value": default} | mismatch
        return canonical(outcome)


def contains(found: object, wanted: object) -> bool:
    """Whether two values are equal; of an object only what is listed."""
    if isinstance(found, dict) and isinstance(wanted, dict):
        return all(contains(found.get(name), value) for name, value in wanted.items())
    return bool(found == wanted) and isinstance(found, bool) == isinstance(wanted, bool)


def is_of(asked: str, value: object) -> bool:
    """Whether a value is of a type."""
    is_number = isinstance(value, int | float) and not isinstance(value, bool)
    types = {"boolean": isinstance(value, bool), "string": isinstance(value, str), "number": is_number}
    types |= {"integer": is_number and float(str(value)).is_integer(), "object": isinstance(value, dict | list)}
    return types[asked]


class RefusedFileError(Exception):
    """A file of another vendor that cannot be converted."""


def document_of(request: Request) -> tuple[str, VendorWords]:
    """The document to load: the one of the request, or what the file of another vendor is converted to."""
    if "vendor" not in request:
        return text_or_json(request, "document"), VendorWords()
    imported = convert(request)
    if "error" in imported:
        raise RefusedFileError(imported["error"])
    return json.dumps(imported["document"]), VendorWords(imported)


def convert(request: Request) -> Request:
    """What a file is converted to; a file that cannot be is `{"error"}`."""
    command = [str(program()), "import", request["vendor"]]
    given = {name: request[name] for name in ("options", "document", "documentText") if name in request}
    done = subprocess.run(
        command, input=json.dumps(given), capture_output=True, text=True, check=True, timeout=PATIENCE
    )
    converted: Request = json.loads(done.stdout)
    return converted


def program() -> Path:
    """The Rust testee: the one in the environment, else the newest build; without any, cargo builds it."""
    if named := os.environ.get("FLAGSTAFF_TESTEE"):
        return Path(named)
    target = ROOT / os.environ.get("CARGO_TARGET_DIR", "target")
    programs = [target / profile / "flagstaff-testee" for profile in ("debug", "release")]
    if not any(path.exists() for path in programs):
        subprocess.run([*BUILD, "--manifest-path", str(ROOT / "conformance/Cargo.toml")], stdout=sys.stderr, check=True)
    return max((path for path in programs if path.exists()), key=lambda path: path.stat().st_mtime)
