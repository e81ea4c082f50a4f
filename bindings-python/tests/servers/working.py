"""A program whose processes, of multiprocessing's method METHOD, follow the flag FLAG; see test_exit.py."""

import logging
import multiprocessing
import sys
import time

from flagstaff import Client

METHOD, FLAG = sys.argv[1:]
PATIENCE = 20.0


class Records(logging.Handler):
    """Keeps the messages."""

    def emit(self, record):
        """Keep one."""
        messages.append(record.getMessage())


messages = []
logging.getLogger("flagstaff").addHandler(Records())
logging.getLogger("flagstaff").setLevel(logging.DEBUG)


def follow(client, is_ready):
    """Wait until the flag is on, and this process has heard of it in each way."""
    heard = []
    client.on_change(lambda _: heard.append(client.get_boolean_value(FLAG, False)), FLAG)
    assert client.ready(PATIENCE) == "READY"
    is_ready(client.get_boolean_value(FLAG, True))
    until = time.monotonic() + PATIENCE
    while not (
        client.get_boolean_value(FLAG, False)
        and any(heard)
        and any(message.startswith(f"revision {client.revision} of ") for message in messages)
    ):
        assert time.monotonic() < until, (client.status, heard, messages)
        time.sleep(0.01)


def work(client, queue):
    """Follow the flag in a process of its own, by the client of the parent if there is one."""
    follow(client or Client(), queue.put)


def main():
    """Start two processes, and follow the flag beside them."""
    context = multiprocessing.get_context(METHOD)
    queue = context.Queue()
    client = Client()
    assert client.ready(PATIENCE) == "READY"
    inherited = client if METHOD == "fork" else None
    processes = [context.Process(target=work, args=(inherited, queue)) for _ in range(2)]
    for process in processes:
        process.start()
    before = [queue.get(timeout=PATIENCE) for _ in processes]
    follow(client, lambda is_on: print([*before, is_on], flush=True))
    for process in processes:
        process.join(PATIENCE)
    print([process.exitcode for process in processes], flush=True)


if __name__ == "__main__":
    main()
