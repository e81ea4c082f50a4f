"""A program of one client, for each kind of server: it tells what its process knows of the flag `served`."""

import json
import logging
import os
import sys
import urllib.parse

from flagstaff import Client

CONTEXT = {"targetingKey": "u1"}


class Records(logging.Handler):
    """Counts the records that say which revision is in use."""

    count = 0

    def emit(self, record):
        """Count."""
        self.count += "is in use" in record.getMessage()


records = Records()
logging.getLogger("flagstaff").addHandler(records)
logging.getLogger("flagstaff").setLevel(logging.DEBUG)
changes = []
# FLAGSTAFF_URL and FLAGSTAFF_KEY.
client = Client()
client.on_change(changes.append, "served")
# Where the program is loaded before the fork, the workers inherit a client that runs; they only evaluate.
ready = client.ready(20.0)


def state():
    """Tell what this process knows."""
    return {
        "pid": os.getpid(),
        "ready": ready,
        "value": client.get_boolean_value("served", False, CONTEXT),
        "changes": len(changes),
        "records": records.count,
        "yields": yields(),
    }


def yields():
    """Tell whether waiting for a client lets other greenlets run; `None` without gevent."""
    if "gevent.monkey" not in sys.modules:
        return None
    import gevent  # noqa: PLC0415 - only there

    ran = []
    gevent.spawn(ran.append, 1)
    with Client("http://127.0.0.1:9", "k") as unreachable:
        unreachable.ready(0.1)
        return bool(ran)


def app(environ, start_response):
    """Answer as WSGI."""
    start_response("200 OK", [("Content-Type", "application/json")])
    return [json.dumps(state()).encode()]


async def asgi(scope, receive, send):
    """Answer as ASGI."""
    if scope["type"] == "lifespan":
        return
    await send({"type": "http.response.start", "status": 200, "headers": []})
    await send({"type": "http.response.body", "body": json.dumps(state()).encode()})


if os.environ.get("CELERY_FOLDER"):
    from celery import Celery

    folder = os.environ["CELERY_FOLDER"]
    celery = Celery("served", broker="filesystem://", backend=f"file://{urllib.parse.quote(folder)}/results")
    options = {"data_folder_in": f"{folder}/queue", "data_folder_out": f"{folder}/queue"}
    options |= {"control_folder": f"{folder}/control", "polling_interval": 0.05}
    celery.conf.broker_transport_options = options
    celery.conf.worker_prefetch_multiplier = 1
    task = celery.task(name="state")(state)
