"""What a process has counted reaches the server, in whatever way the process ends."""

import os
import subprocess
import sys
from pathlib import Path

import pytest
from flagstaff import Client
from stream_server import PATIENCE

HERE = Path(__file__).parent / "servers"
WAYS = ("at exit", "with", "flush", "fork", "spawn", "forkserver")


def start(real_server, program, *arguments):
    """Start a program with the server in its environment."""
    environment = {**os.environ, "FLAGSTAFF_URL": real_server.url, "FLAGSTAFF_KEY": real_server.key}
    command = [sys.executable, str(HERE / program), *arguments]
    return subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


def test_no_count_is_lost_at_the_end(real_server):
    flags = {how: f"counted-{how.replace(' ', '-')}" for how in WAYS}
    for flag in flags.values():
        real_server.switch(flag, True)
    programs = [start(real_server, "counting.py", how, flag) for how, flag in flags.items()]
    for program in programs:
        _, errors = program.communicate(timeout=PATIENCE)
        assert (program.returncode, errors) == (0, "")
    assert real_server.usage(*flags.values()) == {flag: {"on": 10} for flag in flags.values()}


def test_processes_of_every_method_of_multiprocessing_follow_the_server(real_server):
    methods = ("fork", "spawn", "forkserver")
    for method in methods:
        real_server.switch(f"working-{method}", False)
    programs = [start(real_server, "working.py", method, f"working-{method}") for method in methods]
    for method, program in zip(methods, programs, strict=True):
        assert program.stdout.readline() == "[False, False, False]\n", program.communicate(timeout=PATIENCE)
        real_server.switch(f"working-{method}", True)
    for program in programs:
        assert program.communicate(timeout=PATIENCE) == ("[0, 0]\n", "")
        assert program.returncode == 0


def test_a_program_in_uvloop_that_starts_processes_follows_the_server(real_server):
    real_server.switch("spawning", False)
    program = start(real_server, "spawning.py")
    assert program.stdout.readline() == "ready\n", program.communicate(timeout=PATIENCE)
    real_server.switch("spawning", True)
    assert program.communicate(timeout=PATIENCE) == ("['spawning']\n", "")
    assert program.returncode == 0


def test_a_flush_tells_whether_the_server_has_the_counts(real_server):
    real_server.switch("flushed", True)
    client = Client(real_server.url, real_server.key)
    assert client.flush(0.1) is False, "it was not started"
    assert client.ready(PATIENCE) == "READY"
    assert client.flush(PATIENCE) is True
    client.close()
    assert client.closed is True
    with Client(real_server.url, "fs_server_wrong") as refused:
        assert refused.ready(PATIENCE) == "FAILED"
        refused.get_boolean_value("flushed", False)
    assert Client.from_document({"schemaVersion": 1, "flags": {}}).flush() is True


def test_a_close_is_bounded_although_nobody_responds(server):
    server.set("a", {"type": "boolean", "enabled": True, "salt": "s", "serve": "on"})
    client = Client(server.url, "fs_server_test")
    assert client.ready(PATIENCE) == "READY"
    server.stop()
    client.close(timeout=0.05)
    assert client.get_boolean_value("a", False) is True
    with pytest.raises(ValueError, match="`timeout`: expected a number of seconds, got nan"):
        client.close(float("nan"))
