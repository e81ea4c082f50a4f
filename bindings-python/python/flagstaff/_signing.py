"""Signatures of contexts, for pages whose key requires them: docs/signed-contexts.md."""

import time
from typing import TYPE_CHECKING

from flagstaff._native import PreparedContext
from flagstaff._scopes import as_dict
from flagstaff._types import Context

if TYPE_CHECKING:
    from datetime import datetime

_LIFETIME_S = 3600.0


def sign_context(secret: str, key: str, context: Context, expires: "float | datetime | None" = None) -> str:
    """The signature of a context, for a page whose `client` key requires signed contexts.

    `secret` is one of the key's secrets, and `key` the key itself, which the page has. The page sends the signature
    with exactly this context. It expires in an hour, or at `expires`: seconds since 1970, or a `datetime` with a time
    zone; at most 24 hours from now.
    """
    from datetime import datetime  # noqa: PLC0415 - a program that signs nothing need not load it

    if expires is None:
        expires = time.time() + _LIFETIME_S
    if isinstance(expires, datetime):
        if expires.utcoffset() is None:
            message = f"expected a datetime with a time zone, got {expires!r}"
            raise ValueError(message)
        expires = expires.timestamp()
    prepared = context if isinstance(context, PreparedContext) else PreparedContext(None, as_dict(context))
    return prepared._sign(secret, key, int(expires))
