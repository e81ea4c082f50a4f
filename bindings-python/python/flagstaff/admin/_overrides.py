"""The overrides of an environment."""

import json
from collections.abc import Iterable, Iterator, Mapping
from typing import Any, Literal, TypeAlias, cast

from flagstaff.admin._connection import Connection, path_of
from flagstaff.admin._types import Loaded, Override

OverrideValue: TypeAlias = Literal["include", "exclude"] | Mapping[str, Any]
"""`"include"`, `"exclude"`, `{"variant": …}`, or for an object flag `{"patch": …}`."""


class Overrides:
    """The results of single contexts; `level` is one of the flag's, such as `user` or `organization`."""

    def __init__(self, connection: Connection, environment: str) -> None:
        """Made by `Admin`."""
        self._connection = connection
        self._environment = environment

    def list(
        self, flag: str, *, level: str | None = None, effect: str | None = None, search: str | None = None
    ) -> Iterator[Override]:
        """The overrides of a flag."""
        return self._connection.pages(self._flag(flag), {"level": level, "effect": effect, "search": search})

    def of_context(self, context_key: str, *, level: str | None = None) -> Iterator[Override]:
        """The overrides of one context, in all flags."""
        query = {"contextKey": context_key, "level": level}
        return self._connection.pages(f"{self._environment}/overrides", query)

    def get(self, flag: str, level: str, context_key: str) -> Override:
        """An override; raises `AdminError` with the code `not-found` if there is none."""
        return cast(Override, self._connection.request("GET", self._one(flag, level, context_key)))

    def add(
        self,
        flag: str,
        level: str,
        context_key: str,
        value: OverrideValue = "include",
        *,
        reason: str | None = None,
    ) -> Override:
        """Create an override, or replace the one of this context."""
        return self._write("PUT", self._one(flag, level, context_key), value, reason)

    def patch(
        self, flag: str, level: str, context_key: str, value: Mapping[str, Any], *, reason: str | None = None
    ) -> Override:
        """Merge a patch into an override's value; `{"patch": {"theme": None}}` removes a leaf from it."""
        return self._write("PATCH", self._one(flag, level, context_key), value, reason)

    def remove(self, flag: str, level: str, context_key: str, *, reason: str | None = None) -> None:
        """Remove an override: the context gets what it would get without it."""
        self._connection.request("DELETE", self._one(flag, level, context_key), query={"reason": reason})

    def load(
        self,
        flag: str,
        overrides: Iterable[Mapping[str, Any]],
        *,
        mode: Literal["merge", "replace"] = "merge",
        dry_run: bool = False,
        reason: str | None = None,
    ) -> Loaded:
        """Store many overrides in one revision, each a dict of `level`, `contextKey`, `value` and perhaps `reason`.

        `replace` deletes those that are not named.
        """
        body = "".join(f"{json.dumps(override)}\n" for override in overrides).encode()
        query = {"mode": mode, "dryRun": dry_run, "reason": reason}
        return cast(Loaded, self._connection.request("POST", f"{self._flag(flag)}/bulk", query=query, body=body))

    def _write(self, method: str, path: str, value: OverrideValue, reason: str | None) -> Override:
        body = {"value": value} if reason is None else {"value": value, "reason": reason}
        return cast(Override, self._connection.request(method, path, body=body))

    def _flag(self, flag: str) -> str:
        return f"{self._environment}/flags{path_of(flag)}/overrides"

    def _one(self, flag: str, level: str, context_key: str) -> str:
        return self._flag(flag) + path_of(level, context_key)
