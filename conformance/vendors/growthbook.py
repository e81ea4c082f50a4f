"""GrowthBook, a second time: what its features give a user, written plainly from the published formulas

`evaluate` takes the vendor's own payload and attributes; the importer and the core must answer the same. Coercions and
comparisons are JavaScript's, and a value at the coverage of a forced rule is in.
"""

from __future__ import annotations

import re

from javascript import is_container, number, order, same, text

PADDED = 5


def evaluate(document: dict, name: str, attributes: dict, path: tuple = ()) -> dict:
    """The value of a feature, where it comes from, and the key and index of the arm"""
    if name in path:
        return answer(None, "cyclicPrerequisite")
    feature = document["features"].get(name)
    if feature is None:
        return answer(None, "unknownFeature")
    for rule in feature.get("rules", []):
        found = tried(document, name, rule, attributes, (*path, name))
        if found is not None:
            return found
    return answer(feature.get("defaultValue"), "defaultValue")


def answer(value: object, source: str, key: str | None = None, index: int | None = None) -> dict:
    return {"value": value, "source": source, "variant": key, "index": index}


def tried(document: dict, name: str, rule: dict, attributes: dict, path: tuple) -> dict | None:
    """The result of a rule, or None if the next one is tried"""
    for parent in rule.get("parentConditions", []):
        found = evaluate(document, parent["id"], attributes, path)
        if found["source"] == "cyclicPrerequisite":
            return found
        if not holds(parent.get("condition", {}), {"value": found["value"]}, {}):
            return answer(None, "prerequisite") if parent.get("gate") else None
    if not all(is_filtered(one, attributes) for one in rule.get("filters", [])):
        return None
    condition = rule.get("condition", {})
    if not holds(condition, attributes, document.get("savedGroups", {})):
        return None
    if "force" in rule:
        return answer(rule["force"], "force") if is_included(rule, name, attributes) else None
    return experiment(document, name, rule, attributes) if "variations" in rule else None


def hash_value(rule: dict, attributes: dict, member: str = "hashAttribute") -> str | None:
    name = rule.get(member) or "id"
    found = attributes[name] if name in attributes else at(attributes, name)
    return text(found) if truthy(found) else None


def is_filtered(one: dict, attributes: dict) -> bool:
    value = hash_value(one, attributes, "attribute")
    at_number = None if value is None else hashed(one["seed"], value, one.get("hashVersion") or 2)
    return at_number is not None and any(start <= at_number < end for start, end in one["ranges"])


def is_included(rule: dict, name: str, attributes: dict) -> bool:
    if "range" not in rule and "coverage" not in rule:
        return True
    value = hash_value(rule, attributes)
    found = None if value is None else hashed(rule.get("seed") or name, value, rule.get("hashVersion") or 1)
    if found is None:
        return False
    if "range" in rule:
        return rule["range"][0] <= found < rule["range"][1]
    return rule["coverage"] != 0 and found <= rule["coverage"]


def experiment(document: dict, name: str, rule: dict, attributes: dict) -> dict | None:
    variations, key = rule["variations"], rule.get("key") or name
    value = hash_value(rule, attributes)
    if len(variations) < 2 or value is None:
        return None
    if "filters" not in rule and "namespace" in rule:
        space, start, end = rule["namespace"]
        if not start <= hashed(f"__{space}", value, 1) < end:
            return None
    found = hashed(rule.get("seed") or key, value, rule.get("hashVersion") or 1)
    if found is None:
        return None
    parts = rule.get("ranges") or ranges(len(variations), rule.get("coverage", 1), rule.get("weights"))
    index = next((index for index, (start, end) in enumerate(parts) if start <= found < end), None)
    if index is None or index >= len(variations):
        return None
    meta = rule["meta"][index] if "meta" in rule else {}
    if meta.get("passthrough"):
        return None
    return answer(variations[index], "experiment", meta.get("key") or str(index), index)


def ranges(count: int, coverage: float, weights: list | None) -> list[tuple[float, float]]:
    equal = [1 / count] * count
    weights = weights if weights is not None and len(weights) == count else equal
    total = 0.0
    for weight in weights:
        total = weight + total
    weights, start, found = weights if 0.99 <= total <= 1.01 else equal, 0.0, []
    for weight in weights:
        found.append((start, start + min(max(coverage, 0), 1) * weight))
        start += weight
    return found


def hashed(seed: str, value: str, version: int) -> float | None:
    if version == 1:
        return fnv(value + seed) % 1000 / 1000
    return fnv(str(fnv(seed + value))) % 10000 / 10000 if version == 2 else None


def fnv(whole: str) -> int:
    """FNV-1a of 32 bits over UTF-16 units"""
    units, found = whole.encode("utf-16-le"), 0x811C9DC5
    for place in range(0, len(units), 2):
        found = (found ^ int.from_bytes(units[place : place + 2], "little")) * 0x01000193 & 0xFFFFFFFF
    return found


def truthy(value: object) -> bool:
    return is_container(value) or bool(value)


def at(value: object, path: str) -> object:
    for part in path.split("."):
        if isinstance(value, dict) and part in value:
            value = value[part]
        elif isinstance(value, list) and part == "length":
            value = len(value)
        elif isinstance(value, list) and re.fullmatch("0|[1-9][0-9]{0,8}", part) and int(part) < len(value):
            value = value[int(part)]
        else:
            return None
    return value


