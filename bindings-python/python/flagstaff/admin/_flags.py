"""The flags of an environment."""

from collections.abc import Iterator, Mapping
from typing import Any, cast

from flagstaff.admin._connection import Connection, path_of
from flagstaff.admin._types import Flag, FlagBody


class Flags:
    """The flags of an environment; `reason` is stored in the audit."""

    def __init__(self, connection: Connection, environment: str) -> None:
        """Made by `Admin`."""
        self._connection = connection
        self._path = f"{environment}/flags"

    def list(self, *, search: str | None = None, type: str | None = None) -> Iterator[Flag]:  # noqa: A002 - the API's
        """All flags, or those whose key contains `search`."""
        return self._connection.pages(self._path, {"search": search, "type": type})

    def get(self, key: str) -> Flag:
        """A flag; raises `AdminError` with the code `not-found` if there is none."""
        return cast(Flag, self._connection.request("GET", self._flag(key)))

    def create(self, key: str, body: FlagBody | None = None, *, reason: str | None = None) -> Flag:
        """Create a flag, in the short or the full form; without a body it is a boolean flag that is off."""
        whole = {**(body or {}), "key": key}
        return cast(Flag, self._connection.request("POST", self._path, query={"reason": reason}, body=whole))

    def replace(
        self, key: str, body: FlagBody, *, if_match: int | str | None = None, reason: str | None = None
    ) -> Flag:
        """Create a flag or replace it; to replace it in the full form, name its `version` in `if_match`."""
        return self._write("PUT", key, body, if_match, reason)

    def update(
        self, key: str, patch: Mapping[str, Any], *, if_match: int | str | None = None, reason: str | None = None
    ) -> Flag:
        """Change what a JSON merge patch names; `None` removes a field."""
        return self._write("PATCH", key, patch, if_match, reason)

    def switch_on(self, key: str, *, reason: str | None = None) -> Flag:
        """Enable a flag; its rules and its rollout stay."""
        return self.update(key, {"enabled": True}, reason=reason)

    def switch_off(self, key: str, *, reason: str | None = None) -> Flag:
        """Disable a flag: everybody gets its off variant."""
        return self.update(key, {"enabled": False}, reason=reason)

    def roll_out(self, key: str, percentage: float, *, reason: str | None = None) -> Flag:
        """Set the percentage of users; a flag that is off stays off."""
        return self.update(key, {"rolloutPercentage": percentage}, reason=reason)

    def delete(self, key: str, *, if_match: int | str | None = None, reason: str | None = None) -> None:
        """Delete a flag with its overrides."""
        self._connection.request("DELETE", self._flag(key), query={"reason": reason}, if_match=if_match)

    def _write(
        self, method: str, key: str, body: Mapping[str, Any], if_match: int | str | None, reason: str | None
    ) -> Flag:
        query = {"reason": reason}
        return cast(Flag, self._connection.request(method, self._flag(key), query=query, body=body, if_match=if_match))

    def _flag(self, key: str) -> str:
        return self._path + path_of(key)
