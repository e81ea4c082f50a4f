"""Times each call of a getter of the Python SDK: getter.py DOCUMENT FLAG CONTEXT CALLS.

Prints microseconds, as a line of JSON. Each call includes reading the clock.
"""

import json
import math
import sys
from time import perf_counter_ns

from flagstaff import Client

document, flag, context_text, calls_text = sys.argv[1:]
client, context, calls = Client.from_file(document), json.loads(context_text), int(calls_text)
get = client.get_boolean_value
for _ in range(calls):
    get(flag, False, context)
times = []
for _ in range(calls):
    begun = perf_counter_ns()
    get(flag, False, context)
    times.append(perf_counter_ns() - begun)
times.sort()
ranks = {"p50": 0.5, "p99": 0.99, "p999": 0.999, "max": 1}
print(json.dumps({name: times[math.ceil(calls * rank) - 1] / 1_000 for name, rank in ranks.items()}))
