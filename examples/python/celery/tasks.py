"""A worker that writes to people about their wishlist: `celery -A tasks worker`."""

import os
from functools import cache

from celery import Celery
from flagstaff import Client, current_flags, feature_flag
from flagstaff.contrib.celery import install

REDIS = os.environ.get("REDIS_URL", "redis://127.0.0.1:6379/0")


@cache
def client():
    """Make the client, once: a test that sets its own flags never calls this."""
    client = Client(os.environ["FLAGSTAFF_URL"], os.environ["FLAGSTAFF_KEY"])
    client.ready(5)
    return client


app = Celery("shop", broker=REDIS, backend=REDIS)
install(client)


@app.task
def write_email():
    """Write an e-mail to the user for whom it was queued."""
    return "Look at your gallery" if current_flags()["wishlist-gallery"] else "Look at your list"


@app.task
@feature_flag("wishlist-gallery", otherwise=lambda: "The gallery is not open yet")
def fill_gallery():
    """Fill the gallery, which does nothing while the flag is off for the user."""
    return "The gallery is filled"
