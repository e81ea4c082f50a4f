"""Our SDK, with a prepared context and with a plain dict."""

from pathlib import Path
from typing import Any

from flagstaff import Client, PreparedContext

from subject import Json, Subject, User, split


class Prepared(Subject):
    """A context that is converted once."""

    format = "flagstaff"
    distribution = "flagstaff"
    boolean = "client.get_boolean_value({flag!r}, False, context)"
    text = "client.get_string_value({flag!r}, '', context)"
    every = "client.evaluate_all(context)"

    def load(self, document: Path) -> None:
        """A client that serves a document."""
        self.client = Client.from_document(document.read_text(encoding="utf-8"))

    def names(self, user: User) -> dict[str, Any]:
        """The context, prepared."""
        return {"context": PreparedContext(*split(user))}

    def read(self, answer: Json) -> Json:
        """The value of the details."""
        return answer.value


class Plain(Prepared):
    """A dict, which every call reads."""

    def names(self, user: User) -> dict[str, Any]:
        """The context as a dict."""
        key, attributes = split(user)
        return {"context": {"targetingKey": key, **attributes}}
