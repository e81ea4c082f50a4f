"""The admin API from Python, against the server."""

import json
import pickle
import socket
import subprocess
import sys
import threading
from http.server import BaseHTTPRequestHandler, HTTPServer
from itertools import islice

import pytest
from flagstaff import Admin, AdminError, Client, ConfigurationError, FlagstaffError
from real_server import TOKEN
from stream_server import PATIENCE


@pytest.fixture
def admin(real_server):
    """Make an admin of the server."""
    return Admin(real_server.url, TOKEN)


def test_a_flag_from_its_creation_to_its_end(admin):
    flag = admin.flags.create("admin-life", {"description": "The checkout of next year"}, reason="a test")
    assert (flag["type"], flag["enabled"], flag["serve"]["rollout"]) == ("boolean", False, 0)
    assert admin.flags.roll_out("admin-life", 12.5)["serve"]["rollout"] == 12.5
    assert admin.flags.switch_on("admin-life")["enabled"] is True
    assert admin.flags.switch_off("admin-life", reason="payments fail")["enabled"] is False
    updated = admin.flags.update("admin-life", {"description": None, "withoutUser": True})
    assert "description" not in updated
    assert updated["serve"]["onMissing"] == {"variant": "on"}
    assert admin.flags.get("admin-life")["version"] == updated["version"]
    assert [flag["key"] for flag in admin.flags.list(search="admin-life")] == ["admin-life"]

    whole = {"type": "boolean", "enabled": True, "serve": "on"}
    with pytest.raises(AdminError) as refused:
        admin.flags.replace("admin-life", whole)
    assert (refused.value.status, refused.value.code) == (428, "precondition-required")
    with pytest.raises(AdminError) as refused:
        admin.flags.replace("admin-life", whole, if_match=1)
    assert (refused.value.status, refused.value.code) == (412, "stale")
    assert admin.flags.replace("admin-life", whole, if_match=updated["version"])["serve"] == "on"

    rows = list(admin.audit(flag="admin-life", environment="production"))
    assert [row["reason"] for row in rows] == [None, None, "payments fail", None, None, "a test"]
    assert {"pointer": "/enabled", "before": True, "after": False} in rows[2]["changes"]
    (row,) = admin.audit(flag="admin-life", action="create")
    updates = {"flag": "admin-life", "environment": "production", "action": "update"}
    assert list(admin.audit(until=row["at"], **updates)) == []
    assert len(list(admin.audit(from_=row["at"], **updates))) == 5

    admin.flags.delete("admin-life")
    with pytest.raises(AdminError) as gone:
        admin.flags.get("admin-life")
    assert (gone.value.status, gone.value.code) == (404, "not-found")


def test_lists_are_read_page_after_page(admin):
    for start in (0, 100, 200):
        keys = [f"admin-page-{n}" for n in range(start, start + 100)]
        value = {"type": "boolean", "enabled": False}
        changeset = {"operations": [{"op": "put", "key": key, "value": value} for key in keys]}
        admin.request("POST", "environments/production/changesets", body=changeset)
    assert len({flag["key"] for flag in admin.flags.list(search="admin-page-")}) == 300
    assert len(list(islice(admin.flags.list(search="admin-page-"), 3))) == 3


def test_a_request_that_is_sent_again_is_applied_once(admin):
    create = {"body": {"key": "admin-once", "enabled": False}, "idempotency_key": "admin-once"}
    flag = admin.request("POST", "environments/production/flags", **create)
    assert admin.request("POST", "environments/production/flags", **create) == flag


