"""Makes a document and a request smaller while a difference remains"""

import time
from collections.abc import Callable, Iterator

SIMPLE = (0, 1, "", "a", True)


def smaller(value: object) -> Iterator[object]:
    """Values that are smaller than `value` by one change, the largest changes first"""
    if isinstance(value, dict | list):
        places = list(value) if isinstance(value, dict) else range(len(value))
        for place in places:
            if isinstance(value, dict):
                yield {name: member for name, member in value.items() if name != place}
            else:
                yield value[:place] + value[place + 1 :]
        for place in places:
            for inner in replacements(value[place]):
                yield with_member(value, place, inner)
        for place in places:
            for inner in smaller(value[place]):
                yield with_member(value, place, inner)
    elif isinstance(value, str) and len(value) > 1:
        yield value[: len(value) // 2]
        yield value[len(value) // 2 :]
        yield value[1:]
        yield value[:-1]


def replacements(value: object) -> Iterator[object]:
    """Simpler replacements of `value`: one of its containers, or a simple scalar"""
    if isinstance(value, dict | list):
        members = value.values() if isinstance(value, dict) else value
        yield from (member for member in members if isinstance(member, dict | list))
        for member in members:
            if isinstance(member, list):
                yield from (element for element in member if isinstance(element, dict))
    else:
        same_type = [simple for simple in SIMPLE if type(simple) is type(value)]
        if value not in same_type:
            yield from same_type


def with_member(owner: dict | list, place: object, member: object) -> dict | list:
    """A copy with another element at `place`"""
    copied = owner.copy()
    copied[place] = member
    return copied


def shrink(case: dict, differs: Callable[[dict], bool], seconds: float = 60) -> dict:
    """The smallest case found in the available time; `differs` checks for a difference"""
    end, progress = time.monotonic() + seconds, True
    while progress:
        progress = False
        for candidate in smaller(case):
            if time.monotonic() > end:
                break
            if "document" in candidate and "question" in candidate and differs(candidate):
                case, progress = candidate, True
                break
    return case
