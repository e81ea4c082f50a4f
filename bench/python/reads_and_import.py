"""The time of the second read of a flag of a request, in nanoseconds, and of the import, in milliseconds.

    bench/python/.venv/bin/python bench/python/reads_and_import.py

It needs `make bench-python`, which installs an optimised wheel in that environment.
"""

import subprocess
import sys
import timeit

from flagstaff import Client

RULE = {"when": {"attribute": "plan", "op": "equals", "value": "pro"}, "serve": "on"}
FLAG = {"type": "boolean", "enabled": True, "salt": "s", "rules": [RULE], "serve": {"variant": "on", "rollout": 50}}
READS, ROUNDS, IMPORTS = 1_000_000, 20, 30
IMPORT = "import time; started = time.perf_counter(); import flagstaff; print(time.perf_counter() - started)"


def nanoseconds(expression: str, **names: object) -> float:
    """Measure an expression; the lowest value counts, since noise only adds."""
    return min(timeit.repeat(expression, globals=names, number=READS, repeat=ROUNDS)) / READS * 1e9


def import_milliseconds() -> float:
    """Measure an import in a new process."""
    run = subprocess.run([sys.executable, "-c", IMPORT], check=True, capture_output=True, text=True)
    return float(run.stdout) * 1e3


def main() -> None:
    """Measure both, and a dict for comparison."""
    client = Client.from_document({"schemaVersion": 1, "flags": {"k": FLAG}})
    flags = client.for_context({"targetingKey": "user-1", "plan": "free", "country": "se"})
    of_a_dict = nanoseconds('flags["k"]', flags={"k": True})
    read, getter = nanoseconds('flags["k"]', flags=flags), nanoseconds('flags.boolean("k", False)', flags=flags)
    sys.stdout.write(f"flags['k'] {read:.1f} ns, flags.boolean('k', False) {getter:.1f} ns, ")
    sys.stdout.write(f"the same of a dict {of_a_dict:.1f} ns\n")
    sys.stdout.write(f"import {min(import_milliseconds() for _ in range(IMPORTS)):.1f} ms\n")


if __name__ == "__main__":
    main()