def test_overrides(admin):
    variants = {"variants": {"plain": {"theme": {"dark": False}}}, "offVariant": "plain", "serve": "plain"}
    admin.flags.create("admin-session", {"type": "object", "enabled": True, **variants})
    added = admin.overrides.add(
        "admin-session", "user", "u/1", {"patch": {"theme": {"dark": True}, "beta": 1}}, reason="asked for it"
    )
    assert (added["contextKey"], added["reason"]) == ("u/1", "asked for it")
    patched = admin.overrides.patch("admin-session", "user", "u/1", {"patch": {"beta": None}})
    assert patched["value"] == {"patch": {"theme": {"dark": True}}}
    assert admin.overrides.get("admin-session", "user", "u/1")["value"] == patched["value"]
    assert [row["flag"] for row in admin.overrides.of_context("u/1", level="user")] == ["admin-session"]
    row = next(admin.audit(flag="admin-session", pointer="/beta", action="update", context="user:u/1"))
    assert [(change["before"], "after" in change) for change in row["changes"]] == [(1, False)]

    admin.flags.create("admin-gate", {"enabled": True, "rolloutPercentage": 0})
    lines = [{"level": "user", "contextKey": f"u{n}", "value": "include"} for n in range(3)]
    assert admin.overrides.load("admin-gate", lines, dry_run=True)["dryRun"] is True
    assert list(admin.overrides.list("admin-gate")) == []
    assert admin.overrides.load("admin-gate", lines)["added"] == 3
    assert admin.overrides.load("admin-gate", lines[:1], mode="replace")["removed"] == 2
    assert admin.overrides.add("admin-gate", "organization", "acme", "exclude")["value"] == "exclude"
    assert [row["contextKey"] for row in admin.overrides.list("admin-gate", level="user", effect="include")] == ["u0"]
    admin.overrides.remove("admin-gate", "user", "u0")
    assert [row["contextKey"] for row in admin.overrides.list("admin-gate")] == ["acme"]


def test_keys_tokens_and_other_environments(admin, real_server):
    key = admin.keys.create("page", "client", origins=["https://app.example"])
    assert (key["kind"], key["origins"]) == ("client", ["https://app.example"])
    assert key["token"].startswith("fs_client_")
    secret = admin.keys.create_secret(key["id"])
    assert admin.keys.update(key["id"], {"signedContexts": True})["signedContexts"] is True
    assert [known["id"] for known in admin.keys.get(key["id"])["secrets"]] == [secret["id"]]
    assert "secret" not in admin.keys.get(key["id"])["secrets"][0]
    admin.keys.update(key["id"], {"signedContexts": False})
    admin.keys.remove_secret(key["id"], secret["id"])
    renewed = admin.keys.rotate(key["id"], grace_seconds=60)
    assert {row["id"] for row in admin.keys.list(kind="client", search="page")} == {key["id"], renewed["id"]}
    admin.keys.revoke(key["id"])
    assert [row["id"] for row in admin.keys.list(search="page")] == [renewed["id"]]

    token = admin.tokens.create("reader", "viewer", expires_at="2099-01-01T00:00:00Z")
    reader = Admin(real_server.url, token["token"], environment="staging")
    admin.in_environment("staging").flags.create("only-in-staging", {"enabled": True})
    assert "only-in-staging" in {flag["key"] for flag in reader.flags.list()}
    assert "only-in-staging" not in {flag["key"] for flag in admin.flags.list()}
    with pytest.raises(AdminError) as refused:
        reader.flags.create("admin-of-a-reader")
    assert (refused.value.status, refused.value.code) == (403, "forbidden")
    assert admin.tokens.get(token["id"])["role"] == "viewer"
    assert token["id"] in {row["id"] for row in admin.tokens.list(kind="viewer")}
    admin.tokens.revoke(token["id"])
    with pytest.raises(AdminError) as refused:
        list(reader.flags.list())
    assert refused.value.code == "unauthorized"

    staging = admin.in_environment("staging")
    staging.flags.create("admin-of-staging")
    assert [flag["key"] for flag in staging.flags.list(search="admin-of")] == ["admin-of-staging"]
    admin.request("POST", "/api/v1/projects", body={"name": "admin-shop", "environments": ["live"]})
    shop = admin.in_project("admin-shop", "live")
    assert repr(shop) == f"Admin('{real_server.url}', project='admin-shop', environment='live')"
    assert shop.flags.create("a")["key"] == "a"
    assert admin.request("GET", "environments", query={"limit": 1})["total"] == 3


