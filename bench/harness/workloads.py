"""What is measured: the five workloads, the one who asks, and the documents that hold their flags.

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

# What the rules of W3 ask for. The user above fits the fifth alone.
COUNTRIES = ["US", "GB", "FR", "DE", "JP", "BR", "IN", "CA", "AU", "NL"]
PLAN = "pro"
AGE_ABOVE = 18
VERSION_FROM = "2.1.0"
EMAIL_END = "@example.com"

# What W3 splits into, in per cent; what it answers where no rule applies is up to the format, but none of these.
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


class Format(Protocol):
    """How one peer writes flags down; each is a module of `formats`."""

    def flag(self, key: str, kind: str) -> Json:
        """A flag of workload `kind`."""

    def document(self, flags: dict[str, Json], *, has_list: bool) -> Json:
        """The document of these flags; `has_list` says whether one of them needs the list of W4."""


def flags_of(name: str) -> dict[str, str]:
    """The flags of set `name`: the kind of each, by its key."""
    if name == "single":
        return {kind.lower(): kind for kind in SINGLE}
    return {f"f{number:05}": KINDS[number % len(KINDS)] for number in range(SETS[name])}


def document(form: Format, name: str) -> Json:
    """Set `name` as `form` writes it."""
    flags = {key: form.flag(key, kind) for key, kind in flags_of(name).items()}
    return form.document(flags, has_list=name == "single")
