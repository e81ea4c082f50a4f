"""How processes with a client end, and what they print."""

import pathlib
import subprocess
import sys
import textwrap

import pytest
from stream_server import KEY, PATIENCE, flag


def run(script, *arguments):
    """Run a script in a process of its own."""
    command = [sys.executable, "-X", "dev", "-c", textwrap.dedent(script), *arguments]
    return subprocess.run(command, capture_output=True, text=True, timeout=PATIENCE, check=False)


SCRIPTS = {
    "without close": "",
    "with close": "client.close()",
    "in the middle of a callback": """
        import threading
        called = threading.Event()
        client.on_change(lambda keys: (called.set(), threading.Event().wait(0.2)))
        called.wait(0.1)
    """,
    "by an exception": "raise SystemExit(0)",
    "with a client in a global and an atexit of its own": """
        import atexit
        atexit.register(client.get_boolean_value, "a", False)
        atexit.register(client.close)
    """,
    "with a thread that still evaluates": """
        import threading
        def forever():
            while True:
                client.get_boolean_value("a", False)
        threading.Thread(target=forever, daemon=True).start()
    """,
}


@pytest.mark.parametrize("script", SCRIPTS.values(), ids=SCRIPTS.keys())
def test_a_process_ends_by_itself_and_silently(server, script):
    server.set("a", flag())
    start = (
        f"from flagstaff import Client\nclient = Client({server.url!r}, {KEY!r})\nassert client.ready() == 'READY'\n"
    )
    result = run(start + textwrap.dedent(script))
    assert (result.returncode, result.stdout, result.stderr) == (0, "", "")


def test_a_process_ends_while_a_thread_waits_for_a_server(server):
    server.stop()
    script = f"""
        import threading
        from flagstaff import Client
        client = Client({server.url!r}, {KEY!r})
        threading.Thread(target=client.ready, args=(60,), daemon=True).start()
        client.ready(0.1)
    """
    result = run(script)
    assert (result.returncode, result.stdout, result.stderr) == (0, "", "")


def test_a_process_ends_in_the_middle_of_connecting(server):
    server.set("a", flag())
    for _ in range(5):
        result = run(f"from flagstaff import Client\nClient({server.url!r}, {KEY!r}).start()")
        assert (result.returncode, result.stderr) == (0, "")


def test_the_last_records_are_written_although_logging_was_imported_after_the_package(server, tmp_path):
    server.set("a", flag())
    script = f"""
        from flagstaff import Client
        client = Client({server.url!r}, {KEY!r})
        import logging, logging.handlers
        file = logging.FileHandler({str(tmp_path / "log")!r}, mode="w")
        logging.getLogger("flagstaff").addHandler(logging.handlers.MemoryHandler(1_000, target=file))
        logging.getLogger("flagstaff").setLevel(logging.DEBUG)
        assert client.ready(20) == "READY"
    """
    result = run(script)
    assert (result.returncode, result.stderr) == (0, "")
    assert "is in use" in (tmp_path / "log").read_text()


def test_importing_starts_no_thread_and_prints_nothing():
    result = run("import flagstaff, threading, os; print(threading.active_count(), len(os.listdir('/proc/self/task')))")
    assert (result.stdout, result.stderr) == ("1 1\n", "")


def test_importing_loads_little_of_the_standard_library():
    # The time of an import is that of the modules it loads: `asyncio`, `inspect`, `json` and `logging` would double it.
    script = """
        import sys
        import atexit, collections.abc, contextlib, contextvars, enum, functools, importlib
        import threading, types, typing, weakref
        assert "logging" not in sys.modules
        before = set(sys.modules)
        import flagstaff
        loaded = set(sys.modules) - before
        print(sorted(name for name in loaded if not name.startswith("flagstaff")))
        seldom = ("_async", "_bootstrap", "_logging", "_values", "_warnings", "admin", "codegen", "contrib", "testing")
        print([name for name in seldom if f"flagstaff.{name}" in loaded])
    """
    result = run(script)
    assert (result.stdout, result.stderr) == ("[]\n[]\n", "")


def test_a_client_has_one_thread_and_the_process_one_for_all_callbacks(server):
    server.set("a", flag())
    script = f"""
        import os, pathlib
        from flagstaff import Client
        clients = [Client({server.url!r}, {KEY!r}) for _ in range(3)]
        for client in clients:
            client.on_change(lambda keys: None)
            assert client.ready(20) == "READY"
        names = [path.read_text().strip() for path in pathlib.Path("/proc/self/task").glob("*/comm")]
        print("threads:", len(names), names.count("flagstaff"))
    """
    result = run(script)
    # One more is the main thread.
    assert (result.stdout, result.stderr) == ("threads: 5 3\n", "")


def test_without_a_handler_nothing_is_printed():
    script = """
        from flagstaff import Client
        client = Client("http://127.0.0.1:9", "k")
        assert client.ready(timeout=0.3) == "TIMED_OUT"
    """
    result = run(script)
    assert (result.returncode, result.stdout, result.stderr) == (0, "", "")


def test_what_is_as_deep_as_the_language_allows_fits_into_a_thread_of_little_stack():
    # A thread that runs out of stack ends the process. Half a megabyte is what a thread has on macOS.
    script = """
        import json, pathlib, sys, threading
        from flagstaff import Snapshot

        file = json.loads(pathlib.Path(sys.argv[1]).read_text())
        documents = [file["document"], *(case["document"] for case in file["cases"] if "document" in case)]

        def evaluate():
            for document in documents:
                snapshot = Snapshot.from_json(json.dumps(document))
                snapshot.evaluate_all({"targetingKey": "u1"}, 0)
                for flag in document["flags"]:
                    snapshot.explain(flag, None, None, {"targetingKey": "u1"}, 0)
            print(len(documents))

        threading.stack_size(512 * 1024)
        thread = threading.Thread(target=evaluate)
        thread.start()
        thread.join()
    """
    cases = pathlib.Path(__file__).parents[2] / "conformance" / "cases" / "loading" / "depth.json"
    result = run(script, str(cases))
    assert (result.returncode, result.stdout, result.stderr) == (0, "8\n", "")
