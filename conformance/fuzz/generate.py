"""Random documents and requests, a function of (seed, number)

Most documents are valid; `spoil` then breaks parts of some. Contexts are drawn near the literals, keys and instants of
the document, so that conditions hold about half of the time.
"""

import hashlib
from collections.abc import Callable

import pools
from contexts import Contexts
from serves import Serves

SPARED = ("environment", "revision", "clientSide", "owner", "schemaVersion")  # fields that the language does not define


class Generator(Serves, Contexts):
    """One document and its requests"""

    def __init__(self, seed: str, number: int, slot: Callable[[str, str], int]) -> None:
        """A generator for one document"""
        super().__init__(f"{seed}/{number}", slot)

    def document(self) -> dict:
        """A whole document"""
        if self.chance(0.01):
            return self.tower()
        if self.chance(0.01):
            return self.well()
        self.is_version_2 = self.chance(0.3)
        self.segment_keys = [f"s{number}" for number in range(self.random.randint(0, 4))]
        self.flag_keys = [f"f{number}" for number in range(self.random.randint(1, 7))]
        groups = {key: {"salt": self.pick("g", "h")} | self.own_unit() for key in self.some(["g1", "g2"], 2)}
        holdouts = {
            key: {"salt": "held", "percent": self.percent("held/holdout", "user")} | self.own_unit()
            for key in self.some(["h1", "h2"], 2)
        }
        segments = {key: self.segment(number) for number, key in enumerate(self.segment_keys)}
        document = {"schemaVersion": 1, "environment": "production", "revision": self.random.randint(0, 99)}
        flags = {key: self.flag(number, list(groups), list(holdouts)) for number, key in enumerate(self.flag_keys)}
        parts = {"segments": segments, "flags": flags, "groups": groups, "holdouts": holdouts}
        document |= {name: part for name, part in parts.items() if part or self.chance(0.5)}
        if self.chance(0.4):
            for _ in range(self.random.randint(1, 4)):
                self.spoil(document)
        if self.chance(0.3):
            self.hash_lists(document)
        return document

    def hash_lists(self, document: dict) -> None:
        """Hash lists as a server does for browsers (CMP-21); sometimes break a hash or a name"""
        for parts in ("flags", "segments"):
            for owner in document.get(parts, {}).values():
                for member in ("overrides", "include", "exclude"):
                    lists = owner.get(member) if isinstance(owner, dict) else None
                    if isinstance(lists, dict):
                        owner[member] = dict(self.hashed(*one) for one in lists.items())

    def hashed(self, name: str, entries: object) -> tuple[str, object]:
        """A list by its name, usually hashed"""
        if not isinstance(entries, dict | list) or not self.chance(0.8):
            return name, entries
        salt = self.pick("5a17", "é salt", "x" * 300)

        def hash_of(key: object) -> object:
            if not isinstance(key, str) or self.chance(0.03):
                return key
            return hashlib.sha256(f"{salt}/{key}".encode()).hexdigest()[: 23 if self.chance(0.03) else 24]

        name = self.pick(f"//{name}", f"/{salt}{name}", f"/{salt}/") if self.chance(0.03) else f"/{salt}/{name}"
        if isinstance(entries, list):
            return name, [hash_of(key) for key in entries]
        return name, {hash_of(key): entry for key, entry in entries.items()}

    def own_unit(self) -> dict:
        """The unit of a group or holdout"""
        return {"unit": self.random.choice(pools.UNITS)} if self.chance(0.4) else {}

    def earlier(self, keys: list[str], number: int, unknown: str) -> list[str]:
        """Possible references of a part: mostly earlier parts, seldom any part, seldom none"""
        if self.chance(0.06):
            return keys
        return [unknown] if self.chance(0.01) else keys[:number]

    def segment(self, number: int) -> dict:
        """A segment"""
        segment = {}
        for part in ("include", "exclude"):
            if self.chance(0.5):
                segment[part] = {
                    kind: [self.key_of(kind) for _ in range(2)]
                    for kind in self.some(["user", "organization", "device"], 2)
                }
        if self.chance(0.7):
            # A segment can refer to flags, which are generated later, so there are cycles through segments.
            flags = self.flag_keys if self.chance(0.05) else []
            segment["when"] = self.condition(flags, self.earlier(self.segment_keys, number, "unknown"))
        return segment | self.version()

    def version(self) -> dict:
        """What an object of version 2 says of itself, unless it is to be broken"""
        return {"needs": 2} if self.is_version_2 and self.chance(0.97) else {}

    def flag(self, number: int, groups: list, holdouts: list) -> dict:
        """A flag"""
        key, kind = self.flag_keys[number], self.pick("boolean", "string", "number", "object", "object")
        flag = {"type": kind, "enabled": self.chance(0.93)}
        if kind == "boolean" and self.chance(0.7):
            self.variants[key] = ["on", "off"]
        else:
            names = list(dict.fromkeys(["v1", "v2", *self.some(["é", "on", "off", "x y", "/"], 2)]))
            flag["variants"] = {
                name: self.tree(2) if kind == "object" and self.chance(0.9) else self.variant(kind) for name in names
            }
            flag["offVariant"] = None if self.is_version_2 and self.chance(0.3) else self.random.choice(names)
            if self.chance(0.6):
                flag["onVariant"] = self.random.choice(names)
            self.variants[key] = names
        salt = key
        if self.chance(0.5):
            flag["salt"] = salt = self.pick("shared", "salt-" + key, "é")
        flags = self.earlier(self.flag_keys, number, "unknown")
        segments = self.earlier(self.segment_keys, len(self.segment_keys), "unknown")
        rules = [self.rule(key, salt, flags, segments, groups, holdouts) for _ in range(self.random.randint(0, 3))]
        flag |= {"rules": rules} if rules else {}
        if self.chance(0.95) or not (kind == "boolean" or "onVariant" in flag):
            flag["serve"] = self.serve(key, salt, groups, holdouts)
        if self.chance(0.1):
            flag["expiresAt"] = self.instant()
        if flags and self.chance(0.3):
            flag["prerequisites"] = [
                {"flag": other, "variants": self.some(self.variants.get(other, ["on"]), 3, 1)}
                for other in self.some(flags, 2, 1)
            ]
        if self.chance(0.2):
            flag["metadata"] = {
                name: self.value(self.pick("string", "number", "boolean")) for name in self.some(["a", "é", "b"])
            }
        if self.chance(0.2):
            flag |= {"needs": self.pick(0, 1, 1.0), "clientSide": True, "owner": "me"}
        if kind == "object" and self.chance(0.4):
            flag["environmentPatch"] = self.tree(2, patch=True)
        if self.chance(0.35):
            self.add_overrides(flag, key)
        return flag | self.version()

    def variant(self, kind: str) -> object:
        """A value of a flag's type"""
        return self.value("array" if kind == "object" else kind)

    def rule(self, flag: str, salt: str, flags: list, segments: list, groups: list, holdouts: list) -> dict:
        """A rule"""
        rule = {"serve": self.serve(flag, salt, groups, holdouts)}
        if self.chance(0.9):
            rule["when"] = self.condition(flags, segments)
        if self.chance(0.3):
            rule["id"] = self.pick("r1", "r2", "é")
        if self.chance(0.2):
            rule[self.pick("from", "until")] = self.instant()
        return rule

    def add_overrides(self, flag: dict, key: str) -> None:
        """Levels and overrides"""
        levels = ["user", "organization"]
        if self.chance(0.6):
            levels = self.random.sample(["user", "organization", "device", "é", "a/b"], self.random.randint(1, 4))
            flag["levels"] = levels
        entries = ["exclude", *({"variant": name} for name in self.variants[key])]
        entries += (
            ["include"] * 2 if (flag["type"] == "boolean" and "variants" not in flag) or "onVariant" in flag else []
        )
        flag["overrides"] = {
            level: {
                str(self.key_of(level)): {"patch": self.tree(2, patch=True)}
                if flag["type"] == "object" and self.chance(0.7)
                else self.random.choice(entries)
                for _ in range(self.random.randint(0, 3))
            }
            for level in self.some(levels)
        }

    def tower(self) -> dict:
        """A graph at the limit of visits"""
        flags = {"f0": {"type": "boolean", "enabled": True, "serve": "on"}}
        for number in range(1, 11):
            refer = {"flag": f"f{number - 1}", "variants": ["on"]}
            flags[f"f{number}"] = {
                "type": "boolean",
                "enabled": True,
                "rules": [{"when": {"all": [refer, refer]}, "serve": "on"}],
                "serve": "off",
            }
        width = self.pick(998, 999, 1000)
        flags["wide"] = {
            "type": "boolean",
            "enabled": True,
            "serve": "on",
            "rules": [{"when": {"any": [{"segment": "s"}] * width}, "serve": "off"}],
        }
        flags["over"] = {
            "type": "boolean",
            "enabled": True,
            "serve": "on",
            "prerequisites": [{"flag": "wide", "variants": ["on"]}],
        }
        return {"schemaVersion": 1, "flags": flags, "segments": {"s": {"include": {"user": ["u1"]}}}}

    def well(self) -> dict:
        """Nested flags and segments, up to the maximum depth and slightly beyond"""
        bottom = {"type": "boolean", "enabled": True, "serve": {"variant": "on", "rollout": 50}}
        parts, depth, above = {"flags": {"f0": bottom}, "segments": {}}, 1, {"flag": "f0", "variants": ["on"]}
        wanted = self.pick(126, 127, 128, 128, 129, 130)
        while depth < wanted:
            section = self.pick("flags", "flags", "segments")
            key = f"{section[0]}{len(parts[section])}"
            if section == "flags" and "flag" in above and self.chance(0.4):
                owner = {"type": "boolean", "enabled": True, "serve": "on", "prerequisites": [above]}
                depth += 1
            else:
                when = above
                around = min(self.random.randint(0, 31), max(0, wanted - depth - 2))
                for _ in range(around):
                    when = self.pick({"all": [when]}, {"any": [when]}, {"not": when})
                rule = {"when": when, "serve": "on"}
                owner = {"when": when}
                if section == "flags":
                    owner = {"type": "boolean", "enabled": True, "serve": "off", "rules": [rule]}
                depth += around + 2
            parts[section][key] = owner
            above = {"flag": key, "variants": ["on"]} if section == "flags" else {"segment": key}
        # A segment alone has no outcome.
        parts["flags"]["top"] = {
            "type": "boolean",
            "enabled": True,
            "serve": "off",
            "rules": [{"when": above, "serve": "on"}],
        }
        return {"schemaVersion": 1, **parts}

    def spoil(self, document: dict) -> None:
        """Break at most one value inside a flag, segment, group or holdout"""
        places = []

        def walk(node: object, parent: object, key: object) -> None:
            if key in SPARED or has_vendor_pattern(node):
                return
            if parent is not None:
                places.append((parent, key))
            for name, child in list(
                node.items() if isinstance(node, dict) else enumerate(node) if isinstance(node, list) else []
            ):
                walk(child, node, name)

        for parts in ("flags", "segments", "groups", "holdouts"):
            for key, part in document.get(parts, {}).items():
                walk(part, document[parts], key)
        if not places:
            return  # nothing is left
        parent, key = self.random.choice(places)
        how = self.random.random()
        if how < 0.2:
            del parent[key]
        elif how < 0.3 and isinstance(parent, dict):
            parent[
                self.pick(
                    "unknown",
                    "op",
                    "when",
                    "segment",
                    "value",
                    "values",
                    "array",
                    "variant",
                    "experiment",
                    "x" * 256,
                    "",
                )
            ] = parent[key]
        elif how < 0.4 and isinstance(parent, dict):
            parent.setdefault(self.random.choice(pools.MEMBERS), None)
        elif how < 0.4 and isinstance(parent, list):
            parent.append(parent[key])
        elif isinstance(parent[key], str):
            parent[key] = self.random.choice(pools.SPOILED_STRINGS)
        elif isinstance(parent[key], int | float):
            parent[key] = self.pick(
                *pools.NUMBERS, 101, 100.001, 33.3333, 100_000, 100_001, -0.001, "5", None, True, [], 1.001, 16.001
            )
        else:
            parent[key] = self.pick(None, [], {}, "x", 5, True, [[]], [None], {"": ""}, [{}])


def has_vendor_pattern(node: object) -> bool:
    """Whether this is a condition of a vendor with a pattern, of which the oracle reads only some as RE2 does"""
    return isinstance(node, dict) and node.get("operator") in ("REGEX", "MATCHES", "NOT_MATCHES")
