"""Queues an e-mail and prints it: `python queue_email.py USER`. A web application does this in a request."""

import sys

from flagstaff import context
from tasks import write_email

with context({"targetingKey": sys.argv[1]}):
    print(write_email.delay().get(timeout=30))
