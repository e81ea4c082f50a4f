"""A node goes away and comes back: when its clients do, by the delays of our SDKs (protocol.md, PR-15)."""

from __future__ import annotations

import heapq
import math
import random
from collections.abc import Callable
from dataclasses import dataclass

# sdk-js/src/backoff.ts and client/src/backoff.rs
LONGEST_DELAY = 30.0
# More than enough to get there, and not too much for a float.
DOUBLINGS = 30
# server/src/stream.rs: `retry:` of a stream, and `retryAfterMs` of a goodbye, to which a client adds up to a second
RETRY = (1.0, 3.0)
GOODBYE = (0.5, 3.0)
GOODBYE_JITTER = 1.0
# sdk-js/src/stream.ts: a client that has no answer by then hangs up and tries again.
PATIENCE = 10.0
# A tenth of a second is what a burst is told by.
SLOTS = 10


@dataclass(frozen=True)
class Storm:
    """What the node saw, and when it was over."""

    clients: int
    # After the node was up.
    attempts: int
    # In the busiest second of attempts.
    peak_per_second: int
    # Seconds from the node's return until so many clients had a stream.
    until_99_percent: float
    until_all: float


# How long to wait, of a client that has failed so many times in a row.
Delay = Callable[[int, float, random.Random], float]


def with_jitter(failures: int, first: float, random_: random.Random) -> float:
    """Full jitter under a ceiling that doubles."""
    return random_.random() * min(LONGEST_DELAY, first * 2.0 ** min(failures - 1, DOUBLINGS))


def without_jitter(failures: int, _first: float, _random: random.Random) -> float:
    """What it would be for clients that all know the same delays."""
    return min(LONGEST_DELAY, 2.0 ** min(failures - 1, DOUBLINGS))


def after_crash(clients: int, outage: float, per_second: float, *, seed: int = 1, delay: Delay = with_jitter) -> Storm:
    """All streams are cut at one instant, and the node is back `outage` seconds later."""
    random_ = random.Random(seed)
    firsts = [random_.uniform(*RETRY) for _ in range(clients)]
    due = [(delay(1, first, random_), client, 1) for client, first in enumerate(firsts)]
    return run(due, outage, per_second, lambda client, failures: delay(failures, firsts[client], random_))


def after_goodbye(clients: int, outage: float, per_second: float, *, seed: int = 1) -> Storm:
    """The node says when to come back, and is gone for `outage` seconds."""
    random_ = random.Random(seed)
    firsts = [random_.uniform(*RETRY) for _ in range(clients)]
    due = [(random_.uniform(*GOODBYE) + random_.random() * GOODBYE_JITTER, client, 0) for client in range(clients)]
    return run(due, outage, per_second, lambda client, failures: with_jitter(failures, firsts[client], random_))


def run(
    due: list[tuple[float, int, int]], up_at: float, per_second: float, delay: Callable[[int, int], float]
) -> Storm:
    """Let each client try until it has a stream; the node opens them one after the other."""
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
            if done - at <= PATIENCE:
                free_at = done
                opened.append(done - up_at)
                continue
            # Its turn comes when it has hung up: the node finds a closed connection, which costs it next to nothing.
            at += PATIENCE
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
    """Most instants within a second, of seconds that begin at tenths."""
    slots: dict[int, int] = {}
    for instant in instants:
        slot = int(instant * SLOTS)
        slots[slot] = slots.get(slot, 0) + 1
    return max(sum(slots.get(slot + ahead, 0) for ahead in range(SLOTS)) for slot in slots)
