"""The flags of the fixture `flags`: in memory, and overriding those of every client."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress

from flagstaff._current import replaced_client
from flagstaff._scopes import Scope, override
from flagstaff.testing import FlagValue, InMemoryClient


@contextmanager
def flags_of_test(flags: Mapping[str, FlagValue]) -> Iterator[InMemoryClient]:
    """Make the flags of a test; until its end, they hold for every integration and every client."""
    client = _OverridingClient(flags)
    try:
        with replaced_client(client):
            yield client
    finally:
        client.end_overrides()


class _OverridingClient(InMemoryClient):
    """A client in memory whose flags also override those of every other client."""

    def __init__(self, flags: Mapping[str, FlagValue]) -> None:
        super().__init__(flags)
        self._scopes: list[Scope] = []
        self._override(self._values)

    def _changed(self, flags: list[str]) -> None:
        super()._changed(flags)
        if all(flag in self._values for flag in flags):
            self._override({flag: self._values[flag] for flag in flags})
        else:
            self.end_overrides()
            self._override(self._values)

    def _override(self, values: Mapping[str, FlagValue]) -> None:
        scope = override(values)
        scope.__enter__()
        self._scopes.append(scope)

    def end_overrides(self) -> None:
        while self._scopes:
            # An asynchronous test has a context of its own, which has ended together with its overrides.
            with suppress(ValueError):
                self._scopes.pop().__exit__(None, None, None)
