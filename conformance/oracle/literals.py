"""Parsers of instants, versions, ranges and networks; and case folding (language.md §§ 6 and 8)"""

import re
import sys
from collections.abc import Callable
from datetime import datetime, timedelta
from ipaddress import ip_address
from pathlib import Path

from values import is_integer

sys.set_int_max_str_digits(0)  # the numbers of versions have any length (OP-41)
INSTANT = re.compile(r"(\d{4})-(\d\d)-(\d\d)[Tt](\d\d):(\d\d):(\d\d)(?:\.(\d+))?(?:[Zz]|([+-])(\d\d):(\d\d))", re.ASCII)
EPOCH, MILLISECOND, LAST_INSTANT = datetime(1970, 1, 1), timedelta(milliseconds=1), 8.64e15
MILLISECONDS_OF_400_YEARS = 146_097 * 86_400_000
NUMERIC = r"(?:0|[1-9][0-9]*)"
IDENTIFIER = rf"(?:{NUMERIC}|[0-9]*[A-Za-z-][0-9A-Za-z-]*)"
IDENTIFIERS, BUILD = rf"({IDENTIFIER}(?:\.{IDENTIFIER})*)", r"[0-9A-Za-z-]+(?:\.[0-9A-Za-z-]+)*"
VERSION = re.compile(rf"({NUMERIC})\.({NUMERIC})\.({NUMERIC})(?:-{IDENTIFIERS})?(?:\+{BUILD})?")
NETWORK = re.compile(rf"([^/]*)(?:/({NUMERIC}))?")
RELEASE = (1,)  # compares as later than (0, identifiers)
FOLDING_TABLE = Path(__file__).parents[2] / "core" / "src" / "operator" / "case_folding.rs"
FOLDING_ROW = re.compile(r"\(0x([0-9A-F]+), 0x([0-9A-F]+), (\d+), (-?\d+)\),")


FOLDED = {  # rows C and S of CaseFolding, from the table that is generated for the core (OP-24)
    chr(code): chr(code + int(delta))
    for first, last, stride, delta in FOLDING_ROW.findall(FOLDING_TABLE.read_text(encoding="utf-8"))
    for code in range(int(first, 16), int(last, 16) + 1, int(stride))
}


def of_text(read: Callable[[str], object]) -> Callable[[object], object]:
    """A parser of strings that takes any value; every parser returns None for a value that it cannot parse"""
    return lambda value: read(value) if isinstance(value, str) else None


def instant(value: object) -> int | None:  # Milliseconds since 1970 (TIME-2, TIME-3)
    if is_integer(value, -LAST_INSTANT, LAST_INSTANT):
        return int(value)
    match = INSTANT.fullmatch(value) if isinstance(value, str) else None
    if not match:
        return None
    year, *fields, zone_hour, zone_minute = (int(field or 0) for field in match.group(1, 2, 3, 4, 5, 6, 9, 10))
    if zone_hour > 23 or zone_minute > 59:
        return None
    try:
        # The calendar repeats every 400 years; `datetime` has no year 0.
        since_1970 = (datetime(year % 400 + 400, *fields) - EPOCH) // MILLISECOND
    except ValueError:
        return None
    offset = (zone_hour * 60 + zone_minute) * (-60_000 if match[8] == "-" else 60_000)
    return since_1970 + (year // 400 - 1) * MILLISECONDS_OF_400_YEARS - offset + int(((match[7] or "") + "000")[:3])


@of_text
def version(text: str) -> tuple | None:
    """(major, minor, patch, order of the pre-release): compares by precedence (OP-41, OP-42)"""
    match = VERSION.fullmatch(text)
    if not match:
        return None
    parts = (match[4] or "").split(".")
    identifiers = [(0, int(part), "") if part.isdigit() else (1, 0, part) for part in parts]
    return (*map(int, match.group(1, 2, 3)), (0, identifiers) if match[4] else RELEASE)


@of_text
def version_range(text: str) -> tuple | None:
    """(version, number of leading numbers that must be equal) of `^V` or `~V` (OP-45 to OP-47)"""
    lowest = version(text[1:]) if text[:1] in ("^", "~") else None
    if lowest is None or text[0] == "~":
        return lowest and (lowest, 2)
    return lowest, next((place + 1 for place in range(3) if lowest[place]), 3)


def in_range(known: tuple, limits: tuple) -> bool:
    """A version below the next one at a position is equal up to and including that position (OP-46 to OP-48)"""
    lowest, equal = limits
    if known[3] != RELEASE and (lowest[3] == RELEASE or known[:3] != lowest[:3]):
        return False
    return known >= lowest and known[:equal] == lowest[:equal]


@of_text
def address(text: str) -> tuple[int, int] | None:
    """(bits of the family, number) (OP-51); `ipaddress` also accepts zones"""
    try:
        known = ip_address(text.replace("%", "no zone"))
    except ValueError:
        return None
    return known.max_prefixlen, int(known)


@of_text
def network(text: str) -> tuple[int, int, int] | None:
    """(bits, number, prefix) (OP-50, OP-51); `ip_network` also accepts masks and `/08`"""
    match = NETWORK.fullmatch(text)
    known = address(match[1]) if match else None
    prefix = int((match[2] or known[0]) if known else 0)
    return (*known, prefix) if known and prefix <= known[0] else None


def in_network(known: tuple[int, int], limits: tuple[int, int, int]) -> bool:  # OP-50, OP-52
    bits, base, prefix = limits
    return known[0] == bits and known[1] >> bits - prefix == base >> bits - prefix


def folded(value: object) -> object:  # OP-24; other values stay unchanged
    return "".join(FOLDED.get(character, character) for character in value) if isinstance(value, str) else value
