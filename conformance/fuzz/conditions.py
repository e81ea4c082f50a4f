"""Random conditions"""

import eppo_random
import pools
import unleash_random
from dice import Dice

TEXT_OPERATORS = ("contains", "startsWith", "endsWith")
COMPARISONS = ("Equal", "Less", "LessOrEqual", "Greater", "GreaterOrEqual")
# Weight of each family of operators, and the kind of attribute that it reads (strings).
FAMILIES = {
    "equality": 4,
    "text": 3,
    "pattern": 3,
    "number": 4,
    "instant": 2,
    "version": 6,
    "address": 2,
    "size": 6,
    "exists": 1,
}
READS = {"number": "number", "instant": "instant", "version": "version", "address": "address", "size": "array"}
ATOMS = [
    r"a",
    r"b",
    r"c",
    r"ab",
    r"1",
    r" ",
    r"é",
    r"-",
    r".",
    r"\d",
    r"\w",
    r"\s",
    r"\W",
    r"\D",
    r"\S",
    r"\.",
    r"\-",
    r"\n",
    r"[ab]",
    r"[^a]",
    r"[a-c1]",
    r"[\d\-x]",
    r"[^\w]",
    r"😀",
    r"_",
    r"[а-яё]",
    r"[^é😀]",
    r"[😀-😂a]",
    r"[^\W\d]",
    r"[\s\S]",
    r"[^\d\D]",
]
QUANTIFIERS = ["", "", "", "*", "+", "?", "{2}", "{1,}", "{0,2}", "{1,3}", "{0}", "{3,4}", "{2,}"]
# Repetitions of a whole pattern: around the 127 states that the core stores in a number, and up to the maximum size.
MANY = ["{25}", "{0,60}", "{130}", "{1,200}", "{128,}"]
LIMIT = 2048  # characters that `matches` looks at


