"""Runs the benchmark: `make bench` calls it after building everything.

usage: run.py --rust-worker FILE [--quick] [--languages rust,python,node] [--output FOLDER]
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import sys
import tempfile
import time
from pathlib import Path

import chart
import documents
import measure
import report
from subjects import LANGUAGES, Language
from worker import Launch

BENCH = Path(__file__).parent.parent
PYTHON = BENCH / "python/.venv/bin/python"


def main() -> None:
    """Write the documents, measure, write the report."""
    options = parse()
    effort = measure.QUICK if options.quick else measure.FULL
    languages = [LANGUAGES[name] for name in options.languages.split(",")]
    started = time.strftime("%Y-%m-%d %H:%M")
    before = os.getloadavg()[0]
    with tempfile.TemporaryDirectory(prefix="flagstaff-bench-") as folder:
        subjects = [subject for language in languages for subject in language.subjects]
        documents.write({subject.format for subject in subjects}, Path(folder))
        vendors = {subject.vendor for subject in subjects if subject.vendor}
        documents.write_imported(vendors, Path(folder), options.rust_worker)
        findings = [
            measure.run(language, launches(language, Path(folder), options.rust_worker), effort)
            for language in languages
        ]
    circumstances = {
        "Run": f"{started}, {effort.rounds} rounds of {effort.seconds * 1_000:.0f} ms for each cell",
        "Machine": f"{os.cpu_count()} cores, {platform.machine()}, {processor()}, {platform.system()}",
        "Load average of a minute": f"{before:.1f} before, {os.getloadavg()[0]:.1f} after; the run itself is 1",
    }
    text = report.markdown(findings, circumstances)
    options.output.mkdir(parents=True, exist_ok=True)
    (options.output / "report.md").write_text(text, encoding="utf-8")
    (options.output / "chart.svg").write_text(chart.svg(findings), encoding="utf-8")
    (options.output / "samples.json").write_text(json.dumps(report.raw(findings)), encoding="utf-8")
    sys.stdout.write(text)
    measure.say(f"written: report.md, chart.svg and samples.json in {os.path.relpath(options.output)}")


def parse() -> argparse.Namespace:
    """The command line."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--rust-worker", type=Path, required=True)
    parser.add_argument("--quick", action="store_true", help="a rough pass in a quarter of the time")
    parser.add_argument("--languages", default=",".join(LANGUAGES))
    parser.add_argument("--output", type=Path, default=BENCH / "results")
    return parser.parse_args()


def launches(language: Language, folder: Path, rust_worker: Path) -> dict[str, Launch]:
    """The command that starts the workers of a language."""
    programs = {
        "rust": (str(rust_worker),),
        "python": (str(PYTHON), "-W", "ignore", str(BENCH / "python/worker.py")),
        "node": ("node", "--expose-gc", str(BENCH / "node/worker.mjs")),
    }
    program = programs[language.name]
    return {
        subject.name: Launch((*program, subject.worker), documents.imported_folder(subject.vendor, folder))
        if subject.vendor
        else Launch((*program, subject.name), folder)
        for subject in language.subjects
    }


def processor() -> str:
    """Model name of the processor, if the system provides it."""
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
    except OSError:
        return platform.processor() or "unknown processor"
    return next((line.split(":", 1)[1].strip() for line in lines if line.startswith("model name")), "unknown processor")


if __name__ == "__main__":
    main()
