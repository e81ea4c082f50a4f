"""Evaluates flags with the Python package: one line of JSON for each line that names a flag."""

import json
import sys

from flagstaff import Client


def main() -> None:
    """Answer `{"flag", "type", "default", "context"}` until standard input ends."""
    url, key = sys.argv[1:]
    with Client(url, key) as client:
        client.ready(timeout=30)
        for line in sys.stdin:
            asked = json.loads(line)
            kind = {"number": "float"}.get(asked["type"], asked["type"])
            evaluate = getattr(client, f"get_{kind}_details")
            details = evaluate(asked["flag"], asked["default"], asked["context"])
            print(json.dumps({"value": details.value, "variant": details.variant}), flush=True)


if __name__ == "__main__":
    main()
