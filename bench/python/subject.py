"""The interface of every SDK to the benchmark."""

from __future__ import annotations

from pathlib import Path
from typing import Any, ClassVar

Json = Any
User = dict[str, Json]


class Subject:
    """One SDK, ours or a peer's, called as its documentation says.

    Calls are expressions, as an application would write them: a function around them would cost as much as the fastest
    of them. They can use `client` and the names that `names` returns; the same text is checked and timed.
    `{flag!r}` stands for the key of the flag.
    """

    #: The harness's name of its document format
    format: ClassVar[str]
    #: Its name in the package index
    distribution: ClassVar[str]
    #: The value of a boolean flag
    boolean: ClassVar[str]
    #: The value of a string flag
    text: ClassVar[str]
    #: The values of all flags, by key; `flags` are pairs of key and kind, for SDKs without a call for all flags
    every: ClassVar[str]

    client: Any

    def load(self, document: Path) -> None:
        """Create a `client` that can evaluate from the text of the document."""
        raise NotImplementedError

    def close(self) -> None:
        """End the client's threads."""

    def names(self, user: User) -> dict[str, Any]:
        """The objects that a caller creates once for a user."""
        raise NotImplementedError

    def read(self, answer: Json) -> Json:
        """One of the values of `every`, as a boolean or string."""
        return answer


def split(user: User) -> tuple[str, User]:
    """The user's key, and the attributes."""
    attributes = dict(user)
    return attributes.pop("userId"), attributes
