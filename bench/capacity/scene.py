"""The input of the tables."""

from __future__ import annotations

from dataclasses import dataclass

from assumptions import Assumptions, changed
from inputs import Measured
from traffic import SHAPES, Load


@dataclass(frozen=True)
class Scene:
    """Assumptions and measured figures."""

    assumptions: Assumptions
    measured: Measured

    def loads(self, **changes: float) -> list[tuple[Assumptions, Load]]:
        """The load of each shape, with some assumptions changed."""
        assumptions = changed(self.assumptions, changes)
        return [(assumptions, shape(assumptions, self.measured)) for shape in SHAPES]
