"""Runs Python code of docs/migrate with a real client, and the vendor's result in place of the vendor's SDK.

Prints how often the code found a difference.
"""

import json
import sys
from types import SimpleNamespace
from typing import Any

from flagstaff import Client
from flagstaff.contrib.openfeature import FlagstaffProvider
from openfeature import api
from openfeature.evaluation_context import EvaluationContext
from openfeature.provider.in_memory_provider import InMemoryFlag, InMemoryProvider


class Log:
    def __init__(self) -> None:
        self.count = 0

    def warning(self, message: str, *values: object) -> None:
        self.count += bool(message % values)


def vendor_names(vendor: str, client: Client, theirs: bool | str) -> dict[str, Any]:
    """What the code expects of the vendor's SDK."""
    if vendor == "launchdarkly":
        return {
            "ld_client": SimpleNamespace(variation=lambda flag, context, default: theirs),
            "Context": SimpleNamespace(from_dict=dict),
        }
    if vendor == "flagsmith":
        flags = SimpleNamespace(is_feature_enabled=lambda flag: theirs)
        return {"flagsmith": SimpleNamespace(get_identity_flags=lambda identifier, traits: flags)}
    if vendor == "flagd":
        flag = InMemoryFlag("it", {"it": theirs})
        api.set_provider_and_wait(InMemoryProvider({"new-checkout": flag}), domain="flagd")
        api.set_provider_and_wait(FlagstaffProvider(client), domain="flagstaff")
        return {"api": api, "EvaluationContext": EvaluationContext}
    return {}


def main() -> None:
    given = json.loads(sys.argv[1])
    client = Client(given["url"], given["key"])
    client.ready(timeout=30)
    log = Log()
    names = {
        "client": client,
        "log": log,
        "user": SimpleNamespace(**given.get("user") or {}),
        **vendor_names(given["vendor"], client, given["theirs"]),
    }
    exec(given["block"], names)  # noqa: S102
    arguments = {"client": client, "context": {}, "attributes": {}, "subject": "u1"}
    for code in given["codes"]:
        eval(code, arguments)  # noqa: S307
    client.close()
    print(log.count)


main()
