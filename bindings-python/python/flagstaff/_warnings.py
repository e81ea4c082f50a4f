"""Log records of evaluations that do not have the result that the caller expects.

The native module calls this once for each flag and cause.
"""

from collections.abc import Callable
from typing import Any

from flagstaff._logging import get_logger

_MAX = 1_000
"""Records of one client, as in careful.rs; a program that invents keys of flags must not fill its log."""

_logger = get_logger("flagstaff.evaluation")

_TEXTS = {
    "PROVIDER_NOT_READY": "flag `%s` was evaluated before the client had flags; defaults are served until it is ready",
    "FLAG_NOT_FOUND": "flag `%s` does not exist; the default is served",
    "PARSE_ERROR": "flag `%s` is broken, see `client.issues`; the default is served",
    "TYPE_MISMATCH": "flag `%s` is of another type than the getter; the default is served",
}


def warn(flag: str, code: str | None, problem: str | None, count: int) -> None:
    """Log why a flag is not evaluated as the caller expects."""
    if count > _MAX:
        _logger.warning("further evaluations with errors are not logged")
    elif code in _TEXTS:
        _logger.warning(_TEXTS[code], flag)
    elif code is None:
        _logger.warning("flag `%s` is evaluated as if an attribute were missing: %s", flag, problem)
    else:
        _logger.warning("flag `%s` cannot be evaluated for its context, so the default is served: %s", flag, problem)


def call(function: Callable[..., object], *arguments: Any) -> None:  # noqa: ANN401 - those of the function
    """Call a function of the program, whose exceptions must not reach the caller of a getter."""
    try:
        function(*arguments)
    except Exception:
        get_logger("flagstaff").exception("a callback raised")
