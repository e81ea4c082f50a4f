"""A client that follows a server."""

import gc
import logging
import queue
import signal
import threading
import time
import weakref

import pytest
from flagstaff import Client
from stream_server import KEY, PATIENCE, QUICK, flag


def connect(server, **options):
    """Make a client with short delays."""
    return Client(server.url, KEY, timing=QUICK, **options)


class Changes:
    """Waits for what a client answers, without sleeping."""

    def __init__(self, client):
        self.client = client
        self.queue = queue.Queue()
        client.on_change(self.queue.put)
        client.on_status(self.queue.put)

    def wait(self, condition):
        deadline = time.monotonic() + PATIENCE
        while not condition(self.client):
            self.queue.get(timeout=deadline - time.monotonic())


def test_a_client_follows_its_server(server):
    server.set("a", flag("off"))
    with connect(server) as client:
        assert client.ready(timeout=PATIENCE) == "READY"
        assert client.get_boolean_value("a", True) is False
        changes = Changes(client)
        server.set("a", flag("on"))
        changes.wait(lambda client: client.get_boolean_value("a", False))
        assert (client.status, client.revision, client.environment) == ("READY", 2, "test")


def test_who_waits_for_ever_waits_until_the_server_is_there(server):
    server.set("a", flag())
    server.stop()
    readiness = queue.Queue()
    with connect(server) as client:
        assert client.ready(timeout=0.1) == "TIMED_OUT"
        waiting = threading.Thread(target=lambda: readiness.put(client.ready(timeout=float("inf"))))
        waiting.start()
        with pytest.raises(queue.Empty):
            readiness.get(timeout=0.1)
        server.restart()
        assert readiness.get(timeout=PATIENCE) == "READY"
        waiting.join()


def test_delays_may_be_endless_and_are_numbers(server):
    server.set("a", flag())
    never = float("inf")
    endless = dict.fromkeys(
        (
            "reconnect_base",
            "reconnect_max",
            "healthy_after",
            "refused_retry",
            "poll_interval",
            "usage_interval",
            "read_timeout",
            "connect_timeout",
        ),
        never,
    )
    with Client(server.url, KEY, timing=endless) as client:
        assert client.ready(timeout=PATIENCE) == "READY"
        with pytest.raises(ValueError, match="`timeout`: expected a number of seconds, got nan"):
            client.ready(timeout=float("nan"))
        assert client.ready(timeout=-1) == "READY"
    for wrong in (-1, float("nan")):
        with pytest.raises(ValueError, match="`poll_interval`: expected a number of seconds"):
            Client(server.url, KEY, timing={"poll_interval": wrong})


def test_callbacks_hear_of_keys_and_statuses_until_they_are_unregistered(server):
    server.set("a", flag())
    with connect(server) as client:
        heard, statuses = queue.Queue(), queue.Queue()
        unregister = client.on_change(heard.put)
        client.on_status(statuses.put)
        assert heard.get(timeout=PATIENCE) == ["a"]
        assert statuses.get(timeout=PATIENCE) == "READY"
        unregister()
        unregister()
        other = queue.Queue()
        client.on_change(other.put)
        server.set("b", flag())
        assert other.get(timeout=PATIENCE) == ["b"]
        assert heard.empty()


def test_a_callback_that_raises_harms_no_other(server, caplog):
    server.set("a", flag())
    with connect(server) as client:
        heard = queue.Queue()

        def bad(_keys):
            raise RuntimeError

        client.on_change(bad)
        client.on_change(heard.put)
        assert heard.get(timeout=PATIENCE) == ["a"]
    assert "a callback raised" in caplog.text


def test_callbacks_run_on_one_daemon_thread(server):
    server.set("a", flag())
    with connect(server) as client:
        threads = queue.Queue()
        client.on_change(lambda _keys: threads.put(threading.current_thread()))
        thread = threads.get(timeout=PATIENCE)
        assert thread.daemon
        assert [other.name for other in threading.enumerate()].count(thread.name) == 1


def test_flags_survive_their_server(server):
    server.set("a", flag())
    with connect(server) as client:
        assert client.ready(timeout=PATIENCE) == "READY"
        changes = Changes(client)
        server.stop()
        changes.wait(lambda client: client.status == "STALE")
        assert client.get_boolean_value("a", False) is True
        server.set("a", flag("off"))
        server.restart()
        changes.wait(lambda client: not client.get_boolean_value("a", True))
        changes.wait(lambda client: client.status == "READY")


