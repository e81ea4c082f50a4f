"""Requests to the admin API, and its errors."""

import json
from collections.abc import Iterator, Mapping
from http.client import HTTPException, HTTPMessage
from typing import IO, Any
from urllib.error import HTTPError, URLError
from urllib.parse import quote, urlencode, urlsplit
from urllib.request import HTTPRedirectHandler, Request, build_opener

from flagstaff._native import ConfigurationError, FlagstaffError, __version__
from flagstaff.admin._types import FieldError

_URN = "urn:flagstaff:problem:"
_PAGE = 200


class AdminError(FlagstaffError):
    """The server refused a request, or did not answer it."""

    status: int
    """The HTTP status; 0 if there was no response."""
    code: str
    """The kind of problem, such as `not-found` or `invalid`; `unreachable` if there was no response, and `unknown` if
    the response was not one of Flagstaff.
    """
    detail: str
    """What is wrong and what was expected."""
    errors: tuple[FieldError, ...]
    """What is wrong at single places of the body or the query."""
    request_id: str | None
    """The id of the request in the server's log."""

    def __init__(self, status: int, problem: Mapping[str, Any], request_id: str | None = None) -> None:
        """Made from a problem (RFC 9457)."""
        super().__init__(status, problem, request_id)
        kind = str(problem.get("type", ""))
        self.status = status
        self.code = kind.removeprefix(_URN) if kind.startswith(_URN) else "unknown" if status else "unreachable"
        self.detail = str(problem.get("detail") or problem.get("title") or f"HTTP {status}")
        self.errors = tuple(problem.get("errors") or ())
        self.request_id = request_id

    @property
    def pointers(self) -> tuple[str, ...]:
        """The places of `errors`: JSON pointers into the body, or `?name` for a parameter of the query."""
        return tuple(error["pointer"] for error in self.errors)

    def __str__(self) -> str:
        """The detail, which has the first of the errors, and the others."""
        return "; ".join([f"{self.code}: {self.detail}", *map(_place, self.errors[1:])])


def _place(error: FieldError) -> str:
    line = error.get("line")
    return f"{error['pointer']}{f' in line {line}' if line else ''}: {error['message']}"


class _NoRedirects(HTTPRedirectHandler):
    """Another host must not get the access token."""

    def redirect_request(
        self, req: Request, fp: IO[bytes], code: int, msg: str, headers: HTTPMessage, newurl: str
    ) -> None:
        return None


class Connection:
    """Sends requests to one server with one access token; threads may share it."""

    def __init__(self, url: str, token: str, timeout: float) -> None:
        parts = urlsplit(url)
        if parts.scheme not in ("http", "https") or not parts.netloc:
            message = f"expected the http:// or https:// URL of a server, got `{url}`"
            raise ConfigurationError(message)
        if not token:
            message = "expected an access token, got an empty text"
            raise ConfigurationError(message)
        self.url = url.rstrip("/")
        self._token = token
        self._timeout = timeout
        self._opener = build_opener(_NoRedirects)

    def request(
        self,
        method: str,
        path: str,
        *,
        query: Mapping[str, Any] | None = None,
        body: object = None,
        if_match: int | str | None = None,
        idempotency_key: str | None = None,
        patience: float = 0,
    ) -> Any:  # noqa: ANN401 - a JSON value
        """Send a request; `patience` is for how many seconds the server may take on purpose."""
        headers = {"Authorization": f"Bearer {self._token}", "User-Agent": f"flagstaff-python/{__version__}"}
        data = None
        if isinstance(body, bytes):
            data = body
            headers["Content-Type"] = "application/x-ndjson"
        elif body is not None:
            data = json.dumps(body).encode()
            headers["Content-Type"] = "application/json"
        if if_match is not None:
            headers["If-Match"] = f'"{if_match}"'
        if idempotency_key is not None:
            headers["Idempotency-Key"] = idempotency_key
        url = self.url + path + _query(query)
        request = Request(url, data, headers, method=method)  # noqa: S310 - the scheme was checked
        try:
            with self._opener.open(request, timeout=self._timeout + patience) as response:
                content = response.read()
        except HTTPError as error:
            raise _problem(error) from None
        except (URLError, HTTPException, OSError) as error:
            reason = getattr(error, "reason", error)
            raise AdminError(0, {"detail": f"no response from {self.url}: {reason}"}) from error
        return json.loads(content) if content else None

    def pages(self, path: str, query: Mapping[str, Any]) -> Iterator[Any]:
        """The items of a list, page after page."""
        cursor = None
        while True:
            page = self.request("GET", path, query={**query, "limit": _PAGE, "cursor": cursor})
            yield from page["items"]
            cursor = page["next"]
            if cursor is None:
                return


def path_of(*names: str) -> str:
    """A path of these names, percent-encoded."""
    for name in names:
        # A URL cannot contain them: on the way they would become another path.
        if name in ("", ".", ".."):
            message = f"a path cannot contain the name `{name}`"
            raise ValueError(message)
    return "".join(f"/{quote(name, safe='')}" for name in names)


def _query(values: Mapping[str, Any] | None) -> str:
    given = {
        name: str(value).lower() if isinstance(value, bool) else value
        for name, value in (values or {}).items()
        if value is not None
    }
    return f"?{urlencode(given)}" if given else ""


def _problem(error: HTTPError) -> AdminError:
    with error:
        try:
            problem = json.loads(error.read())
        except (ValueError, HTTPException, OSError):
            problem = None
    return AdminError(error.code, problem if isinstance(problem, dict) else {}, error.headers.get("x-request-id"))
