"""The server testee: starts a real `flagstaff serve` on a temporary database and asks it over HTTP.

Requests on standard input, answers on standard output, JSON lines. The server ends with this process's input.
"""

from __future__ import annotations

import http.client
import json
import os
import subprocess
import tempfile
from http import HTTPStatus
from pathlib import Path
from urllib.parse import urlsplit

from lines import UNSUPPORTED, Request, answer_lines, canonical, loaded, refused, text_or_json

ADMIN_TOKEN = "fs_admin_" + "a" * 32
SERVER_KEY = "fs_server_" + "s" * 32
DOCUMENT = "/api/v1/projects/default/environments/production/document?invalid=keep&rehash=true"
EMPTY = '{"schemaVersion": 1, "flags": {}}'
PATIENCE = 30


class Testee:
    """The answers of one server."""

    def __init__(self, url: str) -> None:
        address = urlsplit(url)
        self.connection = http.client.HTTPConnection(address.hostname or "", address.port, timeout=PATIENCE)

    def answer(self, request: Request) -> str:
        """The answer to one request; raises where there is none."""
        match request["op"]:
            case "load" if "vendor" not in request:
                return self.load(text_or_json(request, "document"))
            case "evaluate" | "explain" as operation:
                question = {name: request.get(name) for name in ("flag", "type", "default", "now")}
                return self.evaluate(question | {"explain": operation == "explain"}, context(request))
            case "evaluateAll":
                return self.evaluate({"flag": None, "now": request["now"]}, context(request))
            case _:
                # The server has no route for slots.
                return canonical(UNSUPPORTED)

    def load(self, document: str) -> str:
        """Replaces the environment; a document that is refused leaves it."""
        status, text = self.send("PUT", f"{DOCUMENT}&dryRun=true", ADMIN_TOKEN, document)
        if status == HTTPStatus.OK:
            # What is there keeps its salt where the document has none, so nothing may be there.
            self.send("PUT", DOCUMENT, ADMIN_TOKEN, EMPTY)
            status, text = self.send("PUT", DOCUMENT, ADMIN_TOKEN, document)
        if status == HTTPStatus.OK:
            return loaded(json.loads(text)["issues"])
        if status in (HTTPStatus.BAD_REQUEST, HTTPStatus.UNPROCESSABLE_ENTITY):
            return refused(json.loads(text)["detail"])
        raise RuntimeError(f"{status}: {text}")

    def evaluate(self, question: dict[str, object], context: str) -> str:
        """Puts the context's text into the question as it is, so that the server reads what the case says."""
        body = json.dumps(question).removesuffix("}") + ', "context": ' + context + "}"
        status, text = self.send("POST", "/api/v1/evaluate", SERVER_KEY, body)
        if status != HTTPStatus.OK:
            raise RuntimeError(f"{status}: {text}")
        return text

    def send(self, method: str, path: str, key: str, body: str) -> tuple[int, str]:
        """One request over the connection that is kept."""
        headers = {"Authorization": f"Bearer {key}", "Content-Type": "application/json"}
        self.connection.request(method, path, body.encode(), headers)
        response = self.connection.getresponse()
        return response.status, response.read().decode()


def context(request: Request) -> str:
    """The context's text; what is no JSON goes as a string, since a body that is no JSON would have no context."""
    text = text_or_json(request, "context", {})
    return text if is_json(text) else json.dumps(text)


def is_json(text: str) -> bool:
    """Whether a text is JSON; Python takes NaN, numbers beyond a double and halves of surrogate pairs for JSON too."""
    try:
        value = json.loads(text, parse_constant=float)
        json.dumps(value, allow_nan=False, ensure_ascii=False).encode()
    except ValueError:
        return False
    return True


def binary() -> Path:
    """The server's binary: the one that is named, else the newest of those that cargo has built."""
    if named := os.environ.get("FLAGSTAFF_SERVER"):
        return Path(named)
    target = Path(__file__).resolve().parents[2] / os.environ.get("CARGO_TARGET_DIR", "target")
    built = [path for profile in ("debug", "release") if (path := target / profile / "flagstaff").exists()]
    if not built:
        raise SystemExit("no server is built: run `make build`")
    return max(built, key=lambda path: path.stat().st_mtime)


def main() -> None:
    with tempfile.TemporaryDirectory(prefix="flagstaff-testee-") as folder:
        command = [
            str(binary()),
            "serve",
            "--listen=127.0.0.1:0",
            f"--database=sqlite://{folder}/flagstaff.db",
            f"--admin-token={ADMIN_TOKEN}",
            f"--server-key={SERVER_KEY}",
        ]
        environment = {"FLAGSTAFF_LOG": "warn", **os.environ}
        server = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, env=environment, text=True)
        try:
            answer_lines(Testee(address(server)).answer)
        finally:
            server.terminate()
            server.wait(timeout=PATIENCE)


def address(server: subprocess.Popen[str]) -> str:
    """The URL that a server tells once it listens."""
    first = server.stdout.readline() if server.stdout else ""
    if not first.startswith("listening on "):
        raise SystemExit(f"the server did not start: {first!r}")
    return first.removeprefix("listening on ").strip()


if __name__ == "__main__":
    main()
