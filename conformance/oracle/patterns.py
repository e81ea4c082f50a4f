"""Patterns (language.md § 7): a parser of the grammar that makes a matcher on sets of positions

A parsed node is (size, step), where step(text, starts) returns every position at which the node can end if it begins
at one of `starts`. A set contains each position once, so matching takes polynomial time.
"""

import re
from collections.abc import Callable
from typing import NamedTuple

from literals import of_text
from values import BrokenError, need

Step = Callable[[str, set[int]], set[int]]
Node = tuple[int, Step]
# The terminals of the grammar. Python's `re` finds them in a pattern, and at a position of a text.
ESCAPE = r"\\[dDwWsSnrtfv!-/:;=?@\[-`{-~]"
MEMBER = rf"[^\[\]\\^\-&~]|{ESCAPE}"
ATOM = re.compile(rf"\[\^?(?:(?:{MEMBER})(?:-(?:{MEMBER}))?)+\]|\.|{ESCAPE}|[^\\^$.|?*+()\[\]{{}}]")
ASSERTION, OPEN = re.compile(r"[\^$]|\\[bB]"), re.compile(r"\((?:\?:)?")
QUANTIFIER = re.compile(r"(?:([*+?])|\{([0-9]+)(,([0-9]*))?\})\??")
BOUNDS = {"*": (0, None), "+": (1, None), "?": (0, 1)}
# RX-2, RX-3, written to avoid Python's special cases (a final line feed, the empty text).
ASSERTIONS = {"^": r"\A", "$": r"\Z", "\\b": r"(?<=\w)(?!\w)|(?<!\w)(?=\w)", "\\B": r"(?<=\w)(?=\w)|(?<!\w)(?!\w)"}
MAX_CHARACTERS, MAX_COUNT, MAX_NESTING, MAX_SIZE = 1000, 1000, 32, 10_000
MAX_MATCHED = 2048


class Pattern(NamedTuple):
    """A parsed pattern"""

    size: int
    is_in: Callable[[str], bool]


def terminal(expression: str) -> Node:
    """One character, or an assertion"""
    found = re.compile(expression, re.ASCII)
    return 1, lambda text, starts: {match.end() for start in starts if (match := found.match(text, start))}


def joined(parts: list[Node], *, is_choice: bool) -> Node:
    """A choice of the parts, or their sequence (RX-6)"""

    def step(text: str, starts: set[int]) -> set[int]:
        if is_choice:
            return set().union(*(part(text, starts) for _, part in parts))
        for _, part in parts:
            starts = part(text, starts)
        return starts

    return max(sum(size for size, _ in parts), 1), step


def repeated(part: Node, match: re.Match) -> Node:  # A part with its quantifier (RX-5, RX-7)
    low, high = BOUNDS[match[1]] if match[1] else (int(match[2]), int(match[4]) if match[4] else None)
    high = low if match[2] and not match[3] else high
    need(max(low, high or 0) <= MAX_COUNT and (high is None or low <= high), "counts")

    def step(text: str, starts: set[int]) -> set[int]:
        for _ in range(low):
            starts = part[1](text, starts)
        reached, latest, rounds = starts, starts, low
        while latest and (high is None or rounds < high):
            latest = part[1](text, latest) - reached
            reached, rounds = reached | latest, rounds + 1
        return reached

    return part[0] * max(low if high is None else high, 1), step


def pattern(text: str, position: int, depth: int) -> tuple[Node, int]:
    """Alternatives inside `depth` groups, and the position of their end"""
    need(depth <= MAX_NESTING, "too many groups inside one another")
    alternatives: list[list[Node]] = [[]]
    while position < len(text) and text[position] != ")":
        if text[position] == "|":
            alternatives.append([])
            position += 1
        elif match := ASSERTION.match(text, position):
            alternatives[-1].append(terminal(ASSERTIONS[match[0]]))
            position = match.end()
        else:
            if match := OPEN.match(text, position):
                part, position = pattern(text, match.end(), depth + 1)
                need(text.startswith(")", position), "a group is not closed")
                position += 1
            else:
                match = ATOM.match(text, position)
                need(match, f"no atom at {position}")
                part, position = terminal(match[0]), match.end()
            quantifier = QUANTIFIER.match(text, position)
            alternatives[-1].append(repeated(part, quantifier) if quantifier else part)
            position = quantifier.end() if quantifier else position
    return joined([joined(parts, is_choice=False) for parts in alternatives], is_choice=True), position


@of_text
def parse(text: str) -> Pattern | None:
    """None if the pattern is refused (RX-1, RX-7)"""
    try:
        (size, step), end = pattern(text, 0, 0)
    except (BrokenError, re.error):
        return None
    fine = end == len(text) <= MAX_CHARACTERS and size <= MAX_SIZE
    return Pattern(size, lambda text: bool(step(text, set(range(len(text) + 1))))) if fine else None


def is_looked_at(value: object) -> bool:  # RX-9
    texts = [one for one in (value if isinstance(value, list) else [value]) if isinstance(one, str)]
    return len("|".join(texts)) <= MAX_MATCHED
