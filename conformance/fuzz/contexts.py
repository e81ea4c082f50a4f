"""Random contexts and instants, near the values that a document tests"""

import eppo_random
import pools
import unleash_random
from dice import MINUTE, Dice
from text import instant_text


class Contexts(Dice):
    """Requests about a document of the same generator"""

    def context(self) -> dict:
        """A context that may match conditions of the document"""
        context: dict = {}
        for name, kind in pools.ATTRIBUTES.items():
            wanted = name in self.memory.literals
            if self.chance(0.75 if wanted else 0.15):
                self.put(context, name, None if self.chance(0.04) else self.near(name, kind))
        for unit in {*self.memory.keys, "user", "organization"}:
            if self.chance(0.85):
                known = self.memory.keys.get(unit)
                key = self.random.choice(known) if known and self.chance(0.85) else self.random.choice(pools.KEYS)
                if key == "7":
                    key = self.pick("7", 7, 7.0)
                if self.chance(0.05):
                    key = self.random.choice(pools.BAD_KEYS)
                path = "/targetingKey" if unit == "user" else unit if unit.startswith("/") or unit == "any" else None
                if unit == "user" and not isinstance(key, str) and key is not None and self.chance(0.95):
                    key = "u1"
                self.put(context, path or [unit, "key"], key)
        if self.is_version_2:
            for vendor in (unleash_random, eppo_random):
                context |= vendor.context(self.random) if self.chance(0.7) else {}
        return context

    @staticmethod
    def put(context: dict, name: str | list, value: object) -> None:
        """Set an attribute, replacing values on its path"""
        if isinstance(name, list):
            segments = name
        else:
            segments = name[1:].replace("~1", "\0").split("/") if name.startswith("/") else [name]
            segments = (
                [segment.replace("\0", "/").replace("~0", "~") for segment in segments]
                if name.startswith("/")
                else segments
            )
        for segment in segments[:-1]:
            inner = context.get(segment)
            if not isinstance(inner, dict):
                inner = context[segment] = {}
            context = inner
        context[segments[-1]] = value

    def now(self) -> str:
        """An instant equal to, next to or near one of the document"""
        at = self.random.choice(self.memory.instants)
        at += self.pick(
            0, 0, 1, -1, 59_999, MINUTE, -MINUTE, 30_000, self.random.randint(-10 * MINUTE, 10 * MINUTE), 86_400_000
        )
        return instant_text(at, "Z")

    def questions(self, document: dict, count: int) -> list[dict]:
        """Requests about a document of this generator"""
        questions = []
        for _ in range(count):
            question = {"op": "evaluateAll", "context": self.context(), "now": self.now()}
            if self.chance(0.003):
                # Around the limit of attributes; some of these exist already.
                names = (f"a{number}" for number in range(self.random.randint(960, 1_001)))
                question["context"] |= dict.fromkeys(names, 1)
            elif self.chance(0.02):
                question["context"] = self.pick(
                    [], "u1", 5, None, True, {"targetingKey": 5}, {"targetingKey": ["u1"]}, {"targetingKey": None}
                )
            elif self.chance(0.005):
                del question["context"]
                question["contextText"] = self.pick("", "{", "{} x", "nul", '{"a": 01}', "[1,]")
            if self.chance(0.5):
                flags = document.get("flags", {})
                ruled = [key for key, flag in flags.items() if isinstance(flag, dict) and flag.get("rules")]
                flag = self.random.choice(ruled if ruled and self.chance(0.7) else [*flags, "missing"])
                wanted = self.pick(None, "boolean", "string", "number", "integer", "integer", "object")
                question |= {
                    "op": self.pick("evaluate", "explain"),
                    "flag": flag,
                    "type": wanted,
                    "default": self.value("any"),
                }
            questions.append(question)
        return questions
