"""The providers of OpenFeature's scenarios, and what the tests of the provider start from."""

import socket
import threading

import pytest
from flagstaff import Client
from flagstaff.contrib.openfeature import FlagstaffProvider
from openfeature import api
from openfeature.evaluation_context import EvaluationContext
from openfeature.provider import ProviderStatus
from openfeature.transaction_context import ContextVarsTransactionContextPropagator
from openfeature_suite import State, document
from pytest_bdd import given, parsers, then
from stream_server import QUICK

# Scenarios of OpenFeature that are about something that Flagstaff does not do.
SKIPPED_TAGS = {"reason-codes-cached": "Flagstaff caches no evaluations, so no reason is CACHED"}


def pytest_bdd_apply_tag(tag, function):
    """Skip what does not apply; the other tags need no marker of pytest."""
    if reason := SKIPPED_TAGS.get(tag):
        pytest.mark.skip(reason=reason)(function)
    return True


class RetrievableContext(FlagstaffProvider):
    """Remembers the merged context."""

    def resolve_boolean_details(self, flag_key, default_value, evaluation_context=None):
        self.merged = evaluation_context
        return super().resolve_boolean_details(flag_key, default_value, evaluation_context)


@pytest.fixture(autouse=True)
def openfeature():
    """Leave OpenFeature as it was."""
    yield
    # The context of a transaction is in a variable of the thread, which `shutdown` leaves as it is.
    ContextVarsTransactionContextPropagator().set_transaction_context(EvaluationContext())
    api.shutdown()


@pytest.fixture
def state():
    return State()


@pytest.fixture
def unreachable():
    """Reserve a port where nobody listens."""
    with socket.socket() as reserved:
        reserved.bind(("127.0.0.1", 0))
        yield f"http://127.0.0.1:{reserved.getsockname()[1]}"


# Providers


@given("a stable provider")
def stable_provider():
    api.set_provider_and_wait(FlagstaffProvider(Client.from_document(document())))


@given("a stable provider with retrievable context is registered")
def retrievable_provider(state):
    api.set_transaction_context_propagator(ContextVarsTransactionContextPropagator())
    state.provider = RetrievableContext(Client.from_document(document()))
    api.set_provider_and_wait(state.provider)


@given("a not ready provider")
def not_ready_provider(request):
    opened = threading.Event()
    request.addfinalizer(opened.set)
    api.set_provider(FlagstaffProvider(lambda: opened.wait() and Client.from_document(document())))


@given("a fatal provider")
def fatal_provider(request, server):
    client = Client(server.url, "fs_server_of_somebody_else", timing=QUICK, usage=False)
    request.addfinalizer(client.close)
    with pytest.raises(Exception, match="refuses"):
        api.set_provider_and_wait(FlagstaffProvider(client))


@given(parsers.re("an? error provider"))
def error_provider(request, unreachable):
    client = Client(unreachable, "fs_server_test")
    request.addfinalizer(client.close)
    with pytest.raises(Exception, match="no flags"):
        api.set_provider_and_wait(FlagstaffProvider(client, timeout=0.05))


@given("a stale provider")
def stale_provider(request, unreachable, state):
    client = Client(unreachable, "fs_server_test", bootstrap=document(), timing=QUICK, usage=False)
    request.addfinalizer(client.close)
    api.set_provider_and_wait(FlagstaffProvider(client, timeout=0.1))


@then(parsers.parse('the provider status should be "{status}"'))
def provider_status(state, status):
    # The first event is handled on another thread.
    deadline = threading.Event()
    for _ in range(1000):
        if state.client.get_provider_status() == ProviderStatus[status]:
            break
        deadline.wait(0.01)
    assert state.client.get_provider_status() == ProviderStatus[status]