def test_waiting_for_convergence(admin, real_server):
    admin.flags.create("admin-wait", {"enabled": True, "rolloutPercentage": 0})
    with Client(real_server.url, real_server.key) as client:
        client.ready(timeout=PATIENCE)
        admin.flags.roll_out("admin-wait", 100)
        result = admin.wait_for_convergence(timeout=PATIENCE)
        assert (result["converged"], result["behind"]) == (True, [])
        assert client.get_boolean_value("admin-wait", False, {"targetingKey": "u1"}) is True
        # A revision that does not exist yet: nobody has it in time.
        future = admin.wait_for_convergence(revision=result["revision"] + 100, timeout=0.2)
        assert future["converged"] is False
        assert [row["sdk"] for row in future["behind"]] == ["flagstaff-python"]


def test_an_error_says_where_and_what(admin, real_server):
    with pytest.raises(FlagstaffError) as caught:
        admin.flags.create("admin-wrong", {"enabled": True, "rolloutPercentage": 101})
    error = caught.value
    assert (error.status, error.code, error.pointers) == (422, "invalid", ("/rolloutPercentage",))
    assert error.request_id
    assert str(error) == f"invalid: {error.detail}"
    assert "`/rolloutPercentage`" in error.detail
    lines = [{"level": "user", "contextKey": wrong, "value": wrong} for wrong in ("yes", "no")]
    admin.flags.create("admin-right")
    with pytest.raises(AdminError) as caught:
        admin.overrides.load("admin-right", lines)
    assert [(row["line"], row["pointer"]) for row in caught.value.errors] == [(1, "/value"), (2, "/value")]
    assert str(caught.value).endswith(f"; /value in line 2: {caught.value.errors[1]['message']}")
    again = pickle.loads(pickle.dumps(error))  # noqa: S301 - our own
    assert (str(again), again.pointers, again.request_id) == (str(error), error.pointers, error.request_id)

    # These would become another path on the way to the server.
    for name in ("", ".", ".."):
        with pytest.raises(ValueError, match="a path cannot contain the name"):
            admin.flags.delete(name)
    for url, token in (("127.0.0.1:8080", TOKEN), ("file:///etc/passwd", TOKEN), (real_server.url, "")):
        with pytest.raises(ConfigurationError):
            Admin(url, token)


def test_no_response_and_a_foreign_one():
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        admin = Admin(f"http://127.0.0.1:{unused.getsockname()[1]}", TOKEN)
        with pytest.raises(AdminError) as caught:
            admin.flags.get("a")
    assert (caught.value.status, caught.value.code) == (0, "unreachable")
    assert "no response from http://127.0.0.1:" in caught.value.detail

    asked = []

    class Proxy(BaseHTTPRequestHandler):
        def do_GET(self):
            asked.append(self.path)
            self.send_response(302 if "moved" in self.path else 502)
            self.send_header("Location", "/elsewhere")
            self.end_headers()
            self.wfile.write(b"<html>")

        def log_message(self, *_):
            pass

    with HTTPServer(("127.0.0.1", 0), Proxy) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        admin = Admin(f"http://127.0.0.1:{server.server_port}", TOKEN)
        # A redirect is not followed: another host must not get the token.
        for key, status in (("a", 502), ("moved", 302)):
            with pytest.raises(AdminError) as caught:
                admin.flags.get(key)
            assert (caught.value.status, caught.value.code) == (status, "unknown")
            assert caught.value.detail == f"HTTP {status}"
        server.shutdown()
    assert len(asked) == 2
    assert TOKEN not in json.dumps(asked)


def test_the_admin_api_is_imported_only_when_it_is_used():
    code = "import sys, flagstaff; print('ssl' in sys.modules, flagstaff.Admin.__name__, 'ssl' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=PATIENCE)
    assert done.stdout == "False Admin True\n"
