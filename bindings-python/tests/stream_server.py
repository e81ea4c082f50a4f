"""A server that streams flags as `docs/spec/protocol.md` says, in a few lines of the standard library."""

import json
import queue
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

KEY = "fs_server_test"
MASK = 0xFFFFFFFF
# Delays for tests, in seconds.
QUICK = {"reconnect_base": 0.005, "reconnect_max": 0.02, "refused_retry": 0.05, "poll_interval": 0.05}
# Long enough for any machine; a test that waits so long has failed.
PATIENCE = 20.0
PROBLEM = {"type": "urn:flagstaff:problem:forbidden", "status": 403, "detail": "needs a `server` key"}


def flag(serve="on"):
    """Make a boolean flag."""
    return {"type": "boolean", "enabled": True, "salt": "s", "serve": serve}


def murmur3(data, seed):
    """Hash as murmur3_x86_32 does."""

    def mix(block):
        block = (block * 0xCC9E2D51) & MASK
        return ((((block << 15) | (block >> 17)) & MASK) * 0x1B873593) & MASK

    value = seed
    whole = len(data) - len(data) % 4
    for start in range(0, whole, 4):
        value ^= mix(int.from_bytes(data[start : start + 4], "little"))
        value = ((((value << 13) | (value >> 19)) & MASK) * 5 + 0xE6546B64) & MASK
    value ^= mix(int.from_bytes(data[whole:], "little")) if whole < len(data) else 0
    value ^= len(data)
    value = ((value ^ (value >> 16)) * 0x85EBCA6B) & MASK
    value = ((value ^ (value >> 13)) * 0xC2B2AE35) & MASK
    return value ^ (value >> 16)


def state_hash(objects):
    """Hash a set of objects, {key: version}, as PR-4 says."""
    total = 0
    for key, version in objects.items():
        text = f"flag\n{key}\n{version}".encode()
        total += (murmur3(text, 0) << 32) + murmur3(text, 1)
    return f"{total % 2**64:016x}"


class StreamServer:
    """Serves boolean flags; `set` changes one and tells every open stream."""

    def __init__(self, tls=None):
        """Begin without flags; `tls` is a context of `ssl`."""
        self._tls = tls
        self._lock = threading.Lock()
        self._flags = {}
        self._versions = {}
        self._revision = 0
        self._streams = []
        self._connected = threading.Condition(self._lock)
        self._connections = 0
        self.status = 200
        # Whether an error is described as Flagstaff does, and not as a proxy would.
        self.is_flagstaff = True
        self._http = None

    def __enter__(self):
        """Listen on a free port."""
        self._listen(0)
        return self

    def __exit__(self, *_):
        """Close the port and every connection."""
        self.stop()

    @property
    def url(self):
        """Tell where it listens."""
        return f"http{'s' if self._tls else ''}://127.0.0.1:{self.port}"

    def _listen(self, port):
        server = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self):
                server._answer(self)

            def log_message(self, *_):
                pass

        self._http = ThreadingHTTPServer(("127.0.0.1", port), Handler)
        self._http.daemon_threads = True
        if self._tls:
            self._http.socket = self._tls.wrap_socket(self._http.socket, server_side=True)
        self.port = self._http.server_address[1]
        # A short interval: it is how long `shutdown` takes.
        threading.Thread(target=self._http.serve_forever, args=(0.01,), daemon=True).start()

    def stop(self):
        """Close the port and every connection."""
        if self._http is not None:
            self._http.shutdown()
            self._http.server_close()
            self._http = None
        with self._lock:
            for stream in self._streams:
                stream.put(None)

    def restart(self):
        """Listen again where it did."""
        self._listen(self.port)

    def set(self, key, value):
        """Change a flag."""
        with self._lock:
            self._revision += 1
            self._flags[key] = value
            self._versions[key] = self._revision
            text = self._put(key) + self._commit()
            for stream in self._streams:
                stream.put(text)

    def wait_for_connections(self, count):
        """Wait until so many streams have been opened in all."""
        with self._connected:
            assert self._connected.wait_for(lambda: self._connections >= count, PATIENCE)

    def _put(self, key):
        data = {"kind": "flag", "key": key, "version": self._versions[key], "object": self._flags[key]}
        return event("put-object", data)

    def _commit(self):
        state = state_hash(self._versions)
        data = {"schemaVersion": 1, "environment": "test", "revision": self._revision, "hash": state}
        return event("payload-transferred", data, f"epoch.{self._revision}.{state}")

    def _answer(self, request):
        if self.status != 200 or request.headers["Authorization"] != f"Bearer {KEY}":
            request.send_response(401 if self.status == 200 else self.status)
            request.send_header("Content-Type", "application/problem+json")
            request.end_headers()
            if self.is_flagstaff:
                request.wfile.write(json.dumps(PROBLEM).encode())
            return
        stream = queue.Queue()
        with self._connected:
            puts = "".join(self._put(key) for key in self._flags)
            stream.put(event("server-intent", {"intent": "xfer-full"}) + puts + self._commit())
            self._streams.append(stream)
            self._connections += 1
            self._connected.notify_all()
        request.send_response(200)
        request.send_header("Content-Type", "text/event-stream")
        request.end_headers()
        try:
            while (text := stream.get()) is not None:
                request.wfile.write(text.encode())
        except OSError:
            pass  # The client is gone.
        finally:
            with self._lock:
                self._streams.remove(stream)


def event(name, data, event_id=None):
    """Write a server-sent event."""
    prefix = f"id: {event_id}\n" if event_id else ""
    return f"event: {name}\n{prefix}data: {json.dumps(data)}\n\n"
