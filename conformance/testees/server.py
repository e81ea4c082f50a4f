"""The server testee: starts `flagstaff serve` with a temporary database and sends it requests over HTTP.

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
from vendors import RefusedFileError, VendorWords, document_of

ADMIN_TOKEN = "fs_admin_" + "a" * 32
SERVER_KEY = "fs_server_" + "s" * 32
DOCUMENT = "/api/v1/projects/default/environments/production/document?invalid=keep&rehash=true"
EMPTY = '{"schemaVersion": 1, "flags": {}}'
PATIENCE = 30


class Testee:
    """The responses of one server."""

    def __init__(self, url: str) -> None:
        address = urlsplit(url)
        self.connection = http.client.HTTPConnection(address.hostname or "", address.port, timeout=PATIENCE)
        self.words = VendorWords()

    def answer(self, request: Request) -> str:
        """The response to one request; raises an exception if it fails."""
        match request["op"]:
            case "load":
                return self.load(request)
            case "evaluate" | "explain" as operation:
                asked = self.words.translate(request)
                question = {name: asked.get(name) for name in ("flag", "type", "default", "now")}
                outcome = self.evaluate(question | {"explain": operation == "explain"}, context(request))
                return self.words.apply(request, outcome) if operation == "evaluate" else outcome
            case "evaluateAll":
                return self.evaluate({"flag": None, "now": request["now"]}, context(request))
            case _:
                # The server has no route for slots.
                return canonical(UNSUPPORTED)

    def load(self, request: Request) -> str:
        """Replaces the environment; a refused document leaves it unchanged."""
        try:
            document, words = document_of(request)
        except RefusedFileError as error:
            return refused(str(error))
        status, text = self.send("PUT", f"{DOCUMENT}&dryRun=true", ADMIN_TOKEN, document)
        if status == HTTPStatus.OK:
            # An existing object keeps its salt if the document has none, so the environment must be empty.
            self.send("PUT", DOCUMENT, ADMIN_TOKEN, EMPTY)
            status, text = self.send("PUT", DOCUMENT, ADMIN_TOKEN, document)
        if status == HTTPStatus.OK:
            self.words = words
            return loaded(json.loads(text)["issues"])
        if status in (HTTPStatus.BAD_REQUEST, HTTPStatus.UNPROCESSABLE_ENTITY):
            return refused(json.loads(text)["detail"])
        raise RuntimeError(f"{status}: {text}")

    def evaluate(self, question: dict[str, object], context: str) -> str:
        """Puts the text of the context into the request unchanged, so that the server parses the text of the case."""
        body = json.dumps(question).removesuffix("}") + ', "context": ' + context + "}"
        status, text = self.send("POST", "/api/v1/evaluate", SERVER_KEY, body)
        if status != HTTPStatus.OK:
            raise RuntimeError(f"{status}: {text}")
        return text

    def send(self, method: str, path: str, key: str, body: str) -> tuple[int, str]:
        """Sends one request on the open connection; after a failure the next request opens another one."""
        headers = {"Authorization": f"Bearer {key}", "Content-Type": "application/json"}
        try:
            self.connection.request(method, path, body.encode(), headers)
            response = self.connection.getresponse()
            return response.status, response.read().decode()
        except (OSError, http.client.HTTPException):
            self.connection.close()
            raise


def context(request: Request) -> str:
    """The text of the context; text that is not valid JSON is sent as a string, since the body must be valid JSON."""
    text = text_or_json(request, "context", {})
    return text if is_json(text) else json.dumps(text)


def is_json(text: str) -> bool:
    """Whether a text is valid JSON; Python also accepts NaN, numbers beyond a double and halves of surrogate pairs."""
    try:
        value = json.loads(text, parse_constant=float)
        json.dumps(value, allow_nan=False, ensure_ascii=False).encode()
    except ValueError:
        return False
    return True


def binary() -> Path:
    """The server's binary: the one in the environment, else the newest build."""
    if named := os.environ.get("FLAGSTAFF_BINARY"):
        return Path(named)
    target = Path(__file__).resolve().parents[2] / os.environ.get("CARGO_TARGET_DIR", "target")
    built = [path for profile in ("debug", "release") if (path := target / profile / "flagstaff").exists()]
    if not built:
        raise SystemExit("the server is not built: run `make build`")
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
    """The URL that the server prints when it listens."""
    first = server.stdout.readline() if server.stdout else ""
    if not first.startswith("listening on "):
        raise SystemExit(f"the server did not start: {first!r}")
    return first.removeprefix("listening on ").strip()


if __name__ == "__main__":
    main()
