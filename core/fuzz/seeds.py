"""Writes the documents and contexts of the conformance cases as inputs of the fuzz targets.

usage: seeds.py FOLDER     creates FOLDER/load, FOLDER/evaluate and FOLDER/replica
"""

import datetime
import hashlib
import json
import pathlib
import sys
from typing import Any

CASES = pathlib.Path(__file__).parents[2] / "conformance" / "cases"
LARGEST = 4_000  # bytes; what is longer only slows fuzzing down
LISTS = {"flags": ["overrides"], "segments": ["include", "exclude"]}


def main(folder: pathlib.Path) -> None:
    for path in sorted(CASES.rglob("*.json")):
        file = json.loads(path.read_text())
        for case in file["cases"]:
            document = case.get("document", file.get("document"))
            text = case.get("documentText") or json.dumps(document, ensure_ascii=False, separators=(",", ":"))
            context = case.get("contextText") or json.dumps(case.get("context", {}), ensure_ascii=False)
            write(folder / "load", text)
            write(folder / "evaluate", f"{milliseconds(case.get('now'))}\n{context}\n{text}")
            if isinstance(document, dict):
                write(folder / "replica", "\n".join(events(document)))


def write(folder: pathlib.Path, text: str) -> None:
    data = text.encode(errors="surrogatepass")
    if len(data) <= LARGEST:
        folder.mkdir(parents=True, exist_ok=True)
        (folder / hashlib.sha256(data).hexdigest()[:40]).write_bytes(data)


def milliseconds(now: str | None) -> int:
    instant = datetime.datetime.fromisoformat((now or "2026-01-01T00:00:00Z").replace("Z", "+00:00"))
    return round(instant.timestamp() * 1000)


def events(document: dict[str, Any]) -> list[str]:
    """A document as a full transfer, and then the deletion of its first object; the targets correct the hash."""
    puts = []
    for kind, section in [("flag", "flags"), ("segment", "segments"), ("group", "groups"), ("holdout", "holdouts")]:
        objects = document.get(section)
        for key, value in objects.items() if isinstance(objects, dict) else ():
            lists, owner = [], value
            if isinstance(value, dict):
                owner = {name: member for name, member in value.items() if name not in LISTS.get(section, ())}
                lists = [(name, value[name]) for name in LISTS.get(section, ()) if isinstance(value.get(name), dict)]
            puts.append({"kind": kind, "key": key, "version": 1, "object": owner})
            for name, levels in lists:
                for level, listed in levels.items():
                    is_array = isinstance(listed, list)
                    entries = {entry: True for entry in listed if isinstance(entry, str)} if is_array else listed
                    list_kind = name if name == "overrides" else f"segment-{name}"
                    puts.append({"kind": list_kind, "key": f"{key}/{level}", "version": 1, "object": entries})
    commit = {"schemaVersion": 1, "environment": "e", "revision": 1, "hash": ""}
    lines = ['server-intent {"intent":"xfer-full"}']
    lines += [f"put-object {json.dumps(put, ensure_ascii=False, separators=(',', ':'))}" for put in puts]
    lines.append(f"payload-transferred@c1 {json.dumps(commit)}")
    for put in puts[:1]:
        lines.append(f"delete-object {json.dumps({'kind': put['kind'], 'key': put['key'], 'version': 2})}")
    for put in puts:
        if put["kind"] in ("overrides", "segment-include", "segment-exclude"):
            change = {"kind": put["kind"], "key": put["key"], "version": 2, "entry": "u1", "value": "include"}
            lines += [f"{name} {json.dumps(change)}" for name in ("put-entry", "delete-entry")]
    lines.append(f"payload-transferred@c2 {json.dumps(commit | {'revision': 2})}")
    return lines


if __name__ == "__main__":
    main(pathlib.Path(sys.argv[1]))
