"""SDK keys and access tokens."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Literal, cast

from flagstaff.admin._connection import Connection, path_of
from flagstaff.admin._types import AccessKey, SigningSecret


class _Credentials:
    """What keys and tokens have in common; the text of one is only in the response that creates it, as `token`."""

    def __init__(self, connection: Connection, path: str) -> None:
        """Made by `Admin`."""
        self._connection = connection
        self._path = path

    def list(self, *, kind: str | None = None, search: str | None = None) -> Iterator[AccessKey]:
        """All of them, or those of one kind (of tokens: role), or whose name contains `search`."""
        return self._connection.pages(self._path, {"kind": kind, "search": search})

    def get(self, id: str) -> AccessKey:  # noqa: A002 - the API's word
        """One, by its id."""
        return cast(AccessKey, self._connection.request("GET", self._one(id)))

    def rotate(self, id: str, *, grace_seconds: int | None = None, reason: str | None = None) -> AccessKey:  # noqa: A002
        """Create a replacement; the old one works for a day more, or `grace_seconds`."""
        query = {"graceSeconds": grace_seconds, "reason": reason}
        return cast(AccessKey, self._connection.request("POST", f"{self._one(id)}/rotate", query=query))

    def revoke(self, id: str, *, reason: str | None = None) -> None:  # noqa: A002
        """End its use at once."""
        self._connection.request("DELETE", self._one(id), query={"reason": reason})

    def _create(self, reason: str | None, **fields: object) -> AccessKey:
        body = {name: value for name, value in fields.items() if value is not None}
        return cast(AccessKey, self._connection.request("POST", self._path, query={"reason": reason}, body=body))

    def _one(self, id: str) -> str:  # noqa: A002
        return self._path + path_of(id)


class Keys(_Credentials):
    """The SDK keys of an environment."""

    def create(
        self,
        name: str,
        kind: Literal["server", "client", "client-local"],
        *,
        expires_at: str | None = None,
        origins: Sequence[str] | None = None,
        reason: str | None = None,
    ) -> AccessKey:
        """Create a key; `origins` are the pages that may use it."""
        return self._create(reason, name=name, kind=kind, expiresAt=expires_at, origins=origins)

    def update(self, id: str, patch: Mapping[str, Any], *, reason: str | None = None) -> AccessKey:  # noqa: A002
        """Change `origins` or `signedContexts`."""
        path = self._one(id)
        return cast(AccessKey, self._connection.request("PATCH", path, query={"reason": reason}, body=patch))

    def create_secret(self, id: str, *, reason: str | None = None) -> SigningSecret:  # noqa: A002
        """Create a secret that contexts are signed with, for a key of kind `client`."""
        path = f"{self._one(id)}/secrets"
        return cast(SigningSecret, self._connection.request("POST", path, query={"reason": reason}))

    def remove_secret(self, id: str, secret: str, *, reason: str | None = None) -> None:  # noqa: A002
        """Remove a secret by its id: signatures made with it are no longer accepted."""
        path = f"{self._one(id)}/secrets{path_of(secret)}"
        self._connection.request("DELETE", path, query={"reason": reason})


class Tokens(_Credentials):
    """The access tokens of a project."""

    def create(
        self,
        name: str,
        role: Literal["viewer", "editor", "admin"],
        *,
        expires_at: str | None = None,
        all_projects: bool | None = None,
        reason: str | None = None,
    ) -> AccessKey:
        """Create a token; one for all projects needs such a token."""
        return self._create(reason, name=name, role=role, expiresAt=expires_at, allProjects=all_projects)
