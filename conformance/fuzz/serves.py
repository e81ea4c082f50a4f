"""Random serves, with thresholds at the slots of units that contexts will contain"""

from itertools import pairwise

import eppo_random
import pools
import unleash_random
from conditions import Conditions
from dice import MINUTE, WINDOW
from text import instant_text


class Serves(Conditions):
    """Every form of a serve"""

    def percent(self, salt: str, unit: str) -> float:
        """A percentage, often exactly below or above a unit that contexts will contain"""
        at = self.slot(salt, str(self.key_of(unit)))
        thousandths = self.pick(0, 100_000, 1, 99_999, 50_000, at, at + 1, at, at + 1, self.random.randint(0, 100_000))
        return thousandths / 1000

    def rollout(self, salt: str, unit: str) -> object:
        """A percentage, rollout steps or a ramp"""
        form = self.random.random()
        if form < 0.6:
            return self.percent(salt, unit)
        start = WINDOW + self.random.randint(-5, 5) * self.pick(1000, MINUTE, 3_600_000)
        ends = sorted(
            {start, *(start + self.random.randint(1, 10) * self.pick(1, MINUTE, 30_000, 86_400_000) for _ in range(3))}
        )
        self.memory.instants += ends
        spelled = [at if self.chance(0.3) else instant_text(at, self.pick("Z", "+02:00")) for at in ends]
        if form < 0.8:
            return {"steps": [{"at": at, "percent": self.percent(salt, unit)} for at in spelled]}
        return {
            "from": spelled[0],
            "until": spelled[-1],
            "start": self.percent(salt, unit),
            "end": self.percent(salt, unit),
        }

    def serve(self, flag: str, salt: str, groups: list, holdouts: list) -> object:
        """Any serve"""
        variants = self.variants[flag]
        if self.is_version_2 and self.chance(0.4):
            return None if self.chance(0.2) else self.vendor_serve(variants)
        if self.chance(0.25):
            return self.random.choice(variants)
        serve, unit = {}, "user"
        if self.chance(0.5):
            serve["unit"] = unit = self.random.choice(pools.UNITS)
        if self.chance(0.15):
            serve["salt"] = salt = self.pick("own", "é", "x" * 255)
        if self.chance(0.6):
            serve["rollout"] = self.rollout(salt + "/rollout", unit)
        if self.chance(0.4):
            serve["onMissing"] = "decline" if self.chance(0.3) else {"variant": self.random.choice(variants)}
        if self.chance(0.1):
            serve["algorithm"] = "murmur3"
        if self.chance(0.4):
            return serve | {"variant": self.random.choice(variants)}
        serve["arms"] = self.arms(variants, salt, unit)
        if self.chance(0.6):
            serve["experiment"] = experiment = {"key": self.pick("e1", "e2", "e3")}
            if groups and self.chance(0.5):
                group = self.random.choice(groups)
                experiment |= {"group": group, "slice": self.slices("g/slice")}
            if holdouts and self.chance(0.5):
                experiment["holdout"] = self.random.choice(holdouts)
        return serve

    def vendor_serve(self, variants: list[str]) -> dict:
        """A split of another vendor that the oracle can evaluate"""
        algorithm, module = self.pick(("unleash", unleash_random), ("eppo", eppo_random))
        parameters, weights = module.split(self.random, self.random.randint(1, 4))
        named = [None if self.chance(0.1) else self.random.choice(variants) for _ in weights]
        arms = [{"variant": name, "weight": weight} for name, weight in zip(named, weights, strict=True)]
        serve = {"algorithm": algorithm, "parameters": parameters, "arms": arms}
        return serve | ({"experiment": {"key": "e1"}} if self.chance(0.3) else {})

    def arms(self, variants: list[str], salt: str, unit: str) -> list[dict]:
        """Arms with the right sum, and bounds at a unit's slot"""
        at = self.slot(salt + "/arms", str(self.key_of(unit)))
        ends = [*sorted(self.some([0, 1, at, at + 1, 50_000, 99_999, 33_333], 3)), 100_000]
        return [{"variant": self.random.choice(variants), "weight": end - start} for start, end in pairwise([0, *ends])]

    def slices(self, salt: str) -> list[list[int]]:
        """Ascending ranges, sometimes all"""
        at = self.slot(salt, str(self.key_of("user")))
        ends = sorted(
            {0, *self.some([at, at + 1, 10_000, 30_000, 50_000, 75_000, 99_999], 3), self.pick(100_000, 60_000)}
        )
        ranges = [list(pair) for pair in pairwise(ends)]
        kept = [one for one in ranges if self.chance(0.7)]
        return kept or ranges