class Conditions(Dice):
    """Every form and operator"""

    def condition(self, flags: list[str], segments: list[str], depth: int = 3) -> dict:
        """Any condition; `flags` and `segments` may be referred to"""
        form = self.random.random()
        if depth and form < 0.22:
            return {
                self.pick("all", "any"): [
                    self.condition(flags, segments, depth - 1) for _ in range(self.random.randint(0, 3))
                ]
            }
        if depth and form < 0.3:
            return {"not": self.condition(flags, segments, depth - 1)}
        if segments and form < 0.4:
            return {"segment": self.random.choice(segments)}
        if flags and form < 0.48:
            flag = self.random.choice(flags)
            return {"flag": flag, "variants": self.some(self.variants.get(flag, ["on"]), 2, 1)}
        if form < 0.54:
            return {"bucket": self.bucket()}
        return self.dialect() if self.is_version_2 and form < 0.7 else self.test()

    def dialect(self) -> dict:
        """A condition of another vendor that the oracle can evaluate"""
        if self.chance(0.5):
            return {"dialect": "eppo", "expression": eppo_random.condition(self.random)}
        make = unleash_random.share if self.chance(0.2) else unleash_random.constraint
        return {"dialect": "unleash", "expression": make(self.random)}

    def bucket(self) -> dict:
        """A range with a bound at a unit's slot"""
        salt, unit = self.pick("s", "é", "other"), self.random.choice(pools.UNITS)
        at = self.slot(salt, str(self.key_of(unit)))
        start, until = self.pick((at, at + 1), (0, at), (at + 1, 100_000), (0, 100_000), (at, 100_000), (0, at + 1))
        if not start < until:
            start, until = 0, 50_000
        bucket = {"salt": salt, "from": start, "until": until}
        return bucket if self.chance(0.3) else bucket | {"unit": unit}

    def test(self) -> dict:
        """A test of an attribute"""
        (chosen,) = self.random.choices(list(FAMILIES), list(FAMILIES.values()))
        fitting = [name for name, kind in pools.ATTRIBUTES.items() if kind in (READS.get(chosen, "string"), "any")]
        attribute = self.random.choice(fitting if self.chance(0.8) else list(pools.ATTRIBUTES))
        kind = pools.ATTRIBUTES[attribute]
        base, literals = getattr(self, f"{chosen}_test")(attribute, kind)
        test = {
            "attribute": attribute,
            "op": base if self.chance(0.75) else "not" + base[0].upper() + base[1:],
        } | literals
        if base in ("equals", "in", *TEXT_OPERATORS) and self.chance(0.4):
            test["ignoreCase"] = self.chance(0.9)
        if base != "exists" and not base.startswith("size") and self.chance(0.4 if kind == "array" else 0.1):
            test["array"] = self.pick("any", "all", "none")
        return test

    def one_or_more(self, attribute: str, choices: list) -> dict:
        """`value` or `values` from the choices"""
        if self.chance(0.6):
            return {"value": self.remember(attribute, self.random.choice(choices))}
        return {"values": [self.remember(attribute, literal) for literal in self.some(choices)]}

    def equality_test(self, attribute: str, kind: str) -> tuple[str, dict]:
        """`equals` and `in`"""
        kind = self.pick("string", "number", "boolean") if kind in ("array", "any", "object") else kind
        if self.chance(0.5):
            literal = None if self.chance(0.1) else self.value(kind)
            return "equals", {"value": self.remember(attribute, literal)}
        return "in", {
            "values": [
                self.remember(attribute, self.value(self.pick(kind, kind, "string", "number", "boolean")))
                for _ in range(self.random.randint(0, 4))
            ]
        }

    def text_test(self, attribute: str, _kind: str) -> tuple[str, dict]:
        """`contains`, `startsWith` and `endsWith`"""
        return self.random.choice(TEXT_OPERATORS), self.one_or_more(attribute, pools.STRINGS)

    def pattern_test(self, attribute: str, _kind: str) -> tuple[str, dict]:
        """`matches`"""
        texts = self.some(["aab", "a", "b", "abc", "a-b", "1", " ", "é", "x\n", "aé_ b"], 2)
        texts += ["".join(self.random.choices("aabc1 é-_\n😀я", k=self.random.randint(1, 40)))]
        if self.chance(0.03):
            texts.append(self.long_text())
        self.memory.literals.setdefault(attribute, []).extend(texts)
        patterns = [self.pattern(3) if self.chance(0.8) else self.random.choice(pools.PATTERNS) for _ in range(3)]
        return "matches", {"value": patterns[0]} if self.chance(0.6) else {
            "values": patterns[: self.random.randint(0, 3)]
        }

    def long_text(self) -> str:
        """A text at the limit or near it"""
        beginning, repeated, end = (
            self.pick("", "a", "b "),
            self.pick("a", "ab", "é", "😀", " a"),
            self.pick("", "b", "\n"),
        )
        length = self.pick(LIMIT, LIMIT + 1, LIMIT - 1, LIMIT // 2, LIMIT // 2 - 1)
        return beginning + (repeated * LIMIT)[: length - len(beginning) - len(end)] + end

    def pattern(self, depth: int) -> str:
        """A pattern of the grammar"""
        if depth == 3 and self.chance(0.06):
            return f"(?:{self.pattern(1)}){self.random.choice(MANY)}" + self.pick("", "b", "$", "\\B")
        parts = []
        for _ in range(self.random.randint(0, 4)):
            atom = self.random.choice(ATOMS)
            if depth and self.chance(0.35):
                atom = self.pick("(", "(?:") + self.pattern(depth - 1) + ")"
            if len(atom) == 1 or atom[0] in "\\[(":
                atom += self.random.choice(QUANTIFIERS) + ("?" if self.chance(0.1) else "")
                atom = atom[:-1] if atom.endswith("??") and self.chance(0.5) else atom
            parts.append(self.pick("^", "$", "\\b", "\\B") if self.chance(0.12) else atom)
        text = "".join(parts)
        return text + "|" + self.pattern(depth - 1) if depth and self.chance(0.2) else text

    def number_test(self, attribute: str, _kind: str) -> tuple[str, dict]:
        """The comparisons of numbers"""
        operator = self.pick("lessThan", "lessOrEqual", "greaterThan", "greaterOrEqual")
        return operator, {"value": self.remember(attribute, self.random.choice(pools.NUMBERS))}

    def instant_test(self, attribute: str, _kind: str) -> tuple[str, dict]:
        """`before` and `after`"""
        literal = self.random.choice(pools.INSTANTS) if self.chance(0.5) else self.instant()
        return self.pick("before", "after"), {"value": self.remember(attribute, literal)}

    def version_test(self, attribute: str, _kind: str) -> tuple[str, dict]:
        """The comparisons and ranges of versions"""
        if self.chance(0.5):
            test = self.one_or_more(attribute, pools.RANGES)
            for literal in test.get("values", [test.get("value")]):
                self.remember(attribute, literal[1:])
            return "semverMatches", test
        return "semver" + self.random.choice(COMPARISONS), {
            "value": self.remember(attribute, self.random.choice(pools.VERSIONS))
        }

    def address_test(self, attribute: str, _kind: str) -> tuple[str, dict]:
        """`cidr`"""
        return "cidr", self.one_or_more(attribute, pools.NETWORKS)

    def size_test(self, _attribute: str, _kind: str) -> tuple[str, dict]:
        """The comparisons of sizes"""
        return "size" + self.random.choice(COMPARISONS), {"value": self.pick(0, 1, 2, 3, 4, 2**53 - 1)}

    def exists_test(self, _attribute: str, _kind: str) -> tuple[str, dict]:
        """`exists`"""
        return "exists", {}
