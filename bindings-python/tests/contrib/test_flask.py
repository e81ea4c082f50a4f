"""Flask: views, templates and gates."""

import pytest
from flagstaff import Client, current_flags
from flagstaff._current import _flags
from flagstaff.contrib.flask import Flagstaff, flag_required, flags
from flask import Flask, render_template_string, request
from sample import DOCUMENT


@pytest.fixture
def app():
    """Make an application that evaluates for the plan in a header."""
    calls = []

    def context():
        calls.append(request.path)
        return {"plan": request.headers.get("X-Plan")}

    app = Flask(__name__)
    extension = Flagstaff(client=Client.from_document(DOCUMENT), context=context)
    extension.init_app(app)
    app.calls = calls

    @app.get("/values")
    def values():
        return {"flags": [flags["bool"], current_flags()["bool"], flags.string("string", "")]}

    @app.get("/page")
    def page():
        return render_template_string("{% if flags['bool'] %}new{% else %}old{% endif %}")

    @app.get("/gated")
    @flag_required("bool")
    def gated():
        return "open"

    @app.get("/gated-with-message")
    @flag_required("bool", status=503, message="Back soon")
    def gated_with_message():
        return "open"

    @app.get("/none")
    def none():
        return "none"

    return app


def test_a_request_is_evaluated_once_for_its_context(app):
    client = app.test_client()
    assert client.get("/values", headers={"X-Plan": "pro"}).json == {"flags": [True, True, "ä🚩"]}
    assert client.get("/values").json == {"flags": [False, False, "ä🚩"]}
    assert client.get("/none").text == "none"
    assert app.calls == ["/values", "/values"]


def test_templates_and_gates(app):
    client, pro = app.test_client(), {"X-Plan": "pro"}
    assert (client.get("/page").text, client.get("/page", headers=pro).text) == ("old", "new")
    assert (client.get("/gated").status_code, client.get("/gated", headers=pro).text) == (404, "open")
    refused = client.get("/gated-with-message")
    assert (refused.status_code, "Back soon" in refused.text) == (503, True)


def test_flags_of_a_test_replace_the_clients(app, flags):
    flags["bool"] = True
    assert app.test_client().get("/gated").text == "open"


def test_there_are_no_flags_outside_of_a_request(app):
    with pytest.raises(RuntimeError, match="in a request"):
        flags["bool"]
    with app.app_context(), pytest.raises(RuntimeError, match="in a request"):
        flags["bool"]


def test_flags_are_there_before_other_functions_of_a_request_and_in_a_context_of_a_test(app):
    seen = []
    app.before_request_funcs[None].insert(0, lambda: seen.append(flags["bool"]))
    with app.app_context():
        for plan, is_on in (("pro", True), ("free", False)):
            assert app.test_client().get("/values", headers={"X-Plan": plan}).json["flags"][:2] == [is_on, is_on]
            with app.test_request_context("/", headers={"X-Plan": plan}):
                assert (flags["bool"], current_flags()["bool"]) == (is_on, is_on)
    assert seen == [True, False]
    assert _flags.get() is None
