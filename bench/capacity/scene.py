"""What the tables are made of."""

from __future__ import annotations

from dataclasses import dataclass

from assumptions import Assumptions, changed
from inputs import Measured
from traffic import SHAPES, Load


@dataclass(frozen=True)
class Scene:
    """Assumptions, and what was measured."""

    assumptions: Assumptions
    measured: Measured

    def loads(self, **changes: float) -> list[tuple[Assumptions, Load]]:
        """Each shape, with some assumptions changed."""
        assumptions = changed(self.assumptions, changes)
        return [(assumptions, shape(assumptions, self.measured)) for shape in SHAPES]
