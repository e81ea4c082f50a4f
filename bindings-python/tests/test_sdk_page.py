"""The words and numbers of docs/sdk.md, as far as Python has its own"""

import re
import typing
from pathlib import Path

from flagstaff import Readiness, Status, Timing

PAGE = (Path(__file__).parents[2] / "docs" / "sdk.md").read_text(encoding="utf-8")


def test_the_package_has_the_states_of_the_page() -> None:
    documented = re.findall(r"^\| `([A-Z_]+)` \|", PAGE, re.MULTILINE)
    assert [*typing.get_args(Status), *(member.value for member in Readiness)] == documented


def test_timing_has_the_numbers_of_the_page() -> None:
    fields = typing.get_type_hints(Timing)
    assert len(fields) == 9
    for field in fields:
        assert f"| `{field.replace('_', ' ')}` |" in PAGE
