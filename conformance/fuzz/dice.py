"""Random choices and values, on which the generators are built"""

import random
from collections.abc import Callable
from dataclasses import dataclass, field

import pools
from text import instant_text

WINDOW = 1_767_225_600_000  # 2026-01-01T00:00:00Z, around which instants lie
MINUTE = 60_000
SCALARS = ("string", "number", "boolean", "version", "instant", "address")


@dataclass
class Memory:
    """The values that a document uses, so that contexts can match them"""

    literals: dict[str, list] = field(default_factory=dict)
    keys: dict[str, list] = field(default_factory=dict)
    instants: list[int] = field(default_factory=lambda: [WINDOW])


class Dice:
    """A source of choices that depends only on a seed, and stores the drawn values"""

    def __init__(self, seed: str, slot: Callable[[str, str], int]) -> None:
        """`slot(salt, unit)` of the oracle allows thresholds exactly at units"""
        self.random = random.Random(seed)
        self.slot = slot
        self.memory = Memory()
        self.segment_keys: list[str] = []
        self.flag_keys: list[str] = []
        self.variants: dict[str, list[str]] = {}
        self.is_version_2 = False  # whether the document has dialects, other vendors' splits, and serves of nothing

    def chance(self, probability: float) -> bool:
        """True with this probability"""
        return self.random.random() < probability

    def pick(self, *choices: object) -> object:
        """One of the arguments"""
        return self.random.choice(choices)

    def some(self, choices: list, most: int = 3, least: int = 0) -> list:
        """A few of the choices, with possible repetitions"""
        return [self.random.choice(choices) for _ in range(self.random.randint(least, most))]

    def value(self, kind: str) -> object:
        """A value of a kind, sometimes one that only looks like it"""
        if kind == "any":
            kind = self.pick(*SCALARS, "array", "object", "null")
        choices = {
            "string": pools.STRINGS,
            "number": pools.NUMBERS,
            "boolean": [True, False],
            "version": pools.VERSIONS if self.chance(0.85) else pools.NO_VERSIONS,
            "instant": pools.INSTANTS if self.chance(0.8) else pools.NO_INSTANTS,
            "address": pools.ADDRESSES if self.chance(0.8) else pools.NO_ADDRESSES,
            "null": [None],
        }
        if kind == "array":
            return [
                self.value(self.pick(*SCALARS, "string", "null", "object")) for _ in range(self.random.randint(0, 4))
            ]
        if kind == "object":
            return self.tree(2)
        return self.random.choice(choices[kind])

    def tree(self, depth: int, patch: bool = False) -> dict:
        """An object with few names, so that patches meet existing fields"""
        tree = {}
        for name in self.some(["a", "b", "c", "a/b", "~", ""], 3):
            if depth and self.chance(0.5):
                tree[name] = self.tree(depth - 1, patch)
            else:
                leaf = self.pick("string", "number", "boolean", "array", "null" if patch else "number", "null")
                tree[name] = self.value(leaf)
        return tree

    def near(self, attribute: str, kind: str) -> object:
        """A value that the document tests, or one next to it"""
        known = self.memory.literals.get(attribute)
        if not known or self.chance(0.3):
            return self.value(kind if self.chance(0.8) else "any")
        if kind == "array" and self.chance(0.4):
            return self.some(known, 3)
        value = self.random.choice(known)
        if isinstance(value, str) and self.chance(0.4):
            other = self.random.choice(pools.STRINGS)
            cut = self.random.randint(0, len(value))
            return self.pick(
                value.upper(),
                value.lower(),
                value + other,
                other + value,
                value[:cut],
                value[cut:] + other,
                value.title(),
            )
        if isinstance(value, int | float) and not isinstance(value, bool) and self.chance(0.5) and abs(value) < 2**53:
            return value + self.pick(-1, 1, 0.5, -0.001)
        return value

    def remember(self, attribute: str, literal: object) -> object:
        """A literal, stored for contexts"""
        self.memory.literals.setdefault(attribute, []).append(literal)
        return literal

    def instant(self) -> object:
        """An instant near the window, in one of its notations"""
        if self.chance(0.1):
            return self.random.choice(pools.INSTANTS)
        at = WINDOW + self.pick(0, 1, -1, MINUTE, 90_000, 3_600_000, 86_400_000) * self.random.randint(-3, 3)
        self.memory.instants.append(at)
        return at if self.chance(0.3) else instant_text(at, self.pick("Z", "z", "+01:00", "-05:30", "+00:00"))

    def key_of(self, unit: str) -> object:
        """A key that contexts will contain"""
        key = self.random.choice(pools.KEYS)
        self.memory.keys.setdefault(unit, []).append(key)
        return key
