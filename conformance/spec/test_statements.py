"""Every statement of the specification is pinned by a case, and every pin names a statement

What the cases have no words for is pinned by a test of the core that says so in a comment: `// pins TIME-9`.
"""

import re

from cases import CONFORMANCE, SPECIFICATION, all_cases

STATEMENT = re.compile(r"^- \*\*([A-Z]+-\d+)\*\* ", re.MULTILINE)
PIN = re.compile(r"// pins ([A-Z]+-\d+)$", re.MULTILINE)


def statements() -> list[str]:
    """The identifiers of language.md, in order"""
    return STATEMENT.findall((SPECIFICATION / "language.md").read_text(encoding="utf-8"))


def pins() -> set[str]:
    """What the cases pin, by themselves or by their files"""
    of_cases = {pin for _, file, case in all_cases() for pin in [*file.get("pins", []), *case.get("pins", [])]}
    tests = (CONFORMANCE.parent / "core").rglob("tests/**/*.rs")
    return of_cases.union(*(PIN.findall(path.read_text(encoding="utf-8")) for path in tests))


def test_identifiers_are_unique() -> None:
    """No number stands for two statements"""
    found = statements()
    assert len(found) == len(set(found))


def test_every_statement_has_a_case() -> None:
    """What no case pins, nobody keeps"""
    assert [statement for statement in statements() if statement not in pins()] == []


def test_every_pin_is_a_statement() -> None:
    """A pin that leads nowhere is a typing error, or a statement that went"""
    assert sorted(pins() - set(statements())) == []
