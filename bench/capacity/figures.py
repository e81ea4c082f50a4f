"""Formatting of figures."""

from __future__ import annotations

from decimal import Decimal

from prices import GIGABYTE

THOUSAND = 1e3
MILLION = 1e6
TERABYTE = 1e3 * GIGABYTE
# Figures from here on have no decimals.
MANY = 10
# Figures below have one significant digit.
SMALL = 0.1
PER_CENT = 0.01


def row(*cells: str) -> str:
    """A row of a table."""
    return "| " + " | ".join(cells) + " |"


def short(value: float) -> str:
    """Two or three digits; the assumptions are not more precise."""
    # Avoids `1000k`.
    if value >= MILLION - THOUSAND / 2:
        return f"{value / MILLION:.3g}M"
    if value >= MANY * THOUSAND:
        return f"{value / THOUSAND:.0f}k"
    return f"{value:,.0f}" if value >= MANY else f"{Decimal(f'{value:.1g}'):f}" if value < SMALL else f"{value:.1f}"


def plain(value: float) -> str:
    """An assumption, without rounding."""
    return f"{value:,.0f}" if float(value).is_integer() else f"{value:g}"


def gigabytes(count: float) -> str:
    """Bytes with a suitable unit."""
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
