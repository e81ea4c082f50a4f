"""Programs that evaluate a flag and end, each in another way; see test_exit.py."""

import multiprocessing
import os
import sys

from flagstaff import Client

HOW, FLAG = sys.argv[1:]
# As in most programs, the clients live as long as their process.
clients = []


def evaluate(client=None):
    """Evaluate the flag five times."""
    client = client or Client()
    clients.append(client)
    assert client.ready(20.0) == "READY"
    for _ in range(5):
        assert client.get_boolean_value(FLAG, False, {"targetingKey": "u1"}) is True
    return client


def in_processes(method):
    """Evaluate in processes of multiprocessing, which end without `atexit`."""
    context = multiprocessing.get_context(method)
    processes = [context.Process(target=evaluate) for _ in range(2)]
    for process in processes:
        process.start()
    for process in processes:
        process.join()
        assert process.exitcode == 0


def main():
    """Evaluate ten times, and end."""
    if HOW == "at exit":
        evaluate(evaluate())
    elif HOW == "with":
        with Client() as client:
            evaluate(evaluate(client))
        os._exit(0)
    elif HOW == "flush":
        assert evaluate(evaluate()).flush(20.0) is True
        os._exit(0)
    elif HOW == "fork":
        # The client of the parent goes on; what it has counted is not counted again by the child.
        client = evaluate()
        process = multiprocessing.get_context("fork").Process(target=evaluate, args=(client,))
        process.start()
        process.join()
        assert process.exitcode == 0
    else:
        in_processes(HOW)


if __name__ == "__main__":
    main()
