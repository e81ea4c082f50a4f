"""FastAPI and ASGI: the middleware, dependencies, websockets and gates."""

import asyncio
import weakref
from typing import Annotated

import pytest
from fastapi import Depends, FastAPI, Header, WebSocket
from fastapi.testclient import TestClient
from flagstaff import Client, current_flags
from flagstaff.contrib.fastapi import CurrentFlags, FlagsMiddleware, flags_dependency, require_flag
from flagstaff.protocols import FlagReader
from sample import DOCUMENT

PRO = {"X-Plan": "pro"}


@pytest.fixture
def client():
    return Client.from_document(DOCUMENT)


@pytest.fixture
def app(client):
    """Make an application with the middleware, which evaluates for the plan in a header."""
    app = FastAPI()
    app.calls = []

    def context(scope):
        app.calls.append(scope["path"])
        return {"plan": dict(scope["headers"]).get(b"x-plan", b"").decode()}

    app.add_middleware(FlagsMiddleware, client=client, context=context)

    @app.get("/sync")
    def sync(flags: CurrentFlags):
        return [flags["bool"], current_flags()["bool"]]

    @app.get("/async")
    async def asynchronous(flags: CurrentFlags):
        return [flags["bool"], current_flags()["bool"]]

    @app.get("/gated", dependencies=[require_flag("bool")])
    def gated():
        return "open"

    @app.get("/gated-with-message", dependencies=[require_flag("bool", status_code=503, detail="Back soon")])
    async def gated_with_message():
        return "open"

    @app.get("/none")
    def none():
        return "none"

    @app.websocket("/socket")
    async def socket(websocket: WebSocket, flags: CurrentFlags):
        await websocket.accept()
        await websocket.send_json([flags["bool"], current_flags()["bool"]])

    return app


def test_requests_and_websockets_are_evaluated_once_for_their_context(app):
    client = TestClient(app)
    for path in ("/sync", "/async"):
        assert client.get(path, headers=PRO).json() == [True, True]
        assert client.get(path).json() == [False, False]
    with client.websocket_connect("/socket", headers=PRO) as socket:
        assert socket.receive_json() == [True, True]
    assert client.get("/none").json() == "none"
    assert app.calls == ["/sync", "/sync", "/async", "/async", "/socket"]


def test_a_connection_is_freed_when_it_has_ended(flags, no_garbage_collection):
    class Scope(dict):
        """A dict that can be referred to weakly."""

    async def app(scope, receive, send):
        assert scope["state"]["flags"]["bool"] is False

    scope = Scope(type="http")
    asyncio.run(FlagsMiddleware(app, context=lambda scope: {"path": scope["type"]})(scope, None, None))
    reference = weakref.ref(scope)
    del scope
    assert reference() is None


def test_gates(app):
    client = TestClient(app)
    refused = client.get("/gated")
    assert (refused.status_code, refused.json()) == (404, {"detail": "Feature not available"})
    assert client.get("/gated", headers=PRO).json() == "open"
    refused = client.get("/gated-with-message")
    assert (refused.status_code, refused.json()) == (503, {"detail": "Back soon"})


def test_flags_of_a_test_replace_the_clients(app, flags):
    flags["bool"] = True
    assert TestClient(app).get("/gated").json() == "open"


def test_a_context_that_is_a_dependency(client):
    def context(x_plan: Annotated[str | None, Header()] = None):
        return {"plan": x_plan}

    flags_of_plan = flags_dependency(client, context)
    app = FastAPI()

    @app.get("/sync", dependencies=[require_flag("bool", flags=flags_of_plan)])
    def sync(flags: Annotated[FlagReader, Depends(flags_of_plan)]):
        return [flags["bool"], current_flags() is flags]

    requests = TestClient(app)
    assert requests.get("/sync", headers=PRO).json() == [True, True]
    assert requests.get("/sync").status_code == 404


def test_a_route_without_the_middleware_says_so():
    app = FastAPI()

    @app.get("/")
    def home(flags: CurrentFlags):
        return flags["bool"]

    with pytest.raises(RuntimeError, match="add `FlagsMiddleware`"):
        TestClient(app).get("/")
