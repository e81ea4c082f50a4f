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
Characters = Callable[[str], bool]  # whether a character is one of some
SYNTAX, CLASS_SYNTAX, PUNCTUATION = set("\\^$.|?*+()[]{}"), set("[]\\^-&~"), set(string.punctuation) - {"<", ">"}
CONTROLS = {"n": "\n", "r": "\r", "t": "\t", "f": "\f", "v": "\v"}
WORD = set(string.ascii_letters + string.digits + "_")
SETS = {"d": set(string.digits), "w": WORD, "s": set("\t\n\v\f\r ")}
QUANTIFIER = re.compile(r"(?:([*+?])|\{([0-9]+)(,([0-9]*))?\})\??")
BOUNDS = {"*": (0, None), "+": (1, None), "?": (0, 1)}
MAX_CHARACTERS, MAX_COUNT, MAX_NESTING, MAX_SIZE = 1000, 1000, 32, 10_000


def one(characters: Characters) -> Node:
    """One character"""
    return 1, lambda text, starts: {start + 1 for start in starts if start < len(text) and characters(text[start])}


def assertion(name: str) -> Node:
    """RX-2, RX-3"""

    def holds(text: str, place: int) -> bool:
        if name in "^$":
            return place == (0 if name == "^" else len(text))
        sides = [0 <= side < len(text) and text[side] in WORD for side in (place - 1, place)]
        return (sides[0] != sides[1]) == (name == "\\b")

    return 1, lambda text, starts: {start for start in starts if holds(text, start)}


def sequence(parts: list[Node]) -> Node:
    """One after the other"""

    def step(text: str, starts: set[int]) -> set[int]:
        for _, part in parts:
            starts = part(text, starts)
        return starts

    return max(sum(size for size, _ in parts), 1), step


def choice(parts: list[Node]) -> Node:
    """Any of them"""
    ends = lambda text, starts: set().union(*(step(text, starts) for _, step in parts))  # noqa: E731
    return max(sum(size for size, _ in parts), 1), ends


def repeated(part: Node, low: int, high: int | None) -> Node:
    """RX-5, RX-7"""

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
    """Recursive descent over the grammar, one method a rule; ValueError where the grammar ends"""

    def __init__(self, text: str) -> None:
        """Start at the first character"""
        self.text, self.position, self.depth = text, 0, 0

    def take(self, refused: set[str] | frozenset = frozenset()) -> str:
        """The next character, which must be there and none that is refused"""
        character = self.text[self.position : self.position + 1]
        if not character or character in refused:
            raise ValueError(f"`{character}` at {self.position}")
        self.position += 1
        return character

    def skip(self, *expected: str) -> str:
        """The text that is next, out of those expected, or the empty text; it is taken"""
        found = next((text for text in expected if self.text.startswith(text, self.position)), "")
        self.position += len(found)
        return found

    def pattern(self) -> Node:
        """Alternatives"""
        alternatives = [self.alternative()]
        while self.skip("|"):
            alternatives.append(self.alternative())
        return choice(alternatives)

    def alternative(self) -> Node:
        """Assertions, and atoms with their quantifiers"""
        parts = []
        while self.text[self.position : self.position + 1] not in ("", "|", ")"):
            name = self.skip("^", "$", "\\b", "\\B")
            parts.append(assertion(name) if name else self.quantified(self.atom()))
        return sequence(parts)

    def atom(self) -> Node:
        """A character, a set or a group"""
        if self.skip("."):
            return one(lambda other: other != "\n")
        if self.skip("["):
            return one(self.character_class())
        if self.skip("(?:", "("):
            self.depth += 1
            inner = self.pattern()
            if not self.skip(")") or self.depth > MAX_NESTING:
                raise ValueError("a group is not closed or too deep")
            self.depth -= 1
            return inner
        return one(self.member(SYNTAX)[0])

    def member(self, refused: set[str]) -> tuple[Characters, str | None]:
        """A character or escape, and which single character it is if it is one"""
        single = self.take(refused - {"\\"})
        if single == "\\":
            name = self.take()
            if name.lower() in SETS:
                return (lambda other: (other in SETS[name.lower()]) == name.islower()), None
            if name not in CONTROLS and name not in PUNCTUATION:
                raise ValueError(f"unknown escape `\\{name}`")
            single = CONTROLS.get(name, name)
        return (lambda other: other == single), single

    def character_class(self) -> Characters:
        """What follows `[`"""
        negated, members = bool(self.skip("^")), []
        while not members or not self.skip("]"):
            contains, low = self.member(CLASS_SYNTAX)
            if self.skip("-"):
                high = self.member(CLASS_SYNTAX)[1]
                if low is None or high is None or low > high:
                    raise ValueError("no range of characters")
                contains = lambda other, low=low, high=high: low <= other <= high  # noqa: E731
            members.append(contains)
        return lambda other: any(contains(other) for contains in members) != negated

    def quantified(self, part: Node) -> Node:
        """`part` with the quantifier that follows, if one does (RX-5)"""
        match = QUANTIFIER.match(self.text, self.position)
        if not match:
            return part
        self.position = match.end()
        if match[1]:
            return repeated(part, *BOUNDS[match[1]])
        low = int(match[2])
        high = low if match[3] is None else int(match[4]) if match[4] else None
        if max(low, high or 0) > MAX_COUNT or (high is not None and low > high):
            raise ValueError("no counts")
        return repeated(part, low, high)


@of_text
def parse(text: str) -> Step | None:
    """The matcher of a pattern, None if it is refused (RX-7)"""
    parser = Parser(text)
    try:
        size, step = parser.pattern()
    except ValueError:
        return None
    return step if parser.position == len(text) <= MAX_CHARACTERS and size <= MAX_SIZE else None


def matches(text: str, pattern: Step) -> bool:
    """Whether a pattern matches anywhere in `text`"""
    return bool(pattern(text, set(range(len(text) + 1))))
