"""The flags of one visitor, evaluated before a page is sent: the page shows them at once, and needs no request."""

import json
import time
from html import escape
from typing import Any

from flagstaff._native import Client
from flagstaff._scopes import as_dict
from flagstaff._signing import sign_context
from flagstaff._types import Context

_LIFETIME_S = 3600.0
# As JSON, these are the same characters in another form; in a script they could end it, or be a line's end.
_IN_SCRIPTS = {ord("<"): "\\u003c", ord(">"): "\\u003e", ord("&"): "\\u0026", 0x2028: "\\u2028", 0x2029: "\\u2029"}


class Bootstrap:
    """The flags marked `clientSide`, in the form of OFREP's bulk response, and their context, for `@flagstaff/web`."""

    def __init__(self, flags: list[dict[str, Any]], context: dict[str, Any]) -> None:
        """Keep evaluated flags and their context."""
        self.flags = flags
        self.context = context

    def to_dict(self) -> dict[str, Any]:
        """`{"flags": […], "context": {…}}`, for a template or a response."""
        return {"flags": self.flags, "context": self.context}

    def json(self) -> str:
        """The same as JSON."""
        return json.dumps(self.to_dict(), separators=(",", ":"), ensure_ascii=False)

    def script(self, nonce: str | None = None, name: str = "flagstaff-bootstrap") -> str:
        """A `<script type="application/json">` with the id `name`, safe in any page.

        `JSON.parse(document.getElementById("flagstaff-bootstrap").textContent)` reads it. It is data, which a content
        security policy need not allow; `nonce` is for policies that ask for one nevertheless.
        """
        attribute = "" if nonce is None else f' nonce="{escape(nonce)}"'
        text = self.json().translate(_IN_SCRIPTS)
        return f'<script type="application/json" id="{escape(name)}"{attribute}>{text}</script>'

    def sign(self, secret: str, key: str, expires_in: float = _LIFETIME_S) -> str:
        """The signature of the context, for a page whose `client` key requires signed contexts.

        As `flagstaff.sign_context`, which describes `secret` and `key`.
        """
        return sign_context(secret, key, self.context, time.time() + expires_in)


def bootstrap_for(client: Client, context: Context | None) -> Bootstrap:
    """Evaluate the flags marked `clientSide`."""
    flags = []
    for key, details in client.evaluate_all(context, client_side=True).items():
        flag: dict[str, Any] = {"key": key, "reason": details.reason, "metadata": details.flag_metadata}
        if details.error_code is not None:
            flag |= {"errorCode": details.error_code, "errorDetails": details.error_message}
        else:
            flag["value"] = details.value
            if details.variant is not None:
                flag["variant"] = details.variant
        flags.append(flag)
    return Bootstrap(flags, {} if context is None else as_dict(context))
