"""Forks: the parent notices nothing, and the child follows the server by itself."""

import logging
import multiprocessing
import os
import queue
import signal
import threading
import traceback
import warnings

import pytest
from flagstaff import Client
from stream_server import KEY, PATIENCE, QUICK, StreamServer, flag

pytestmark = pytest.mark.skipif(not hasattr(os, "fork"), reason="this platform has no fork")


@pytest.fixture(autouse=True)
def _silence():
    # Python warns of any fork of a process with threads; that it works nevertheless is the point here.
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)
        yield


def until(client, flag_key, changes=None):
    """Wait until a flag is on."""
    if changes is None:
        changes = queue.Queue()
        client.on_change(changes.put)
    while not client.get_boolean_value(flag_key, False):
        changes.get(timeout=PATIENCE)


def fork(child):
    """Run a function in a forked child; the exit code is 0 if it returns."""
    pid = os.fork()
    if pid == 0:
        code = 1
        try:
            child()
            code = 0
        except BaseException:
            traceback.print_exc()
        finally:
            os._exit(code)
    return pid


def join(pid):
    """Wait for a child's end."""
    _, status = os.waitpid(pid, 0)
    assert os.waitstatus_to_exitcode(status) == 0


@pytest.fixture
def client(server: StreamServer):
    server.set("inherited", flag())
    with Client(server.url, KEY, timing=QUICK) as client:
        assert client.ready(timeout=PATIENCE) == "READY"
        yield client


def test_parent_and_child_follow_the_server(server, client):
    def child():
        # The snapshot came along; and the first use begins the child's own stream.
        assert client.get_boolean_value("inherited", False)
        until(client, "later")

    pid = fork(child)
    server.wait_for_connections(2)
    server.set("later", flag())
    until(client, "later")
    join(pid)


def test_the_child_is_as_ready_as_its_parent(server, client):
    def child():
        # The flags are those of a moment ago.
        assert client.status == "READY"
        assert client.ready(timeout=PATIENCE) == "READY"
        until(client, "later")

    pid = fork(child)
    server.set("later", flag())
    join(pid)
    assert client.status == "READY"


def test_a_fork_of_a_fork_of_a_fork(server, client):
    def generation(depth):
        changes, records = queue.Queue(), queue.Queue()
        client.on_change(changes.put, "later")
        if depth == 3:
            # Not before another fork, in the middle of which a record may arrive.
            handler, logger = logging.Handler(), logging.getLogger("flagstaff")
            handler.emit = records.put
            logger.addHandler(handler)
            logger.setLevel(logging.DEBUG)
        assert client.get_boolean_value("inherited", False)
        assert client.ready(timeout=PATIENCE) == "READY"
        if depth < 3:
            join(fork(lambda: generation(depth + 1)))
        else:
            while "is in use" not in records.get(timeout=PATIENCE).getMessage():
                pass
        assert changes.get(timeout=PATIENCE) == ["later"]
        assert client.get_boolean_value("later", False)

    pid = fork(lambda: generation(1))
    server.wait_for_connections(4)
    server.set("later", flag())
    join(pid)
    until(client, "later")


def test_callbacks_come_along(server, client):
    changes = queue.Queue()
    client.on_change(changes.put)

    def child():
        until(client, "later", changes)

    pid = fork(child)
    server.wait_for_connections(2)
    server.set("later", flag())
    join(pid)


def test_a_client_that_was_never_started_stays_so(server):
    client = Client(server.url, KEY, timing=QUICK)

    def child():
        assert client.get_boolean_value("a", True)
        assert client.status == "NOT_READY"
        client.close()

    join(fork(child))
    server.set("a", flag())
    assert client.ready(timeout=PATIENCE) == "READY"
    client.close()


def test_a_closed_client_stays_closed(server, client):
    client.close()

    def child():
        assert client.get_boolean_value("inherited", False)
        client.start()
        assert client.ready(timeout=0.05) == "READY"
        assert client.closed

    join(fork(child))


def test_a_child_that_does_nothing_ends(server, client):
    for _ in range(20):
        join(fork(lambda: None))
    server.set("later", flag())
    until(client, "later")


def test_forks_in_the_middle_of_changes(server, client):
    """The background thread is at work, and may hold any of its locks, while the forks happen."""

    def child():
        assert client.get_boolean_value("inherited", False)
        assert client.ready(timeout=PATIENCE) == "READY"

    pids = []
    for number in range(30):
        server.set(f"flag-{number}", flag())
        pids.append(fork(child))
    for pid in pids:
        join(pid)
    until(client, "flag-29")


def work(results):
    """Ask the client of the parent, in a process of multiprocessing's."""
    assert SHARED.ready(timeout=PATIENCE) == "READY"
    results.put(SHARED.get_boolean_value("inherited", False))


SHARED: Client


def test_processes_of_multiprocessing(server, client):
    global SHARED  # noqa: PLW0603 - what a fork inherits
    SHARED = client
    context = multiprocessing.get_context("fork")
    results = context.Queue()
    processes = [context.Process(target=work, args=(results,)) for _ in range(4)]
    for process in processes:
        process.start()
    assert [results.get(timeout=PATIENCE) for _ in processes] == [True] * 4
    for process in processes:
        process.join(PATIENCE)
        assert process.exitcode == 0
    server.set("later", flag())
    until(client, "later")


def test_forks_while_other_threads_match_patterns():
    """What a search of a pattern needs is its own: a lock that one held would stay locked in the child for ever."""
    flags = {
        f"f{number}": {
            "type": "boolean",
            "enabled": True,
            "rules": [{"when": {"attribute": "a", "op": "matches", "value": f"^(?:x|{number})+$"}, "serve": "on"}],
            "serve": "off",
        }
        for number in range(1_000)
    }
    client = Client.from_document({"schemaVersion": 1, "flags": flags})
    context, done = {"targetingKey": "u1", "a": "xx17xx"}, threading.Event()

    def match():
        while not done.is_set():
            client.evaluate_all(context)

    def child():
        # The default of this signal ends the child, and so fails the test.
        signal.signal(signal.SIGALRM, signal.SIG_DFL)
        signal.alarm(120)
        matched = [key for key, details in client.evaluate_all(context).items() if details.value]
        assert matched == ["f17"]

    threads = [threading.Thread(target=match) for _ in range(2)]
    for thread in threads:
        thread.start()
    try:
        for _ in range(30):
            join(fork(child))
    finally:
        done.set()
        for thread in threads:
            thread.join()
