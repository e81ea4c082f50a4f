"""Open streams, read from the socket: bytes include HTTP's head and chunks."""

from __future__ import annotations

import re
import select
import socket
import time
import zlib
from dataclasses import dataclass, field

from process import Server

COMMIT = b"event: payload-transferred"
END_OF_EVENT = b"\n\n"
END_OF_HEAD = b"\r\n\r\n"
HEARTBEAT = b": heartbeat\n\n"


@dataclass
class Stream:
    """One connection of the stream: the received bytes and the events in them."""

    connection: socket.socket
    head: str = ""
    received: bytes = b""
    events: bytes = b""
    _unread: bytes = b""
    _gunzip: zlib._Decompress = field(default_factory=lambda: zlib.decompressobj(zlib.MAX_WBITS | 16))

    def read(self) -> None:
        """Receive at least one byte."""
        piece = self.connection.recv(1 << 20)
        if not piece:
            raise RuntimeError("the server closed a stream")
        self.received += piece
        self._unread += piece
        self._decode()

    def read_until(self, marker: bytes) -> bytes:
        """Receive until the end of the event or comment that begins with `marker`; ignore earlier bytes."""
        self.forget()
        while not self.has(marker):
            self.read()
        return self.received

    def forget(self) -> None:
        """Discard the received bytes."""
        self.received = self.events = b""

    def has(self, marker: bytes) -> bool:
        """Whether the event or comment that begins with `marker` is complete, and no chunk is incomplete."""
        begin = self.events.find(marker)
        return begin >= 0 and END_OF_EVENT in self.events[begin:] and not self._unread

    def cursor(self) -> str:
        """The cursor of the last commit."""
        ids: list[bytes] = re.findall(rb"^id: (.*)$", self.events, re.MULTILINE)
        return ids[-1].decode()

    def encoding(self) -> str:
        """The content coding of the body; empty without one."""
        found = re.search("^content-encoding: (.*)$", self.head, re.MULTILINE)
        return found[1] if found else ""

    def _decode(self) -> None:
        if not self.head:
            head, end, rest = self._unread.partition(END_OF_HEAD)
            if not end:
                return
            self.head, self._unread = head.decode().lower().replace("\r\n", "\n"), rest
        while b"\r\n" in self._unread:
            size, _, rest = self._unread.partition(b"\r\n")
            length = int(size, 16)
            if len(rest) < length + 2:
                return
            chunk, self._unread = rest[:length], rest[length + 2 :]
            self.events += self._gunzip.decompress(chunk) if self.encoding() == "gzip" else chunk


def open_stream(server: Server, cursor: str | None = None) -> Stream:
    """Request the stream without reading the response."""
    connection = server.connect()
    resume = f"Last-Event-ID: {cursor}\r\n" if cursor else ""
    # As browsers and HTTP libraries send it.
    connection.sendall(
        f"GET /api/v1/sdk/stream HTTP/1.1\r\nHost: localhost\r\nAccept: text/event-stream\r\nAccept-Encoding: gzip\r\n"
        f"{server.authorization('server')}\r\n{resume}\r\n".encode()
    )
    return Stream(connection)


def transferred(server: Server, cursor: str | None = None) -> Stream:
    """A stream after its first transfer: everything, or the changes since `cursor`."""
    stream = open_stream(server, cursor)
    stream.read_until(COMMIT if cursor is None else b"event: server-intent")
    return stream


def wait_for_commit(streams: list[Stream]) -> None:
    """Return when each stream has received a commit."""
    poll = select.poll()
    waiting = {stream.connection.fileno(): stream for stream in streams}
    for descriptor, stream in waiting.items():
        stream.forget()
        poll.register(descriptor, select.POLLIN)
    until = time.monotonic() + 60
    while waiting:
        if time.monotonic() > until:
            raise RuntimeError(f"{len(waiting)} streams did not receive the change")
        for descriptor, _ in poll.poll(1_000):
            stream = waiting[descriptor]
            stream.read()
            if stream.has(COMMIT):
                poll.unregister(descriptor)
                del waiting[descriptor]
