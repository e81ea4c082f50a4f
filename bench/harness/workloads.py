"""The five workloads, their user, and the documents with their flags.

Every peer gets the same flags, in its own format (`formats`); the four sets below are written for each.
"""

from __future__ import annotations

from typing import Any, Protocol

Json = Any

USER: dict[str, Json] = {
    "userId": "user-7777",
    "country": "SE",
    "plan": "free",
    "age": 17,
    "appVersion": "2.0.9",
    "email": "alice@example.com",
}

# The conditions of the rules of W3. The user above matches only the fifth.
COUNTRIES = ["US", "GB", "FR", "DE", "JP", "BR", "IN", "CA", "AU", "NL"]
PLAN = "pro"
AGE_ABOVE = 18
VERSION_FROM = "2.1.0"
EMAIL_END = "@example.com"

# The shares of W3 in per cent; its value without a matching rule depends on the format, but is none of these.
SPLIT = {"a": 50, "b": 30, "c": 20}

MEMBERS = [f"user-{number}" for number in range(10_000)]

SINGLE = {
    "W1": "a constant boolean",
    "W2": "a 50 % rollout",
    "W3": "five rules, then a split",
    "W4": "a list of 10,000",
}
BULK = "W5"
KINDS = ("W1", "W2", "W3")
SETS = {"small": 1, "single": 4, "bulk": 1_000, "large": 10_000}
# What bench/instructions imports
IMPORTED = {"imported": 2_000}


class Format(Protocol):
    """The format of one peer's flags; each is a module of `formats`."""

    def flag(self, key: str, kind: str) -> Json:
        """A flag of workload `kind`."""

    def document(self, flags: dict[str, Json], *, has_list: bool) -> Json:
        """The document of these flags; `has_list` says whether one of them uses the list of W4."""


def flags_of(name: str) -> dict[str, str]:
    """The flags of set `name`: the kind of each, by its key."""
    if name == "single":
        return {kind.lower(): kind for kind in SINGLE}
    return {f"f{number:05}": KINDS[number % len(KINDS)] for number in range((SETS | IMPORTED)[name])}


def document(form: Format, name: str) -> Json:
    """Set `name` in the format `form`."""
    flags = {key: form.flag(key, kind) for key, kind in flags_of(name).items()}
    return form.document(flags, has_list=name == "single")
