"""Follows a flag with the Python package; see program.mjs."""

import json
import sys

from flagstaff import Client


def main() -> None:
    """Print a line whenever the flag's value or the client's status changes, until standard input ends."""
    url, key, flag = sys.argv[1:]
    context = {"targetingKey": "user-1"}

    with Client(url, key) as client:

        def tell(_news: object) -> None:
            value = client.get_boolean_value(flag, False, context)
            print(json.dumps({"flag": flag, "value": value, "status": client.status}), flush=True)

        client.on_status(tell)
        client.on_change(tell)
        client.start()
        sys.stdin.read()


if __name__ == "__main__":
    main()
