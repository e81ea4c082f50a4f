"""Events of OpenTelemetry, from the client's own getters and through OpenFeature."""

import pytest
from flagstaff import Client
from flagstaff.contrib.openfeature import FlagstaffProvider
from flagstaff.contrib.opentelemetry import record_evaluation
from openfeature import api
from openfeature.evaluation_context import EvaluationContext
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from sample import DOCUMENT

FOUND = {
    "feature_flag.key": "bool",
    "feature_flag.result.variant": "on",
    "feature_flag.result.reason": "targeting_match",
    "feature_flag.context.id": "u1",
    "feature_flag.provider.name": "flagstaff",
}


@pytest.fixture
def client():
    return Client("http://127.0.0.1:1", "fs_server_x", bootstrap=DOCUMENT, usage=False, on_evaluation=record_evaluation)


@pytest.fixture
def events():
    """Run a function in a span, and return the events of the span."""
    exporter = InMemorySpanExporter()
    provider = TracerProvider()
    provider.add_span_processor(SimpleSpanProcessor(exporter))

    def run(function):
        with provider.get_tracer("tests").start_as_current_span("request"):
            function()
        (span,) = exporter.get_finished_spans()
        return [(event.name, dict(event.attributes)) for event in span.events]

    return run


def test_an_evaluation_is_an_event_of_the_span(client, events):
    client.get_boolean_value("bool", False)  # outside of every span

    def evaluate():
        client.get_boolean_value("bool", False, {"targetingKey": "u1", "plan": "pro"})
        client.get_string_value("missing", "mine")

    (name, found), (_, missing) = events(evaluate)
    assert (name, found) == ("feature_flag.evaluation", FOUND)
    assert missing.pop("error.message")
    assert missing == {
        "feature_flag.key": "missing",
        "feature_flag.result.value": "mine",
        "feature_flag.result.reason": "error",
        "feature_flag.provider.name": "flagstaff",
        "error.type": "flag_not_found",
    }


def test_an_evaluation_through_openfeature_is_one_event(client, events):
    api.set_provider_and_wait(FlagstaffProvider(client, timeout=0))
    try:
        context = EvaluationContext("u1", {"plan": "pro"})
        assert events(lambda: api.get_client().get_boolean_value("bool", False, context)) == [
            ("feature_flag.evaluation", FOUND)
        ]
    finally:
        api.shutdown()
        client.close()
