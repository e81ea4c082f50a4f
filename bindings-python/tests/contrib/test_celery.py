"""Celery: contexts travel from the code that queues a task to the task, through a real queue in memory."""

from datetime import datetime, timezone

import flagstaff
import pytest
from celery import Celery, chain, signals
from celery.contrib.testing.worker import start_worker
from flagstaff import Client, PreparedContext, current_flags
from flagstaff._current import ScopedFlags, flags_in_use
from flagstaff.contrib.celery import install
from sample import DOCUMENT

app = Celery("tests", broker="memory://", backend="cache+memory://")
app.conf.update(broker_transport_options={"polling_interval": 0.01})


@signals.setup_logging.connect
def leave_logging_as_it_is(**_):
    """Keep a worker from changing the level of the root logger, for which other tests would get no records."""


@app.task
def read():
    """Return what the task sees."""
    flags = current_flags()
    context = flags.context
    return [flags["bool"], context if isinstance(context, dict) else context.attributes]


@app.task
def queue_another():
    """Queue a task from within a task."""
    return read.delay().id


@pytest.fixture(scope="module")
def worker():
    """Run a worker on a thread of this process."""
    install(Client.from_document(DOCUMENT))
    with start_worker(app, perform_ping_check=False, pool="solo"):
        yield


def queued(context, task=read):
    with flags_in_use(ScopedFlags(Client.from_document(DOCUMENT), lambda: context)):
        return task.delay().get(timeout=20, interval=0.01)


def test_a_task_has_the_context_of_the_request_that_queued_it(worker):
    assert queued({"plan": "pro", "targetingKey": "u1"}) == [True, {"plan": "pro", "targetingKey": "u1"}]
    assert queued({"plan": "free"}) == [False, {"plan": "free"}]
    assert queued(PreparedContext("u1", {"plan": "pro"})) == [True, {"plan": "pro", "targetingKey": "u1"}]


def test_values_travel_as_an_evaluation_reads_them(worker):
    moment = datetime(2026, 6, 1, tzinfo=timezone.utc)
    _, context = queued({"since": moment, "tags": ("a", "b")})
    assert context == {"since": "2026-06-01T00:00:00+00:00", "tags": ["a", "b"]}


def test_a_task_that_a_task_queues_has_the_same_context(worker):
    result = queued({"plan": "pro"}, queue_another)
    assert app.AsyncResult(result).get(timeout=20, interval=0.01) == [True, {"plan": "pro"}]


def test_every_task_of_a_chain_has_the_context(worker):
    with flags_in_use(ScopedFlags(Client.from_document(DOCUMENT), lambda: {"plan": "pro"})):
        result = chain(read.si(), read.si())()
    assert result.get(timeout=20, interval=0.01) == [True, {"plan": "pro"}]


def test_a_context_of_the_program_travels_too(worker):
    with flagstaff.context({"plan": "pro"}):
        assert read.delay().get(timeout=20, interval=0.01) == [True, {"plan": "pro"}]


def test_a_task_without_a_context_has_an_empty_one(worker):
    assert read.delay().get(timeout=20, interval=0.01) == [False, {}]


def test_a_task_that_runs_in_place_keeps_the_flags_of_its_caller(worker):
    with flags_in_use(ScopedFlags(Client.from_document(DOCUMENT), lambda: {"plan": "pro"})):
        assert read.apply().get() == [True, {"plan": "pro"}]


def test_flags_of_a_test_reach_the_worker(worker, flags):
    flags["bool"] = True
    assert read.delay().get(timeout=20, interval=0.01) == [True, {}]
