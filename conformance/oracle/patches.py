"""Patches and the sources of leaves (language.md § 9)"""


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