def holds(condition: dict, value: object, groups: dict) -> bool:
    return all(holds_part(key, given, value, groups) for key, given in condition.items())


def holds_part(key: str, given: object, value: object, groups: dict) -> bool:
    if key == "$and":
        return all(holds(one, value, groups) for one in given)
    if key in ("$or", "$nor"):
        return (not given or any(holds(one, value, groups) for one in given)) == (key == "$or")
    return not holds(given, value, groups) if key == "$not" else is_equal(given, at(value, key), groups)


def is_operators(given: object) -> bool:
    return isinstance(given, dict) and bool(given) and all(name.startswith("$") for name in given)


def is_equal(given: object, value: object, groups: dict, *, ignore_case: bool = False) -> bool:
    if isinstance(given, str):
        return text(value).lower() == given.lower() if ignore_case else text(value) == given
    if given is None:
        return value is None
    if isinstance(given, bool):
        return value is not None and truthy(value) == given
    if is_operators(given):
        return all(passes(name, operand, value, groups) for name, operand in given.items())
    return is_whole(given, value) if is_container(given) else number(value) == float(given)


def is_whole(one: object, other: object) -> bool:
    """Equal as a whole; the order of members is not looked at"""
    if isinstance(one, list) and isinstance(other, list):
        return len(one) == len(other) and all(map(is_whole, one, other))
    if isinstance(one, dict) and isinstance(other, dict):
        return one.keys() == other.keys() and all(is_whole(one[name], other[name]) for name in one)
    return not is_container(one) and same(one, other)


def passes(name: str, operand: object, value: object, groups: dict) -> bool:
    if name in ORDERS:
        return order(value, operand) in ORDERS[name]
    if name in VERSIONS:
        return order(padded(value), padded(operand)) in VERSIONS[name]
    if name in ("$inGroup", "$notInGroup"):
        return is_in(value, groups.get(operand, []), lambda one: one) == (name == "$inGroup")
    return OPERATORS[name](operand, value, groups) if name in OPERATORS else False


def is_in(value: object, values: list, folded: object) -> bool:
    elements = value if isinstance(value, list) else [value]
    return any(same(folded(element), folded(one)) for element in elements for one in values)


def lower(value: object) -> object:
    return value.lower() if isinstance(value, str) else value


def plain(value: object) -> object:
    return value


def has_all(operand: object, value: object, groups: dict, *, ignore_case: bool) -> bool:
    if not isinstance(operand, list) or not isinstance(value, list):
        return False
    return all(any(is_equal(one, element, groups, ignore_case=ignore_case) for element in value) for one in operand)


def has_element(operand: dict, value: object, groups: dict) -> bool:
    if not isinstance(value, list):
        return False
    test = is_equal if is_operators(operand) else holds
    return any(truthy(element) and test(operand, element, groups) for element in value)


def padded(value: object) -> str:
    found = text(value) if isinstance(value, str | int | float) and not isinstance(value, bool) else "0"
    parts = re.split("[-.]", re.sub(r"^v|\+[^\n\r\u2028\u2029]*\Z", "", found or "0"))
    parts += ["~"] if len(parts) == 3 else []
    return "-".join(part.rjust(PADDED) if re.fullmatch("[0-9]+", part) else part for part in parts)


def kind(value: object) -> str:
    if isinstance(value, bool) or value is None:
        return "null" if value is None else "boolean"
    names = {str: "string", list: "array", dict: "object"}
    return names.get(type(value), "number")


ORDERS = {"$lt": (-1,), "$lte": (-1, 0), "$gt": (1,), "$gte": (0, 1)}
VERSIONS = {"$veq": (0,), "$vne": (-1, 1), "$vlt": (-1,), "$vlte": (-1, 0), "$vgt": (1,), "$vgte": (0, 1)}
OPERATORS = {
    "$eq": lambda operand, value, _: same(value, operand),
    "$ne": lambda operand, value, _: not same(value, operand),
    "$exists": lambda operand, value, _: (value is not None) == truthy(operand),
    "$in": lambda operand, value, _: isinstance(operand, list) and is_in(value, operand, plain),
    "$nin": lambda operand, value, _: isinstance(operand, list) and not is_in(value, operand, plain),
    "$ini": lambda operand, value, _: isinstance(operand, list) and is_in(value, operand, lower),
    "$nini": lambda operand, value, _: isinstance(operand, list) and not is_in(value, operand, lower),
    "$not": lambda operand, value, groups: not is_equal(operand, value, groups),
    "$size": lambda operand, value, groups: isinstance(value, list) and is_equal(operand, len(value), groups),
    "$all": lambda operand, value, groups: has_all(operand, value, groups, ignore_case=False),
    "$alli": lambda operand, value, groups: has_all(operand, value, groups, ignore_case=True),
    "$elemMatch": has_element,
    "$regex": lambda operand, value, _: re.search(operand, text(value)) is not None,
    "$regexi": lambda operand, value, _: re.search(operand, text(value), re.IGNORECASE) is not None,
    "$type": lambda operand, value, _: kind(value) == operand,
}
