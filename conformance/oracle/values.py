"""Values, canonical JSON, contexts, hashing and patches (language.md §§ 1, 3, 5 and 9)

All numbers are floats: `read_json` converts them, and no value is an `int`.
"""

import hashlib
import json
import re
from decimal import Decimal

MISSING = object()
UNREADABLE = object()  # stands for valid JSON that is not a value (VAL-6)
SAFE, TOTAL = 2**53 - 1, 100_000
QUOTE = json.JSONEncoder(ensure_ascii=False).encode


def without_halves(value: object) -> object:
    """The value with UNREADABLE for strings with half a surrogate pair, and for objects with such a name"""
    if isinstance(value, str):
        return UNREADABLE if any("\ud800" <= character <= "\udfff" for character in value) else value
    if isinstance(value, list):
        return [without_halves(element) for element in value]
    if not isinstance(value, dict):
        return value
    read = {without_halves(name): without_halves(member) for name, member in value.items()}
    return UNREADABLE if UNREADABLE in read else read


def read_json(text: str) -> object:
    """The value of JSON text; ValueError if it is malformed (VAL-6)"""

    def number(literal: str) -> object:
        value = float(literal)
        return value + 0.0 if abs(value) < float("inf") else UNREADABLE  # -0.0 + 0.0 is 0.0 (VAL-3)

    def constant(literal: str) -> None:
        raise ValueError(f"`{literal}` is not valid JSON")

    value = json.loads(text, parse_int=number, parse_float=number, parse_constant=constant)
    return without_halves(value) if "\\ud" in text.lower() else value


class BrokenError(Exception):
    """An error in a flag, segment, group, holdout or document, or in a literal of it"""


def need(fine: object, message: str) -> None:
    if not fine:
        raise BrokenError(message)


def is_readable(value: object) -> bool:
    """Whether no part of a value is unreadable"""
    inner = value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
    return value is not UNREADABLE and all(map(is_readable, inner))


def containers(value: object) -> int:
    """How many arrays and objects are inside one another at most, this one included"""
    if not isinstance(value, dict | list):
        return 0
    return 1 + max(map(containers, value.values() if isinstance(value, dict) else value), default=0)


def is_integer(value: object, low: float = -SAFE, high: float = SAFE) -> bool:
    """VAL-4, within bounds; `True` is an `int` but not a float"""
    return isinstance(value, float) and value.is_integer() and low <= value <= high


def canonical(value: object) -> str:  # Canonical JSON, RFC 8785 (VAL-7)
    if isinstance(value, dict):
        names = sorted(value, key=lambda name: name.encode("utf-16-be"))
        return "{" + ",".join(f"{QUOTE(name)}:{canonical(value[name])}" for name in names) + "}"
    if isinstance(value, list):
        return "[" + ",".join(map(canonical, value)) + "]"
    if not isinstance(value, float):
        return QUOTE(value)
    if value == 0 or 1e-6 <= abs(value) < 1e21:
        return format(Decimal(repr(value)).normalize(), "f")
    return re.sub("(?<=e[+-])0", "", repr(value))  # the digits of `repr` are ECMAScript's, the spelling is not


def read_attribute(context: dict, name: str) -> object:
    """An attribute by its name, or MISSING (CTX-2 to CTX-4)"""
    value: object = context
    segments = [segment.replace("~1", "/").replace("~0", "~") for segment in name[1:].split("/")]
    for segment in segments if name.startswith("/") else [name]:
        if not isinstance(value, dict) or segment not in value:
            return MISSING
        value = value[segment]
    return value


def read_unit(context: dict, unit: str) -> object:
    """The value of a unit or the key of a kind, usable or not (CTX-5, SV-15)"""
    if unit == "user" or unit.startswith("/"):
        return read_attribute(context, "/targetingKey" if unit == "user" else unit)
    owner = context.get(unit)
    return owner.get("key", MISSING) if isinstance(owner, dict) else MISSING


def usable(value: object) -> str | None:
    """The text of a usable key that is hashed or looked up (CTX-6), else None"""
    if isinstance(value, str):
        return value or None
    return str(int(value)) if is_integer(value) else None


def salt_and_kind(name: str) -> tuple[str | None, str]:
    """The salt and the kind in the name of a list; only hashed lists have a salt (CMP-21)"""
    match = re.fullmatch("/([^/]+)/(.*)", name, re.DOTALL)
    return match.groups() if match else (None, name)


def entry_of(lists: dict, name: str, key: str | None) -> object:
    """The entry of a key, or None; a hashed list is searched for the hash of the key (CTX-8)"""
    salt = salt_and_kind(name)[0]
    if salt is not None and key is not None:
        key = hashlib.sha256(f"{salt}/{key}".encode()).hexdigest()[:24]
    return lists[name].get(key)


def murmur3(data: bytes, seed: int) -> int:
    """murmur3_x86_32"""
    mask = 0xFFFFFFFF

    def rotate(word: int, bits: int) -> int:
        return (word << bits | word >> 32 - bits) & mask

    def scrambled(word: int) -> int:
        return rotate(word * 0xCC9E2D51 & mask, 15) * 0x1B873593 & mask

    state, whole = seed, len(data) // 4 * 4
    for start in range(0, whole, 4):
        state ^= scrambled(int.from_bytes(data[start : start + 4], "little"))
        state = (rotate(state, 13) * 5 + 0xE6546B64) & mask
    state ^= scrambled(int.from_bytes(data[whole:], "little"))  # 0 for no rest, and then changes nothing
    state ^= len(data)
    state = (state ^ state >> 16) * 0x85EBCA6B & mask
    state = (state ^ state >> 13) * 0xC2B2AE35 & mask
    return state ^ state >> 16


def slot(salt: str, unit: str, total: int = TOTAL) -> int:
    """SV-12, with the seed of `salt`, to which the caller has added `/` and the stage (SV-11)"""
    return murmur3(unit.encode(), murmur3(salt.encode(), 0)) * total >> 32


def merge(target: object, patch: object) -> object:  # RFC 7396 (PT-3); neither argument is changed
    if not isinstance(patch, dict):
        return patch
    merged = dict(target) if isinstance(target, dict) else {}
    for name, value in patch.items():
        if value is None:
            merged.pop(name, None)
        else:
            merged[name] = merge(merged.get(name), value)
    return merged


def leaves(value: object, pointer: str = "") -> dict[str, object]:
    """Every leaf by its pointer (PT-5)"""
    if not isinstance(value, dict) or not value:
        return {pointer: value}
    found = {}
    for name, member in value.items():
        found |= leaves(member, pointer + "/" + name.replace("~", "~0").replace("/", "~1"))
    return found


def patched(value: object, sources: dict, patch: dict, origin: str) -> tuple[object, dict]:
    """A value and the sources of its leaves after a patch (PT-3, PT-5, PT-6)"""
    old, new, merged = leaves(value), leaves(patch), merge(value, patch)

    def source(pointer: str, leaf: object) -> str:
        written = new.get(pointer) is not None and new[pointer] != {}
        kept = pointer in old and (leaf != {} or old[pointer] == {})
        return sources[pointer] if kept and not written else origin

    return merged, {pointer: source(pointer, leaf) for pointer, leaf in leaves(merged).items()}
