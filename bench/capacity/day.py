"""A day, minute by minute: when visits begin, and how many are open.

It needs no randomness: with so many users, the deviation from the mean in a minute is smaller than the error of
any assumption.
"""

from __future__ import annotations

import functools
import math
from collections.abc import Sequence

MINUTES = 1_440
# Relative error of the peak.
PRECISION = 1e-9


@functools.cache
def curve(peak_to_mean: float) -> tuple[float, ...]:
    """Weights of the minutes of a day with one smooth peak; their mean is 1 and the highest is `peak_to_mean`."""
    if peak_to_mean <= 1 + PRECISION:
        return (1.0,) * MINUTES
    low, high = 0.0, 2 * math.pi * peak_to_mean**2
    while high - low > PRECISION:
        middle = (low + high) / 2
        low, high = (middle, high) if max(bell(middle)) < peak_to_mean else (low, middle)
    return bell(high)


def bell(sharpness: float) -> tuple[float, ...]:
    """The bell curve on a circle (von Mises), with the mean 1 and the peak in the middle."""
    # Subtracting the height of the peak avoids an overflow.
    heights = [math.exp(sharpness * (-math.cos(2 * math.pi * minute / MINUTES) - 1)) for minute in range(MINUTES)]
    mean = sum(heights) / MINUTES
    return tuple(height / mean for height in heights)


def present(arrivals: Sequence[float], mean_minutes: float) -> list[float]:
    """Open visits at the end of each minute, if the day before was the same.

    Lengths of visits are exponentially distributed. Within a minute dN/dt = arrivals - N / mean, solved exactly, so
    Little's law holds exactly for the day.
    """
    if mean_minutes == 0:
        return [0.0] * len(arrivals)
    stay = math.exp(-1 / mean_minutes)
    here = 0.0
    for arriving in arrivals:
        here = here * stay + arriving * mean_minutes * (1 - stay)
    # Adds the visits that are still open from the day before.
    here /= 1 - stay ** len(arrivals)
    there = []
    for arriving in arrivals:
        here = here * stay + arriving * mean_minutes * (1 - stay)
        there.append(here)
    return there
