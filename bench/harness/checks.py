"""Checks the results of a subject before it is timed."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

from worker import Worker
from workloads import AGE_ABOVE, COUNTRIES, KINDS, MEMBERS, PLAN, SPLIT, USER, VERSION_FROM, Json, flags_of

CROWD = [{**USER, "userId": member} for member in MEMBERS[:2_000]]
# The shares of 2,000 users vary by about 2 percentage points.
TOLERANCE = 0.06
STRANGER = {**USER, "userId": "nobody", "email": "nobody@example.org"}


def faults(worker: Worker) -> list[str]:
    """The wrong results of a subject."""
    return [*single(worker), *bulk(worker.all())]


def single(worker: Worker) -> Iterator[str]:
    """W1 to W4."""

    def ask(kind: str, *users: dict[str, Json]) -> list[Json]:
        values: list[Json] = worker.ask("answers", flag=kind.lower(), kind=kind, users=list(users))["values"]
        return values

    if ask("W1", USER, STRANGER) != [True, True]:
        yield "W1 is not on for all"
    yield from shares("W2", ask("W2", *CROWD), {True: 50, False: 50})
    yield from shares("W3", ask("W3", *CROWD), SPLIT)
    if ask("W3", STRANGER)[0] in SPLIT:
        yield "W3 splits without a rule that applies"
    for name, value in {
        "country": COUNTRIES[0],
        "plan": PLAN,
        "age": AGE_ABOVE + 1,
        "appVersion": VERSION_FROM,
        "email": USER["email"],
    }.items():
        if ask("W3", {**STRANGER, name: value})[0] not in SPLIT:
            yield f"W3 misses its rule on {name}"
    if ask("W4", USER, STRANGER) != [True, False]:
        yield "W4 does not tell members from strangers"


def bulk(values: dict[str, Json]) -> Iterator[str]:
    """W5."""
    kinds = flags_of("bulk")
    if values.keys() != kinds.keys():
        yield f"W5 answers {len(values)} of {len(kinds)} flags"
        return
    expected: dict[str, set[Json]] = {"W1": {True}, "W2": {True, False}, "W3": {*SPLIT}}
    for kind in KINDS:
        found = {values[flag] for flag, of in kinds.items() if of == kind}
        # Flagsmith rolls out by segment, so all its flags of W2 have the same value.
        if not found or found - expected[kind] or (kind == "W3" and found != expected[kind]):
            yield f"W5 answers {found} for flags of {kind}"


def shares(kind: str, values: list[Json], percentages: dict[Json, int]) -> Iterator[str]:
    """Check the shares of the values of many users."""
    counts = Counter(values)
    for value, percent in percentages.items():
        share = counts[value] / len(values)
        if abs(share - percent / 100) > TOLERANCE:
            yield f"{kind} gives {value!r} to {share:.0%} instead of {percent} %"
