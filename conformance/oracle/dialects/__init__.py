"""Conditions and splits of other vendors (language.md § 10)

A condition becomes a function of (context, now) that says whether it holds; a split one that returns the position of an
arm, or None if it declines. What cannot be compiled raises `BrokenError`.
"""

from . import eppo, unleash

CONDITIONS = {"eppo": eppo.condition, "unleash": unleash.condition}
ALGORITHMS = {"eppo": eppo.choice, "unleash": unleash.choice}
