"""Simulates how clients reconnect after a node restarts, with the delays of our SDKs (protocol.md, PR-15)."""

from __future__ import annotations

import heapq
import math
import random
from collections.abc import Callable
from dataclasses import dataclass

# `reconnect max` of docs/sdk.md, in seconds
MAX_DELAY = 60.0
# Enough to reach the maximum, and few enough for a float.
MAX_DOUBLINGS = 30
# The server's `retry:` of a stream, and `retryAfterMs` of a goodbye, to which a client adds up to a second
RETRY = (1.0, 3.0)
GOODBYE = (0.5, 3.0)
GOODBYE_JITTER = 1.0
# `connect timeout` of docs/sdk.md: a client without a response closes the connection after this time and retries.
REQUEST_TIMEOUT = 10.0
# Attempts are counted in tenths of a second.
TENTHS = 10


@dataclass(frozen=True)
class Storm:
    """Attempts to reconnect, and when all clients are back."""

    clients: int
    # After the node is up again.
    attempts: int
    # In the busiest second of attempts.
    peak_per_second: int
    # Seconds from the node's return until this share of the clients has a stream.
    until_99_percent: float
    until_all: float


# The delay of a client after a number of failures in a row.
Delay = Callable[[int, float, random.Random], float]


def with_jitter(failures: int, first: float, random_: random.Random) -> float:
    """Full jitter with a maximum that doubles."""
    return random_.random() * min(MAX_DELAY, first * 2.0 ** min(failures - 1, MAX_DOUBLINGS))


def without_jitter(failures: int, _first: float, _random: random.Random) -> float:
    """The delay if all clients had the same."""
    return min(MAX_DELAY, 2.0 ** min(failures - 1, MAX_DOUBLINGS))


def after_crash(clients: int, outage: float, per_second: float, *, seed: int = 1, delay: Delay = with_jitter) -> Storm:
    """All streams end at one instant, and the node is back `outage` seconds later."""
    random_ = random.Random(seed)
    firsts = [random_.uniform(*RETRY) for _ in range(clients)]
    due = [(delay(1, first, random_), client, 1) for client, first in enumerate(firsts)]
    return run(due, outage, per_second, lambda client, failures: delay(failures, firsts[client], random_))


def after_goodbye(clients: int, outage: float, per_second: float, *, seed: int = 1) -> Storm:
    """The node sends `goodbye` with a delay, and is down for `outage` seconds."""
    random_ = random.Random(seed)
    firsts = [random_.uniform(*RETRY) for _ in range(clients)]
    due = [(random_.uniform(*GOODBYE) + random_.random() * GOODBYE_JITTER, client, 0) for client in range(clients)]
    return run(due, outage, per_second, lambda client, failures: with_jitter(failures, firsts[client], random_))


def run(
    due: list[tuple[float, int, int]], up_at: float, per_second: float, delay: Callable[[int, int], float]
) -> Storm:
    """Each client retries until it has a stream; the node opens one stream after the other."""
    clients = len(due)
    heapq.heapify(due)
    opened: list[float] = []
    attempts: list[float] = []
    free_at = up_at
    while due:
        at, client, failures = heapq.heappop(due)
        if at >= up_at:
            attempts.append(at - up_at)
            done = max(free_at, at) + 1 / per_second
            if done - at <= REQUEST_TIMEOUT:
                free_at = done
                opened.append(done - up_at)
                continue
            # The client has closed the connection before its turn, which costs the node almost nothing.
            at += REQUEST_TIMEOUT
        heapq.heappush(due, (at + delay(client, failures + 1), client, failures + 1))
    opened.sort()
    return Storm(
        clients=clients,
        attempts=len(attempts),
        peak_per_second=busiest_second(attempts),
        until_99_percent=opened[math.ceil(clients * 0.99) - 1],
        until_all=opened[-1],
    )


def busiest_second(instants: list[float]) -> int:
    """The largest number of instants within a second that begins at a tenth."""
    counts: dict[int, int] = {}
    for instant in instants:
        tenth = int(instant * TENTHS)
        counts[tenth] = counts.get(tenth, 0) + 1
    return max(sum(counts.get(tenth + ahead, 0) for ahead in range(TENTHS)) for tenth in counts)
