"""Streams held open, as they come off the socket: HTTP's head and chunks are counted, since they are sent too."""

from __future__ import annotations

import re
import select
import socket
import time
from dataclasses import dataclass

from process import Server

COMMIT = b"event: payload-transferred"
END_OF_EVENT = b"\n\n"
HEARTBEAT = b": heartbeat\n\n"


@dataclass
class Stream:
    """One connection of the stream."""

    connection: socket.socket
    received: bytes = b""

    def read(self) -> bytes:
        """What has come since, at least a byte."""
        piece = self.connection.recv(1 << 20)
        if not piece:
            raise RuntimeError("the server closed a stream")
        self.received += piece
        return piece

    def read_until(self, marker: bytes) -> bytes:
        """What comes until the event or comment that `marker` begins has ended; what had come before does not count."""
        self.received = b""
        while marker not in self.received or not self._has_ended(marker):
            self.read()
        return self.received

    def _has_ended(self, marker: bytes) -> bool:
        return END_OF_EVENT in self.received[self.received.index(marker) :] and self.received.endswith(b"\r\n")

    def cursor(self) -> str:
        """What the last commit was called."""
        ids: list[bytes] = re.findall(rb"^id: (.*)$", self.received, re.MULTILINE)
        return ids[-1].decode()


def open_stream(server: Server, cursor: str | None = None) -> Stream:
    """Ask for the stream; nothing is read yet."""
    connection = server.connect()
    resume = f"Last-Event-ID: {cursor}\r\n" if cursor else ""
    # A browser and every HTTP library say that they take gzip: what the server makes of it is what is measured.
    connection.sendall(
        f"GET /api/v1/sdk/stream HTTP/1.1\r\nHost: localhost\r\nAccept: text/event-stream\r\nAccept-Encoding: gzip\r\n"
        f"{server.authorization('server')}\r\n{resume}\r\n".encode()
    )
    return Stream(connection)


def transferred(server: Server, cursor: str | None = None) -> Stream:
    """A stream that has been sent all, or what has changed since `cursor`."""
    stream = open_stream(server, cursor)
    stream.read_until(COMMIT if cursor is None else b"event: server-intent")
    return stream


def wait_for_commit(streams: list[Stream]) -> None:
    """Return when each of them has been sent a commit."""
    poll = select.poll()
    waiting = {stream.connection.fileno(): stream for stream in streams}
    for descriptor, stream in waiting.items():
        stream.received = b""
        poll.register(descriptor, select.POLLIN)
    until = time.monotonic() + 60
    while waiting:
        if time.monotonic() > until:
            raise RuntimeError(f"{len(waiting)} streams were not told of the change")
        for descriptor, _ in poll.poll(1_000):
            stream = waiting[descriptor]
            stream.read()
            if COMMIT in stream.received and stream.received.endswith(b"\r\n"):
                poll.unregister(descriptor)
                del waiting[descriptor]


def without_chunks(raw: bytes) -> bytes:
    """The body of an answer that came in chunks; the head is dropped if it is there."""
    if raw.startswith(b"HTTP/"):
        raw = raw.partition(b"\r\n\r\n")[2]
    body = b""
    while raw:
        size, _, rest = raw.partition(b"\r\n")
        length = int(size, 16)
        body += rest[:length]
        raw = rest[length + 2 :]
    return body
