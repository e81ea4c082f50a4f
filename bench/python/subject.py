"""What every SDK is asked to do."""

from __future__ import annotations

from pathlib import Path
from typing import Any, ClassVar

Json = Any
User = dict[str, Json]


class Subject:
    """One SDK, ours or a peer's, called as its documentation says.

    Calls are expressions, as an application would write them: a function around them would cost as much as the fastest
    of them. They see `client` and the names that `names` gives; the same text is checked and timed. `{flag!r}` stands
    for the key of the flag.
    """

    #: The format of its documents, as the harness calls it
    format: ClassVar[str]
    #: What pip calls it
    distribution: ClassVar[str]
    #: A boolean flag's answer
    boolean: ClassVar[str]
    #: A text flag's answer
    text: ClassVar[str]
    #: All flags' answers, by key; `flags` are pairs of key and kind, for SDKs that must be asked one by one
    every: ClassVar[str]

    client: Any

    def load(self, document: Path) -> None:
        """From the document's text to a `client` that answers."""
        raise NotImplementedError

    def close(self) -> None:
        """Ends what the client has started."""

    def names(self, user: User) -> dict[str, Any]:
        """What a caller makes once for a user and keeps."""
        raise NotImplementedError

    def read(self, answer: Json) -> Json:
        """One of the answers of `every`, as a boolean or text."""
        return answer


def split(user: User) -> tuple[str, User]:
    """The user's key, and the attributes."""
    attributes = dict(user)
    return attributes.pop("userId"), attributes
