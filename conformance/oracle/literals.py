"""What strings can be read as: instants, versions, ranges, networks; and case folding (language.md §§ 6 and 8)

Every reader answers None for what it does not read.
"""

import re
from functools import cache, lru_cache
from ipaddress import IPv4Address, IPv6Address, ip_address
from pathlib import Path

from values import is_integer

INSTANT = re.compile(r"(\d{4})-(\d\d)-(\d\d)[Tt](\d\d):(\d\d):(\d\d)(?:\.(\d+))?(?:[Zz]|([+-])(\d\d):(\d\d))", re.ASCII)
DAYS_OF_MONTHS = [31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31]
NUMERIC = r"(?:0|[1-9]\d*)"
IDENTIFIER = rf"(?:{NUMERIC}|\d*[A-Za-z-][0-9A-Za-z-]*)"
VERSION = re.compile(
    rf"({NUMERIC})\.({NUMERIC})\.({NUMERIC})"
    rf"(?:-({IDENTIFIER}(?:\.{IDENTIFIER})*))?(?:\+[0-9A-Za-z-]+(?:\.[0-9A-Za-z-]+)*)?",
    re.ASCII,
)
FOLDING_ROW = re.compile(r"\(0x([0-9A-F]+), 0x([0-9A-F]+), (\d+), (-?\d+)\),")


@lru_cache(maxsize=10_000)
def instant_of_text(text: str) -> int | None:
    """Milliseconds since 1970 of RFC 3339 text with a zone (TIME-2)"""
    match = INSTANT.fullmatch(text)
    if not match:
        return None
    year, month, day, hour, minute, second = map(int, match.group(1, 2, 3, 4, 5, 6))
    fraction, sign, zone_hour, zone_minute = match.group(7, 8, 9, 10)
    leap = year % 4 == 0 and (year % 100 != 0 or year % 400 == 0)
    if not 1 <= month <= 12 or hour > 23 or minute > 59 or second > 59:
        return None
    if not 1 <= day <= DAYS_OF_MONTHS[month - 1] + (leap and month == 2):
        return None
    offset = 0
    if sign:
        if int(zone_hour) > 23 or int(zone_minute) > 59:
            return None
        offset = (int(zone_hour) * 60 + int(zone_minute)) * (1 if sign == "+" else -1)
    # Days since 0000-03-01, so that the leap day is the last of its year; `datetime` knows no year 0.
    shifted_year, shifted_month = (year, month - 3) if month > 2 else (year - 1, month + 9)
    days = shifted_year * 365 + shifted_year // 4 - shifted_year // 100 + shifted_year // 400
    days += (153 * shifted_month + 2) // 5 + day - 1 - 719_468
    milliseconds = int(((fraction or "") + "000")[:3])
    return ((days * 24 + hour) * 60 + minute - offset) * 60_000 + second * 1000 + milliseconds


def instant(value: object) -> int | None:
    """TIME-2, TIME-3"""
    if isinstance(value, str):
        return instant_of_text(value)
    return int(value) if is_integer(value, -8_640_000_000_000_000, 8_640_000_000_000_000) else None


def numeric_order(digits: str) -> tuple[int, str]:
    """Orders decimal texts without leading zeros as numbers, however long they are"""
    return len(digits), digits


@lru_cache(maxsize=10_000)
def version(text: object) -> tuple | None:
    """(major, minor, patch, order of the pre-release): compares by precedence (OP-41, OP-42)"""
    match = VERSION.fullmatch(text) if isinstance(text, str) else None
    if not match:
        return None
    numbers = tuple(numeric_order(digits) for digits in match.group(1, 2, 3))
    if match[4] is None:
        return (*numbers, (1,))  # a release comes after its pre-releases
    identifiers = [
        (0, numeric_order(part), "") if part.isdigit() else (1, (0, ""), part) for part in match[4].split(".")
    ]
    return (*numbers, (0, identifiers))


def is_release(known: tuple) -> bool:
    """Whether a version has no pre-release"""
    return known[3] == (1,)


@lru_cache(maxsize=10_000)
def version_range(text: str) -> tuple | None:
    """(version, how many leading numbers must be equal) of `^V` or `~V` (OP-45 to OP-47)"""
    lowest = version(text[1:])
    if text[:1] not in ("^", "~") or lowest is None:
        return None
    if text[0] == "~":
        return lowest, 2
    zeros = [number == (1, "0") for number in lowest[:3]]
    return lowest, zeros.index(False) + 1 if False in zeros else 3


def in_range(known: tuple, limits: tuple) -> bool:
    """Below the next version at a position means: equal up to and with that position (OP-46 to OP-48)"""
    lowest, equal = limits
    if not is_release(known) and (is_release(lowest) or known[:3] != lowest[:3]):
        return False
    return known >= lowest and known[:equal] == lowest[:equal]


@lru_cache(maxsize=10_000)
def address(text: object) -> IPv4Address | IPv6Address | None:
    """OP-51; `ipaddress` differs only in taking zones, and from 3.9.5 on refuses leading zeros too"""
    if not isinstance(text, str) or "%" in text:
        return None
    try:
        return ip_address(text)
    except ValueError:
        return None


@lru_cache(maxsize=10_000)
def network(text: str) -> tuple | None:
    """(address, prefix) of a network (OP-50, OP-51); `ip_network` would take masks and `/08`"""
    base, slash, prefix = text.partition("/")
    known = address(base)
    if known is None:
        return None
    if not slash:
        return known, known.max_prefixlen
    if not re.fullmatch(NUMERIC, prefix, re.ASCII) or len(prefix) > 3 or int(prefix) > known.max_prefixlen:
        return None
    return known, int(prefix)


def in_network(known: IPv4Address | IPv6Address, limits: tuple) -> bool:
    """OP-50, OP-52"""
    base, prefix = limits
    if known.version != base.version:
        return False
    shift = known.max_prefixlen - prefix
    return int(known) >> shift == int(base) >> shift


@cache
def folding() -> dict[str, str]:
    """Rows C and S of CaseFolding, from the table that is generated for the core (OP-24)"""
    table = Path(__file__).parents[2] / "core" / "src" / "case_folding.rs"
    rows = [
        (int(first, 16), int(last, 16), int(stride), int(delta))
        for first, last, stride, delta in FOLDING_ROW.findall(table.read_text(encoding="utf-8"))
    ]
    return {
        chr(code): chr(code + delta) for first, last, stride, delta in rows for code in range(first, last + 1, stride)
    }


@lru_cache(maxsize=10_000)
def folded(text: str) -> str:
    """OP-24"""
    table = folding()
    return "".join(table.get(character, character) for character in text)
