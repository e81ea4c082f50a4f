"""Queues two tasks for a user and prints their results: `python queue_email.py USER`.

A web application queues them in a request, whose context they have.
"""

import sys

from flagstaff import context
from tasks import fill_gallery, write_email

with context({"targetingKey": sys.argv[1]}):
    print(write_email.delay().get(timeout=30))
    print(fill_gallery.delay().get(timeout=30))
