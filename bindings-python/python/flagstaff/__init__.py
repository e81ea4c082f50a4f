"""The Python SDK of Flagstaff, a self-hosted feature-flag system.

    from flagstaff import Client

    with Client("http://127.0.0.1:8080", "fs_server_…") as client:
        client.ready(timeout=5)
        flags = client.for_context({"targetingKey": "user-1", "plan": "pro"})
        if flags["new-nav"]:
            ...

A client follows one environment of a server and evaluates its flags in this process. Getters never block and never
raise; while the server is unreachable, flags keep their last values. `Client.from_file` needs no server.
`Admin` changes flags, with an access token.
"""

from typing import TYPE_CHECKING, Any

from flagstaff import (
    _lifecycle as _lifecycle,
)  # Its import registers the hooks for forks and for the end of the process.
from flagstaff._current import current_flags, set_client
from flagstaff._decorator import feature_flag
from flagstaff._native import (
    Client,
    ConfigurationError,
    DocumentError,
    EvaluationDetails,
    Flags,
    FlagstaffError,
    InvalidContextError,
    PreparedContext,
    Snapshot,
    __version__,
)
from flagstaff._scopes import context, current_context, override
from flagstaff._signing import sign_context
from flagstaff._types import Context, ErrorCode, Issue, Readiness, Reason, Status, Timing
from flagstaff.protocols import FlagClient, FlagReader

if TYPE_CHECKING:
    from flagstaff.admin import Admin, AdminError

__all__ = [
    "Admin",
    "AdminError",
    "Client",
    "ConfigurationError",
    "Context",
    "DocumentError",
    "ErrorCode",
    "EvaluationDetails",
    "FlagClient",
    "FlagReader",
    "Flags",
    "FlagstaffError",
    "InvalidContextError",
    "Issue",
    "PreparedContext",
    "Readiness",
    "Reason",
    "Snapshot",
    "Status",
    "Timing",
    "__version__",
    "context",
    "current_context",
    "current_flags",
    "feature_flag",
    "override",
    "set_client",
    "sign_context",
]


def __getattr__(name: str) -> Any:  # noqa: ANN401 - as a module's attributes
    """Import the admin API, with `urllib` and `ssl`, only in programs that use it."""
    if name in ("Admin", "AdminError"):
        from flagstaff import admin  # noqa: PLC0415

        return getattr(admin, name)
    message = f"module `flagstaff` has no attribute `{name}`"
    raise AttributeError(message)