def test_a_refused_key_fails_and_the_client_recovers(server):
    server.set("a", flag())
    server.status = 401
    with connect(server) as client:
        assert client.ready(timeout=PATIENCE) == "FAILED"
        changes = Changes(client)
        server.status = 200
        changes.wait(lambda client: client.status == "READY")
        assert client.get_boolean_value("a", False) is True


def test_the_log_has_what_the_server_says(server, caplog):
    server.status = 403
    with connect(server) as client:
        assert client.ready(timeout=PATIENCE) == "FAILED"
        client.close()
    # Records come from another thread.
    expected = "the server refuses the SDK key or the URL: needs a `server` key (HTTP 403)"
    deadline = time.monotonic() + PATIENCE
    while expected not in caplog.text and time.monotonic() < deadline:
        time.sleep(0.01)
    assert expected in caplog.text


@pytest.mark.parametrize("status", [401, 403, 404])
def test_a_refusal_of_a_proxy_is_a_failure_like_others(server, status):
    server.set("a", flag())
    server.status, server.is_flagstaff = status, False
    with Client(server.url, KEY, timing={**QUICK, "refused_retry": float("inf")}) as client:
        assert client.ready(timeout=0.1) == "TIMED_OUT"
        server.status = 200
        assert client.ready(timeout=PATIENCE) == "READY"


def test_nobody_there_is_a_time_out_and_a_bootstrap_is_stale(server):
    server.stop()
    with connect(server) as client:
        assert client.status == "NOT_READY"
        readiness = client.ready(timeout=0.05)
        assert (readiness, str(readiness), readiness.usable) == ("TIMED_OUT", "TIMED_OUT", False)
        with pytest.raises(TypeError, match="a readiness is neither true nor false: compare it, or read its `usable`"):
            bool(readiness)
        assert client.get_boolean_value("a", True) is True
    document = {"schemaVersion": 1, "flags": {"a": flag()}}
    with connect(server, bootstrap=document) as client:
        readiness = client.ready(timeout=float("inf"))
        assert (readiness, readiness.usable) == ("STALE", True)
        assert client.get_boolean_value("a", False) is True


def test_waiting_can_be_interrupted(server):
    server.stop()

    def handler(_signal, _frame):
        raise KeyboardInterrupt

    previous = signal.signal(signal.SIGALRM, handler)
    try:
        with connect(server) as client:
            signal.setitimer(signal.ITIMER_REAL, 0.05)
            with pytest.raises(KeyboardInterrupt):
                client.ready(timeout=PATIENCE)
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, previous)


def test_waiting_lets_other_threads_run(server):
    server.stop()
    with connect(server) as client:
        ran = threading.Event()
        waiter = threading.Thread(target=lambda: client.ready(timeout=0.3))
        waiter.start()
        ran.set()
        waiter.join(PATIENCE)
        assert ran.is_set()
        assert not waiter.is_alive()


def test_a_closed_client_keeps_its_flags(server):
    server.set("a", flag())
    client = connect(server)
    assert client.ready(timeout=PATIENCE) == "READY"
    client.close()
    client.close()
    client.start()
    assert client.get_boolean_value("a", False) is True


def test_a_client_that_nobody_holds_is_collected_though_its_callback_is_registered(server):
    server.set("a", flag())
    client = connect(server)
    client.start()
    client.on_change(lambda _keys: None)
    gone = weakref.ref(client)
    del client
    gc.collect()
    assert gone() is None


def test_a_thousand_clients_come_and_go(server):
    server.stop()
    for _ in range(1_000):
        Client(server.url, KEY).close()
    for _ in range(50):
        connect(server).start()


def test_trouble_is_logged_once_by_pythons_own_logging(server):
    server.stop()
    records = queue.Queue()
    handler = logging.Handler()
    handler.emit = records.put
    logger = logging.getLogger("flagstaff.sync")
    logger.addHandler(handler)
    try:
        with connect(server) as client:
            client.start()
            first = records.get(timeout=PATIENCE)
            changes = Changes(client)
            server.restart()
            changes.wait(lambda client: client.status == "READY")
    finally:
        logger.removeHandler(handler)
    assert (first.levelname, first.name) == ("WARNING", "flagstaff.sync")
    assert "the stream failed (1 in a row): the server is unreachable: error sending request" in first.getMessage()
    # The last of the causes, which is the system's, and the one that tells what to do.
    assert "refused" in first.getMessage().rsplit(": ", 1)[1]
    assert KEY not in first.getMessage()
    later = [records.get() for _ in range(records.qsize())]
    assert not [record for record in later if record.levelno >= logging.WARNING]
