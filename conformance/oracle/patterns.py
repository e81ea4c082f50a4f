"""Patterns (language.md § 7): a parser of the grammar, and a matcher on sets of positions

A parsed pattern is a tree of tuples: ("set", contains), ("assert", name), ("sequence", parts), ("choice", parts),
("repeat", part, low, high), where `contains` tells whether a character is in a set. It matches in polynomial time,
since a position is in a set only once.
"""

from collections.abc import Callable
from functools import lru_cache

Node = tuple
SYNTAX = set("\\^$.|?*+()[]{}")
CLASS_SYNTAX = set("[]\\^-&~")
PUNCTUATION = set("!\"#$%&'()*+,-./:;=?@[\\]^_`{|}~")
CONTROLS = {"n": "\n", "r": "\r", "t": "\t", "f": "\f", "v": "\v"}
WORD = set("0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ_abcdefghijklmnopqrstuvwxyz")
SETS = {"d": set("0123456789"), "w": WORD, "s": set("\t\n\v\f\r ")}
MAX_CHARACTERS, MAX_COUNT, MAX_NESTING, MAX_SIZE = 1000, 1000, 32, 10_000


class Parser:
    """Recursive descent over the grammar, one method a rule"""

    def __init__(self, text: str) -> None:
        """Start at the first character"""
        self.text, self.position, self.depth = text, 0, 0

    def peek(self) -> str:
        """The next character, or the empty string"""
        return self.text[self.position : self.position + 1]

    def take(self) -> str:
        """The next character, which must be there"""
        character = self.peek()
        if not character:
            raise ValueError("ends too early")
        self.position += 1
        return character

    def skip(self, expected: str) -> bool:
        """Whether `expected` is next; if so it is taken"""
        found = self.text.startswith(expected, self.position)
        self.position += len(expected) if found else 0
        return found

    def pattern(self) -> Node:
        """Alternatives"""
        alternatives = [self.alternative()]
        while self.skip("|"):
            alternatives.append(self.alternative())
        return ("choice", alternatives)

    def alternative(self) -> Node:
        """Assertions, and atoms with their quantifiers"""
        parts = []
        while self.peek() not in ("", "|", ")"):
            assertion = next((name for name in ("^", "$", "\\b", "\\B") if self.skip(name)), None)
            parts.append(("assert", assertion) if assertion else self.quantified(self.atom()))
        return ("sequence", parts)

    def atom(self) -> Node:
        """A character, a set or a group"""
        character = self.take()
        if character == ".":
            return ("set", lambda other: other != "\n")
        if character == "\\":
            return ("set", self.escape()[0])
        if character == "[":
            return ("set", self.character_class())
        if character == "(":
            self.skip("?:")
            self.depth += 1
            if self.depth > MAX_NESTING:
                raise ValueError("too many groups inside one another")
            inner = self.pattern()
            self.depth -= 1
            if not self.skip(")"):
                raise ValueError("a group is not closed")
            return inner
        if character in SYNTAX:
            raise ValueError(f"`{character}` must be escaped")
        return ("set", lambda other: other == character)

    def escape(self) -> tuple[Callable[[str], bool], str | None]:
        """The set of an escape and, if it is one of a single character, that character"""
        name = self.take()
        if name in SETS:
            return SETS[name].__contains__, None
        if name.lower() in SETS:
            return (lambda other: other not in SETS[name.lower()]), None
        if name not in CONTROLS and name not in PUNCTUATION:
            raise ValueError(f"unknown escape `\\{name}`")
        single = CONTROLS.get(name, name)
        return (lambda other: other == single), single

    def member(self) -> tuple[Callable[[str], bool], str | None]:
        """One member of a class, as `escape`"""
        character = self.take()
        if character == "\\":
            return self.escape()
        if character in CLASS_SYNTAX:
            raise ValueError(f"`{character}` must be escaped in a class")
        return (lambda other: other == character), character

    def character_class(self) -> Callable[[str], bool]:
        """What follows `[`"""
        negated = self.skip("^")
        members = []
        while not members or not self.skip("]"):
            contains, low = self.member()
            if self.skip("-"):
                _, high = self.member()
                if low is None or high is None or low > high:
                    raise ValueError("no range of characters")
                contains = lambda other, low=low, high=high: low <= other <= high  # noqa: E731
            members.append(contains)
        return lambda other: any(contains(other) for contains in members) != negated

    def number(self) -> int | None:
        """A count, or None where there is no digit"""
        start = self.position
        while self.peek() in SETS["d"]:
            self.position += 1
        digits = self.text[start : self.position]
        if digits and int(digits) > MAX_COUNT:
            raise ValueError("a count is too large")
        return int(digits) if digits else None

    def quantified(self, part: Node) -> Node:
        """`part` with the quantifier that follows, if one does"""
        if self.skip("*"):
            low, high = 0, None
        elif self.skip("+"):
            low, high = 1, None
        elif self.skip("?"):
            low, high = 0, 1
        elif self.skip("{"):
            low = high = self.number()
            if self.skip(","):
                high = self.number()
            if low is None or (high is not None and low > high) or not self.skip("}"):
                raise ValueError("no counts")
        else:
            return part
        self.skip("?")
        return ("repeat", part, low, high)


def size(node: Node) -> int:
    """RX-7"""
    if node[0] in ("set", "assert"):
        return 1
    if node[0] == "repeat":
        _, part, low, high = node
        return size(part) * max(low if high is None else high, 1)
    return max(sum(map(size, node[1])), 1)


@lru_cache(maxsize=10_000)
def parse(text: str) -> Node | None:
    """The tree of a pattern, None if it is refused"""
    parser = Parser(text)
    try:
        if len(text) > MAX_CHARACTERS:
            return None
        tree = parser.pattern()
    except ValueError:
        return None
    return tree if parser.position == len(text) and size(tree) <= MAX_SIZE else None


def asserted(name: str, text: str, position: int) -> bool:
    """RX-2, RX-3"""
    if name in "^$":
        return position == (0 if name == "^" else len(text))
    before = position > 0 and text[position - 1] in WORD
    after = position < len(text) and text[position] in WORD
    return (before != after) == (name == "\\b")


def ends(node: Node, text: str, starts: set[int]) -> set[int]:
    """Every position at which `node` can end if it begins at one of `starts`"""
    if node[0] == "set":
        return {start + 1 for start in starts if start < len(text) and node[1](text[start])}
    if node[0] == "assert":
        return {start for start in starts if asserted(node[1], text, start)}
    if node[0] == "choice":
        return set().union(*(ends(part, text, starts) for part in node[1]))
    if node[0] == "sequence":
        for part in node[1]:
            starts = ends(part, text, starts)
        return starts
    _, part, low, high = node
    for _ in range(low):
        starts = ends(part, text, starts)
    reached, latest, rounds = starts, starts, low
    while latest and (high is None or rounds < high):
        latest = ends(part, text, latest) - reached
        reached, rounds = reached | latest, rounds + 1
    return reached


def matches(text: str, pattern: str) -> bool:
    """Whether a pattern that `parse` takes matches anywhere in `text`"""
    return bool(ends(parse(pattern), text, set(range(len(text) + 1))))
