"""The Python SDK of Flagstaff, a self-hosted feature-flag system.

    from flagstaff import Client

    with Client("http://127.0.0.1:8080", "fs_server_…") as client:
        client.ready(timeout=5)
        client.get_boolean_value("new-nav", False, {"targetingKey": "user-1", "plan": "pro"})

A client follows one environment of a server and evaluates its flags in this process. Getters never block and never
raise; when the server is away, flags keep their last values. `Client.from_file` needs no server at all.
"""

import logging

from flagstaff import _news as _news  # It registers what happens at a fork and at the end of the process.
from flagstaff._native import (
    Client,
    ConfigurationError,
    DocumentError,
    EvaluationContext,
    FlagDetails,
    FlagstaffError,
    Snapshot,
)

__all__ = [
    "Client",
    "ConfigurationError",
    "DocumentError",
    "EvaluationContext",
    "FlagDetails",
    "FlagstaffError",
    "Snapshot",
]

logging.getLogger("flagstaff").addHandler(logging.NullHandler())
