"""How figures are shown."""

from __future__ import annotations

from decimal import Decimal

from prices import GIGABYTE

THOUSAND = 1e3
MILLION = 1e6
TERABYTE = 1e3 * GIGABYTE
# From here on without decimals, and of thousands without the digits after them.
MANY = 10
# Below it, one digit.
SMALL = 0.1
PER_CENT = 0.01


def row(*cells: str) -> str:
    """A row of a table."""
    return "| " + " | ".join(cells) + " |"


def short(value: float) -> str:
    """Two or three digits are as much as the assumptions are worth."""
    # What would be rounded to a thousand thousands is a million.
    if value >= MILLION - THOUSAND / 2:
        return f"{value / MILLION:.3g}M"
    if value >= MANY * THOUSAND:
        return f"{value / THOUSAND:.0f}k"
    return f"{value:,.0f}" if value >= MANY else f"{Decimal(f'{value:.1g}'):f}" if value < SMALL else f"{value:.1f}"


def plain(value: float) -> str:
    """An assumption as it was given."""
    return f"{value:,.0f}" if float(value).is_integer() else f"{value:g}"


def gigabytes(count: float) -> str:
    """Bytes in the unit that suits them."""
    if count >= 1e3 * GIGABYTE:
        return f"{count / GIGABYTE / 1e3:.3g} TB"
    return (
        f"{count / GIGABYTE:.0f} GB"
        if count >= 10 * GIGABYTE
        else f"{count / 1e6:,.0f} MB"
        if count < GIGABYTE
        else f"{count / GIGABYTE:.2g} GB"
    )


def percent(share: float) -> str:
    """A share."""
    return f"{share * 100:.0f} %" if share >= PER_CENT else "< 1 %"


def milliseconds(microseconds: float) -> str:
    """A latency."""
    return f"{microseconds / 1_000:.2f} ms"
