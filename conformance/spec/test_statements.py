"""Every statement of the specification has a case that pins it, and every pin names a statement

A statement that a case cannot express is pinned by a test of the core with a comment: `// pins TIME-9`.
"""

import re

from cases import CONFORMANCE, SPECIFICATION, all_cases

STATEMENT = re.compile(r"^- \*\*([A-Z]+-\d+)\*\* ", re.MULTILINE)
PIN = re.compile(r"// pins ([A-Z]+-\d+)$", re.MULTILINE)


def statements() -> list[str]:
    """The identifiers of language.md, in order"""
    return STATEMENT.findall((SPECIFICATION / "language.md").read_text(encoding="utf-8"))


def pins() -> set[str]:
    """The statements that cases, files of cases and tests of the core pin"""
    of_cases = {pin for _, file, case in all_cases() for pin in [*file.get("pins", []), *case.get("pins", [])]}
    tests = (CONFORMANCE.parent / "core").rglob("tests/**/*.rs")
    return of_cases.union(*(PIN.findall(path.read_text(encoding="utf-8")) for path in tests))


def test_identifiers_are_unique() -> None:
    """No identifier is used twice"""
    found = statements()
    assert len(found) == len(set(found))


def test_every_statement_has_a_case() -> None:
    """A statement without a case could be broken unnoticed"""
    pinned = pins()
    assert [statement for statement in statements() if statement not in pinned] == []


def test_every_pin_is_a_statement() -> None:
    """An unknown pin is a typing error or a removed statement"""
    assert sorted(pins() - set(statements())) == []
