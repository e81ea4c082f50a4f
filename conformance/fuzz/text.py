"""Writes instants, and JSON with numbers in different notations"""

import json
import random
from datetime import datetime, timedelta, timezone

QUOTE = json.JSONEncoder(ensure_ascii=False).encode
EPOCH = datetime(1970, 1, 1, tzinfo=timezone.utc)
FIRST, LAST = (
    -62_135_596_800_000 + 86_400_000,
    253_402_300_799_999 - 86_400_000,
)  # what `datetime` can write in any zone


def instant_text(milliseconds: int, zone: str) -> str:
    """RFC 3339"""
    milliseconds = min(max(int(milliseconds), FIRST), LAST)
    offset = timedelta()
    if zone not in ("Z", "z"):
        hours, minutes = int(zone[1:3]), int(zone[4:6])
        offset = timedelta(hours=hours, minutes=minutes) * (1 if zone[0] == "+" else -1)
    local = (EPOCH + timedelta(milliseconds=milliseconds) + offset).replace(tzinfo=None)
    return local.isoformat(timespec="milliseconds" if milliseconds % 1000 else "seconds") + zone


def write(value: object, spelling: random.Random | None) -> str:
    """JSON text of a value; with `spelling`, one number in eight has another notation of the same value"""
    if isinstance(value, dict):
        return "{" + ",".join(f"{QUOTE(name)}:{write(member, spelling)}" for name, member in value.items()) + "}"
    if isinstance(value, list):
        return "[" + ",".join(write(element, spelling) for element in value) + "]"
    if (
        spelling
        and isinstance(value, int)
        and not isinstance(value, bool)
        and abs(value) < 2**53
        and spelling.random() < 0.125
    ):
        return spelling.choice([f"{value}.0", f"{value}e0", f"{value}.00E+0", f"{value}0e-1" if value else "-0"])
    return QUOTE(value)
