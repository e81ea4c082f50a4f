"""Patterns (language.md § 7): a parser of the grammar that makes a matcher on sets of positions

A parsed node is (size, step), where step(text, starts) answers every position at which the node can end if it begins
at one of `starts`. So it takes polynomial time: a position is in a set only once.
"""

import re
import string
from collections.abc import Callable

from literals import of_text

Step = Callable[[str, set[int]], set[int]]
Node = tuple[int, Step]
# The terminals of the grammar. Python's `re` finds them, and matches nothing.
ESCAPE = r"\\[dDwWsSnrtfv!-/:;=?@\[-`{-~]"
MEMBER = rf"[^\[\]\\^\-&~]|{ESCAPE}"
MEMBERS = re.compile(rf"({MEMBER})(?:-({MEMBER}))?")
ATOM = re.compile(rf"\[(\^?)((?:(?:{MEMBER})(?:-(?:{MEMBER}))?)+)\]|\.|{ESCAPE}|[^\\^$.|?*+()\[\]{{}}]")
ASSERTION = re.compile(r"[\^$]|\\[bB]")
OPEN, CLOSE, OR = re.compile(r"\((?:\?:)?"), re.compile(r"\)"), re.compile(r"\|")
QUANTIFIER = re.compile(r"(?:([*+?])|\{([0-9]+)(,?)([0-9]*)\})\??")
BOUNDS = {"*": (0, None), "+": (1, None), "?": (0, 1)}
CONTROLS = {"n": "\n", "r": "\r", "t": "\t", "f": "\f", "v": "\v"}
WORD = set(string.ascii_letters + string.digits + "_")
SETS = {"d": set(string.digits), "w": WORD, "s": set("\t\n\v\f\r ")}
MAX_CHARACTERS, MAX_COUNT, MAX_NESTING, MAX_SIZE = 1000, 1000, 32, 10_000


def need(fine: object) -> None:
    """ValueError where the grammar ends"""
    if not fine:
        raise ValueError


def single(token: str) -> str | None:
    """The character that a literal or escape stands for, None if it stands for a set (RX-3)"""
    return None if token[0] == "\\" and token[1].lower() in SETS else CONTROLS.get(token[1:], token[-1])


def is_in(character: str, token: str, last: str) -> bool:
    """Whether a character is what a token stands for, or in the range up to `last` (RX-4)"""
    if last:
        return single(token) <= character <= single(last)
    known = single(token)
    return character == known if known else (character in SETS[token[1].lower()]) == token[1].islower()


def one(match: re.Match) -> Node:
    """One character of an atom: the dot, a class, a literal or an escape (RX-2 to RX-4)"""
    members = MEMBERS.findall(match[2]) if match[2] else [(match[0], "")]
    for first, last in members:
        need(not last or (single(first) and single(last) and single(first) <= single(last)))

    def contains(character: str) -> bool:
        if match[0] == ".":
            return character != "\n"
        return any(is_in(character, *member) for member in members) != bool(match[1])

    return 1, lambda text, starts: {start + 1 for start in starts if start < len(text) and contains(text[start])}


def assertion(name: str) -> Node:
    """RX-2, RX-3"""

    def holds(text: str, place: int) -> bool:
        if name in "^$":
            return place == (0 if name == "^" else len(text))
        sides = [0 <= side < len(text) and text[side] in WORD for side in (place - 1, place)]
        return (sides[0] != sides[1]) == (name == "\\b")

    return 1, lambda text, starts: {start for start in starts if holds(text, start)}


def joined(parts: list[Node], *, is_choice: bool) -> Node:
    """Any of the parts, or one after the other (RX-6)"""

    def step(text: str, starts: set[int]) -> set[int]:
        if is_choice:
            return set().union(*(part(text, starts) for _, part in parts))
        for _, part in parts:
            starts = part(text, starts)
        return starts

    return max(sum(size for size, _ in parts), 1), step


def repeated(part: Node, match: re.Match) -> Node:
    """A part with its quantifier (RX-5, RX-7)"""
    low, high = BOUNDS[match[1]] if match[1] else (int(match[2]), int(match[4] or 0) if match[4] else None)
    high = low if match[2] and not match[3] else high
    need((match[3] or not match[4]) and low <= (low if high is None else high) and max(low, high or 0) <= MAX_COUNT)

    def step(text: str, starts: set[int]) -> set[int]:
        for _ in range(low):
            starts = part[1](text, starts)
        reached, latest, rounds = starts, starts, low
        while latest and (high is None or rounds < high):
            latest = part[1](text, latest) - reached
            reached, rounds = reached | latest, rounds + 1
        return reached

    return part[0] * max(low if high is None else high, 1), step


class Parser:
    """Recursive descent over the grammar"""

    def __init__(self, text: str) -> None:
        self.text, self.position = text, 0

    def skip(self, terminal: re.Pattern) -> re.Match | None:
        """The terminal, if it is next"""
        match = terminal.match(self.text, self.position)
        self.position = match.end() if match else self.position
        return match

    def pattern(self, depth: int) -> Node:
        """Alternatives, inside so many groups"""
        need(depth <= MAX_NESTING)
        alternatives = [self.alternative(depth)]
        while self.skip(OR):
            alternatives.append(self.alternative(depth))
        return joined(alternatives, is_choice=True)

    def alternative(self, depth: int) -> Node:
        """Assertions, and atoms and groups with their quantifiers"""
        parts = []
        while self.text[self.position : self.position + 1] not in ("", "|", ")"):
            if match := self.skip(ASSERTION):
                parts.append(assertion(match[0]))
                continue
            is_group = self.skip(OPEN)
            match = None if is_group else self.skip(ATOM)
            need(is_group or match)
            part = one(match) if match else self.pattern(depth + 1)
            need(match or self.skip(CLOSE))
            quantifier = self.skip(QUANTIFIER)
            parts.append(repeated(part, quantifier) if quantifier else part)
        return joined(parts, is_choice=False)


@of_text
def parse(text: str) -> Step | None:
    """The matcher of a pattern, None if it is refused (RX-1, RX-7)"""
    parser = Parser(text)
    try:
        size, step = parser.pattern(0)
    except ValueError:
        return None
    return step if parser.position == len(text) <= MAX_CHARACTERS and size <= MAX_SIZE else None


def matches(text: str, pattern: Step) -> bool:
    """Whether a pattern matches anywhere in `text`"""
    return bool(pattern(text, set(range(len(text) + 1))))
