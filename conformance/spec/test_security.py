"""The tests that docs/security.md names exist

A row names its test as `path/of/file.rs::name_of_the_test`, `path/of/file.mjs::title of the test` or
`path/of/cases.json::name of a case`.
"""

import json
import re

import pytest

from cases import CONFORMANCE

ROOT = CONFORMANCE.parent
PAGE = (ROOT / "docs/security.md").read_text(encoding="utf-8")
PIN = re.compile(r"`([\w./-]+\.(?:rs|py|mjs|ts|json))::([^`]+)`")
ROW = re.compile(r"^\|.*\|$", re.MULTILINE)


def pins() -> list[tuple[str, str]]:
    """Every file and test on the page"""
    return PIN.findall(PAGE)


@pytest.mark.parametrize(("file", "test"), pins(), ids=lambda part: part)
def test_a_named_test_exists(file: str, test: str) -> None:
    """A row whose test was removed or renamed proves nothing"""
    text = (ROOT / file).read_text(encoding="utf-8")
    if file.endswith(".json"):
        assert any(test in case["name"] for case in json.loads(text)["cases"])
        return
    name = re.escape(test)
    assert re.search(rf"""(fn|def) {name}\b|\b(test|it)\(\s*['"`]{name}""", text)


def tables_with_a_test_column() -> list[str]:
    """The rows of the tables with the last column `test`"""
    rows, is_wanted = [], False
    for line in PAGE.splitlines():
        if not ROW.match(line):
            is_wanted = False
        elif line.endswith("| test |"):
            is_wanted = True
        elif is_wanted and not set(line) <= set("|- "):
            rows.append(line)
    return rows


def test_every_row_of_a_table_of_bounds_or_faults_names_its_test() -> None:
    """Every bound and every fault has a test"""
    rows = tables_with_a_test_column()
    assert rows
    assert [row for row in rows if not PIN.search(row)] == []
