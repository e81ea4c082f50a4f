"""The command line of the package: `python -m flagstaff codegen`."""

import argparse
import json
import os
import sys
import urllib.error
import urllib.request
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from flagstaff import Client, FlagstaffError
from flagstaff.codegen import CodegenError, generate

_TIMEOUT_S = 30
_FAILED = 2


def main(arguments: Sequence[str] | None = None) -> int:
    """Run a command; returns the exit code."""
    parser = argparse.ArgumentParser(prog="python -m flagstaff", description="Tools for programs that use Flagstaff.")
    commands = parser.add_subparsers(required=True, metavar="COMMAND")
    command = commands.add_parser(
        "codegen",
        help="write a Python module with a typed function for each flag",
        description="Writes a Python module with a typed function for each flag, from a document or from a server.",
    )
    command.add_argument(
        "document", nargs="?", metavar="FILE", help="a document in JSON; - is stdin; else ask the server"
    )
    command.add_argument("-o", "--output", type=Path, metavar="FILE", help="the module to write; without it, stdout")
    command.add_argument("--url", default=os.environ.get("FLAGSTAFF_URL"), help="the server (FLAGSTAFF_URL)")
    command.add_argument("--key", default=os.environ.get("FLAGSTAFF_KEY"), help="a `server` key (FLAGSTAFF_KEY)")
    command.add_argument("--exclude", action="append", default=[], metavar="FLAG", help="leave out a flag; repeatable")
    command.add_argument("--check", action="store_true", help="write nothing; exit with 1 if the module is out of date")
    options = parser.parse_args(arguments)
    try:
        return _codegen(options)
    except (CodegenError, FlagstaffError, OSError, ValueError) as error:
        sys.stderr.write(f"error: {error}\n")
        return _FAILED


def _codegen(options: argparse.Namespace) -> int:
    document = _read_document(options)
    issues = Client.from_document(document).issues
    left_out = {issue["flag"] for issue in issues} | set(options.exclude)
    for issue in issues:
        sys.stderr.write(f"warning: left out the flag `{issue['flag']}`, which is broken: {issue['message']}\n")
    flags = {key: flag for key, flag in document.get("flags", {}).items() if key not in left_out}
    text = generate({**document, "flags": flags})
    output: Path | None = options.output
    if options.check:
        if output is None:
            message = "--check needs --output, the module to compare with"
            raise ValueError(message)
        is_current = output.exists() and output.read_text(encoding="utf-8") == text
        if not is_current:
            sys.stderr.write(f"{output} is not up to date: generate it again\n")
        return 0 if is_current else 1
    if output is None:
        sys.stdout.write(text)
    else:
        output.write_text(text, encoding="utf-8")
    return 0


def _read_document(options: argparse.Namespace) -> dict[str, Any]:
    if options.document == "-":
        text = sys.stdin.read()
    elif options.document:
        text = Path(options.document).read_text(encoding="utf-8")
    else:
        text = _download(options.url, options.key)
    document: dict[str, Any] = json.loads(text)
    return document


def _download(url: str | None, key: str | None) -> str:
    if not url or not key:
        message = "name a document, or a server with --url and --key (FLAGSTAFF_URL, FLAGSTAFF_KEY)"
        raise ValueError(message)
    if not url.startswith(("http://", "https://")):
        message = "--url must be an http:// or https:// URL"
        raise ValueError(message)
    request = urllib.request.Request(  # noqa: S310 - the scheme is checked
        f"{url.rstrip('/')}/api/v1/sdk/snapshot", headers={"Authorization": f"Bearer {key}"}
    )
    try:
        with urllib.request.urlopen(request, timeout=_TIMEOUT_S) as response:  # noqa: S310 - the scheme is checked
            text: str = response.read().decode()
            return text
    except urllib.error.HTTPError as error:
        message = f"the server answered {error.code}: {_detail(error)}"
        raise OSError(message) from None


def _detail(error: urllib.error.HTTPError) -> str:
    """Return why the server refused, if it is a server of Flagstaff."""
    try:
        problem = json.loads(error.read())
        return str(problem.get("detail") or problem.get("title"))
    except (ValueError, AttributeError):
        return str(error.reason)


if __name__ == "__main__":
    sys.exit(main())
