"""Selects the committed corpus of a fuzz target: few small inputs that together reach the most code.

usage: minimise.py CONTROL_FILE FOLDER

CONTROL_FILE is written by libFuzzer with `-merge=1 -set_cover_merge=1 -merge_control_file=…`; FOLDER is replaced.
"""

import hashlib
import pathlib
import shutil
import sys

MAX_FILES = 100
MAX_BYTES = 65_000


def main(control_file: pathlib.Path, folder: pathlib.Path) -> None:
    features = read(control_file)
    data = {path: path.read_bytes() for path in features}
    left, chosen, size = set[int]().union(*features.values()), set[pathlib.Path](), 0
    total = len(left)
    while len(chosen) < MAX_FILES:
        fitting = [path for path in features if path not in chosen and size + len(data[path]) <= MAX_BYTES]
        gains = {path: len(features[path] & left) for path in fitting}
        # The gain for each byte; the constant is the cost of another file.
        best = max(fitting, key=lambda path: (gains[path] / (len(data[path]) + 100), path.name), default=None)
        if best is None or gains[best] == 0:
            break
        chosen.add(best)
        size += len(data[best])
        left -= features[best]
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    for path in chosen:
        (folder / hashlib.sha256(data[path]).hexdigest()[:40]).write_bytes(data[path])
    reached = (total - len(left)) / total if total else 1.0
    print(f"{folder}: {len(chosen)} of {len(features)} inputs, {size} bytes, {reached:.0%} of their {total} features")


def read(control_file: pathlib.Path) -> dict[pathlib.Path, set[int]]:
    """The features that each input reaches."""
    lines = control_file.read_text().splitlines()
    number = int(lines[0])
    paths = [pathlib.Path(line) for line in lines[2 : 2 + number]]
    features: dict[pathlib.Path, set[int]] = {path: set() for path in paths}
    for line in lines[2 + number :]:
        word, *numbers = line.split()
        if word == "FT":
            features[paths[int(numbers[0])]].update(map(int, numbers[1:]))
    return features


if __name__ == "__main__":
    main(pathlib.Path(sys.argv[1]), pathlib.Path(sys.argv[2]))
