"""`python -m flagstaff codegen`: the module runs, and mypy finds what is wrong with it."""

import importlib.util
import json
import pathlib
import subprocess
import sys
import textwrap

import pytest
from flagstaff.__main__ import main
from flagstaff.codegen import CodegenError, generate
from flagstaff.testing import InMemoryClient
from real_server import BINARY, RealServer

ROOT = pathlib.Path(__file__).parents[3]
DOCUMENT = {
    "schemaVersion": 1,
    "environment": "production",
    "flags": {
        "new-nav": {"type": "boolean", "enabled": True, "serve": "on", "description": 'The "new" \\ navigation.'},
        "buttonText": {
            "type": "string",
            "enabled": True,
            "variants": {"add": "Add", "wish": "I wish"},
            "offVariant": "add",
            "serve": "wish",
        },
        "page.size": {
            "type": "number",
            "enabled": True,
            "variants": {"small": 10, "large": 20},
            "offVariant": "small",
            "serve": "large",
        },
        "share": {"type": "number", "enabled": True, "variants": {"v": 0.5}, "offVariant": "v", "serve": "v"},
        "layout": {
            "type": "object",
            "enabled": True,
            "variants": {"list": {"columns": 1}, "grid": {"columns": 3}},
            "offVariant": "list",
            "serve": "grid",
            "description": "How everything that somebody has wished for is laid out on a large screen. " * 2,
        },
        "class": {"type": "boolean", "enabled": True, "serve": "off"},
        "float": {"type": "boolean", "enabled": True, "serve": "off"},
        "2fa": {"type": "boolean", "enabled": True, "serve": "off"},
        "cast": {"type": "boolean", "enabled": True, "serve": "off"},
    },
}
USE = """
    from typing import Any, Literal
    from typing_extensions import assert_type
    import flags
    from flagstaff import Client
    from flagstaff.testing import InMemoryClient

    reader = Client("http://localhost", "k").for_context()
    assert_type(flags.new_nav(reader), bool)
    assert_type(flags.button_text(InMemoryClient()), Literal["Add", "I wish"])
    assert_type(flags.button_text_variant(reader), Literal["add", "wish"] | None)
    assert_type(flags.page_size(reader), int)
    assert_type(flags.share(reader), float)
    assert_type(flags.layout(reader), dict[str, Any])
    assert_type(flags.float_(reader, default=True), bool)
    flags.new_nav(1)  # type: ignore[arg-type]
    flags.button_text(reader, "Ad")  # type: ignore[arg-type]
"""


def load(path):
    spec = importlib.util.spec_from_file_location("flags", path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture
def document(tmp_path):
    path = tmp_path / "flags.json"
    path.write_text(json.dumps(DOCUMENT))
    return path


def test_functions_read_the_flags(document, tmp_path):
    output = tmp_path / "flags.py"
    assert main(["codegen", str(document), "-o", str(output)]) == 0
    flags, client = load(output), InMemoryClient({"new-nav": True, "buttonText": "I wish", "page.size": 20})
    assert (flags.new_nav(client), flags.button_text(client), flags.page_size(client)) == (True, "I wish", 20)
    assert (flags.class_(client), flags.flag_2fa(client), flags.cast(client)) == (False, False, False)
    client.update({"page.size": "text", "layout": {"columns": 3}})
    assert (flags.page_size(client), flags.layout(client), flags.share(client)) == (10, {"columns": 3}, 0.5)
    assert flags.button_text_variant(client) == "value"
    assert "Add" in flags.ButtonText.__args__
    assert "'new' \\ navigation." in flags.new_nav.__doc__
    assert max(len(line) for line in output.read_text().splitlines()) <= 120


@pytest.mark.parametrize(
    "checker",
    [
        [sys.executable, "-m", "mypy", "--strict", "--warn-unused-ignores", "--config-file="],
        [ROOT / "node_modules/.bin/pyright", "--pythonpath", sys.executable],
    ],
    ids=["mypy", "pyright"],
)
def test_a_type_checker_knows_the_types_and_finds_what_is_wrong(checker, document, tmp_path):
    assert main(["codegen", str(document), "-o", str(tmp_path / "flags.py")]) == 0
    (tmp_path / "use.py").write_text(textwrap.dedent(USE))
    # For pyright: a line that is expected to be wrong, and is not, is an error.
    (tmp_path / "pyrightconfig.json").write_text('{"reportUnnecessaryTypeIgnoreComment": "error"}')
    command = [*checker, "."]
    done = subprocess.run(command, cwd=tmp_path, check=False, capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stdout + done.stderr


def test_two_flags_with_one_name_are_refused_unless_one_is_left_out(tmp_path, capsys):
    flag = DOCUMENT["flags"]["new-nav"]
    path = tmp_path / "both.json"
    path.write_text(json.dumps({"schemaVersion": 1, "flags": {"new-nav": flag, "newNav": flag}}))
    assert main(["codegen", str(path)]) == 2
    assert "`new-nav` and `newNav` would both be `new_nav`" in capsys.readouterr().err
    assert main(["codegen", str(path), "--exclude", "newNav"]) == 0
    assert "def new_nav(" in capsys.readouterr().out
    with pytest.raises(CodegenError):
        generate({"flags": {"a": flag, "A": flag}})


def test_a_broken_flag_is_left_out_and_named(tmp_path, capsys):
    path = tmp_path / "broken.json"
    path.write_text(
        json.dumps({"schemaVersion": 1, "flags": {"a": {"type": "boolean"}, "b": DOCUMENT["flags"]["class"]}})
    )
    assert main(["codegen", str(path)]) == 0
    captured = capsys.readouterr()
    assert "left out the flag `a`" in captured.err
    assert ("def a(" in captured.out, "def b(" in captured.out) == (False, True)


def test_check_compares_and_writes_nothing(document, tmp_path, capsys):
    output = tmp_path / "flags.py"
    arguments = ["codegen", str(document), "-o", str(output), "--check"]
    assert main(arguments) == 1
    assert not output.exists()
    main(arguments[:-1])
    assert main(arguments) == 0
    assert main(["codegen", str(document), "--check"]) == 2
    assert main(["codegen", "--url", "ftp://x", "--key", "k"]) == 2
    assert "http" in capsys.readouterr().err


@pytest.mark.skipif(not BINARY.exists(), reason="FLAGSTAFF_BINARY names no server binary")
def test_a_server_is_asked_for_its_flags(tmp_path, monkeypatch, capsys):
    server = RealServer(tmp_path)
    try:
        server.put("new-nav", {"enabled": True, "rolloutPercentage": 100})
        monkeypatch.setenv("FLAGSTAFF_URL", server.url)
        monkeypatch.setenv("FLAGSTAFF_KEY", server.key)
        assert main(["codegen", "-o", str(tmp_path / "flags.py")]) == 0
        assert load(tmp_path / "flags.py").new_nav(InMemoryClient({"new-nav": True})) is True
        assert main(["codegen", "--key", "fs_server_wrong"]) == 2
        assert "the server answered 401: " in capsys.readouterr().err
    finally:
        server.stop()
    assert main(["codegen"]) == 2
    assert "Connection refused" in capsys.readouterr().err
