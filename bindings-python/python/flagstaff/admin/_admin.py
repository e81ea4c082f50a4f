"""The admin API of a server."""

import math
import time
from collections.abc import Iterator, Mapping
from typing import Any, cast

from flagstaff.admin._connection import Connection, path_of
from flagstaff.admin._credentials import Keys, Tokens
from flagstaff.admin._flags import Flags
from flagstaff.admin._overrides import Overrides
from flagstaff.admin._types import AuditRecord, Convergence

_API = "/api/v1/projects"
# The maximum time that the server waits before it responds.
_LONGEST_WAIT_S = 30
# The pause before the next request, since the server responds early while it stops.
_PAUSE_S = 0.1


class Admin:
    """One environment of a server; each call is one request, and threads may share an object.

    A request that fails raises `AdminError`.
    """

    flags: Flags
    overrides: Overrides
    keys: Keys
    """The SDK keys of the environment."""
    tokens: Tokens
    """The access tokens of the project."""

    def __init__(
        self,
        url: str,
        token: str,
        *,
        project: str = "default",
        environment: str = "production",
        timeout: float = 30.0,
    ) -> None:
        """Take the server's URL and an access token; `timeout` is in seconds, for each request."""
        self._open(Connection(url, token, timeout), project, environment)

    def _open(self, connection: Connection, project: str, environment: str) -> None:
        self._connection = connection
        self.project = project
        self.environment = environment
        self._project_path = _API + path_of(project)
        self._environment_path = f"{self._project_path}/environments{path_of(environment)}"
        self.flags = Flags(connection, self._environment_path)
        self.overrides = Overrides(connection, self._environment_path)
        self.keys = Keys(connection, f"{self._environment_path}/keys")
        self.tokens = Tokens(connection, f"{self._project_path}/tokens")

    def in_environment(self, environment: str) -> "Admin":
        """The same server and project, another environment."""
        return self.in_project(self.project, environment)

    def in_project(self, project: str, environment: str = "production") -> "Admin":
        """The same server, another project."""
        other = Admin.__new__(Admin)
        other._open(self._connection, project, environment)
        return other

    def audit(
        self,
        *,
        flag: str | None = None,
        environment: str | None = None,
        actor: str | None = None,
        action: str | None = None,
        kind: str | None = None,
        from_: str | None = None,
        until: str | None = None,
        context: str | None = None,
        pointer: str | None = None,
    ) -> Iterator[AuditRecord]:
        """Who changed what in the project, the latest first; times are RFC 3339, as in `2026-12-01T00:00:00Z`."""
        query = {
            "flag": flag,
            "environment": environment,
            "actor": actor,
            "action": action,
            "kind": kind,
            "from": from_,
            "until": until,
            "context": context,
            "pointer": pointer,
        }
        return self._connection.pages(f"{self._project_path}/audit", query)

    def wait_for_convergence(self, *, revision: int | None = None, timeout: float = 10.0) -> Convergence:
        """Wait until every connected instance has a revision, the current one unless another is named.

        Returns after `timeout` seconds at the latest; then `converged` may be false, and `behind` lists who lacks it.
        """
        deadline = time.monotonic() + timeout
        while True:
            seconds = min(math.ceil(max(deadline - time.monotonic(), 0)), _LONGEST_WAIT_S)
            result = cast(
                Convergence,
                self._connection.request(
                    "GET",
                    f"{self._environment_path}/convergence",
                    query={"revision": revision, "timeout": seconds},
                    patience=seconds,
                ),
            )
            left = deadline - time.monotonic()
            if result["converged"] or left <= 0:
                return result
            revision = result["revision"]
            time.sleep(min(left, _PAUSE_S))

    def request(
        self,
        method: str,
        path: str,
        *,
        query: Mapping[str, Any] | None = None,
        body: object = None,
        if_match: int | str | None = None,
        idempotency_key: str | None = None,
    ) -> Any:  # noqa: ANN401 - a JSON value
        """Send any request of the API and return its JSON.

        A path such as `members` is below the project; one that begins with `/` is below the server. Within a path,
        names must be percent-encoded.
        """
        whole = path if path.startswith("/") else f"{self._project_path}/{path}"
        return self._connection.request(
            method, whole, query=query, body=body, if_match=if_match, idempotency_key=idempotency_key
        )

    def __repr__(self) -> str:
        """Without the token."""
        return f"Admin({self._connection.url!r}, project={self.project!r}, environment={self.environment!r})"
