"""Values, canonical JSON, contexts and hashing (language.md §§ 1, 3 and 5)

Numbers are floats throughout: `read_json` makes them so, and nothing here makes an `int` of a value.
"""

import json
from decimal import Decimal

MISSING = object()
SAFE = 2**53 - 1
QUOTE = json.JSONEncoder(ensure_ascii=False).encode
TOTAL = 100_000


def read_json(text: str) -> object:
    """The value of JSON text; ValueError if it is malformed (VAL-6)"""

    def number(literal: str) -> float:
        value = float(literal)
        if not abs(value) < float("inf"):
            raise ValueError(f"`{literal}` is no double")
        return value + 0.0  # -0.0 + 0.0 is 0.0 (VAL-3)

    value = json.loads(text, parse_int=number, parse_float=number, parse_constant=number)
    if "\\ud" in text.lower():
        json.dumps(value, ensure_ascii=False).encode()  # UnicodeEncodeError, a ValueError, for half a pair
    return value


def is_number(value: object) -> bool:
    """True and False are no numbers, though Python's `isinstance(True, int)` says otherwise"""
    return isinstance(value, float)


def is_integer(value: object, low: int = -SAFE, high: int = SAFE) -> bool:
    """VAL-4, within bounds"""
    return is_number(value) and value.is_integer() and low <= value <= high


def same(one: object, other: object) -> bool:
    """Equal and of one type: Python has True == 1.0 (OP-20)"""
    return type(one) is type(other) and one == other


def number_text(value: float) -> str:
    """ECMAScript's Number::toString (VAL-7); `repr` finds the same shortest digits but writes them otherwise"""
    if value.is_integer() and abs(value) <= SAFE:
        return str(int(value))
    sign, digit_tuple, exponent = Decimal(repr(value)).as_tuple()
    digits = "".join(map(str, digit_tuple)).rstrip("0")
    count = len(digits)
    point = len(digit_tuple) + exponent  # the value is 0.DIGITS times 10^point
    if count <= point <= 21:
        text = digits + "0" * (point - count)
    elif 0 < point <= 21:
        text = f"{digits[:point]}.{digits[point:]}"
    elif -6 < point <= 0:
        text = "0." + "0" * -point + digits
    else:
        fraction = "." + digits[1:] if count > 1 else ""
        text = f"{digits[0]}{fraction}e{point - 1:+d}"
    return "-" * sign + text


def canonical(value: object) -> str:
    """Canonical JSON, RFC 8785 (VAL-7)"""
    if isinstance(value, str):
        return QUOTE(value)
    if isinstance(value, dict):
        names = sorted(value, key=lambda name: name.encode("utf-16-be"))
        return "{" + ",".join(f"{QUOTE(name)}:{canonical(value[name])}" for name in names) + "}"
    if isinstance(value, list):
        return "[" + ",".join(map(canonical, value)) + "]"
    if is_number(value):
        return number_text(value)
    return QUOTE(value)  # strings as RFC 8785 has them, null, true, false


def pointer_segments(pointer: str) -> list[str]:
    """The segments of a JSON pointer that begins with `/`"""
    return [segment.replace("~1", "/").replace("~0", "~") for segment in pointer[1:].split("/")]


def read_path(context: dict, segments: list[str]) -> object:
    """The value at the end of the path, or MISSING (CTX-3, CTX-4)"""
    value = context
    for segment in segments:
        if not isinstance(value, dict) or segment not in value:
            return MISSING
        value = value[segment]
    return value


def read_attribute(context: dict, name: str) -> object:
    """An attribute by its name (CTX-2, CTX-3)"""
    return read_path(context, pointer_segments(name) if name.startswith("/") else [name])


def read_key(context: dict, kind: str) -> object:
    """The key of a kind, usable or not (CTX-5)"""
    return read_path(context, ["targetingKey"] if kind == "user" else [kind, "key"])


def read_unit(context: dict, unit: str) -> object:
    """The value of a unit, usable or not (SV-15)"""
    return read_attribute(context, unit) if unit.startswith("/") else read_key(context, unit)


def usable(value: object) -> str | None:
    """What is hashed or looked up of a key, if it is usable (CTX-6)"""
    if isinstance(value, str):
        return value or None
    return str(int(value)) if is_integer(value) else None


def murmur3(data: bytes, seed: int) -> int:
    """murmur3_x86_32"""
    mask = 0xFFFFFFFF

    def rotate(word: int, bits: int) -> int:
        return (word << bits | word >> 32 - bits) & mask

    def scrambled(word: int) -> int:
        return rotate(word * 0xCC9E2D51 & mask, 15) * 0x1B873593 & mask

    state = seed
    whole = len(data) // 4 * 4
    for start in range(0, whole, 4):
        state ^= scrambled(int.from_bytes(data[start : start + 4], "little"))
        state = (rotate(state, 13) * 5 + 0xE6546B64) & mask
    state ^= scrambled(int.from_bytes(data[whole:], "little"))  # 0 for no rest, and then changes nothing
    state ^= len(data)
    state = (state ^ state >> 16) * 0x85EBCA6B & mask
    state = (state ^ state >> 13) * 0xC2B2AE35 & mask
    return state ^ state >> 16


def slot(salt: str, unit: str, total: int = TOTAL) -> int:
    """SV-12, with the seed of `salt`, to which the caller has added `/` and the step (SV-11)"""
    return murmur3(unit.encode(), murmur3(salt.encode(), 0)) * total >> 32


def merge(target: object, patch: object) -> object:
    """RFC 7396 (PT-3); neither argument is changed"""
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
