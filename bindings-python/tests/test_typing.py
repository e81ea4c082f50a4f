"""The type stubs say what is there."""

import ast
import pathlib
import shutil
import subprocess
import sys

import flagstaff

HERE = pathlib.Path(__file__).parent


def run(*arguments, cwd):
    """Run a tool of mypy's."""
    result = subprocess.run([sys.executable, "-m", *arguments], cwd=cwd, capture_output=True, text=True, check=False)
    assert result.returncode == 0, result.stdout + result.stderr


def test_the_stub_is_that_of_the_native_module(tmp_path):
    # Of the whole package it would also compare modules with themselves, and does not know aliases of `Literal`.
    run("mypy.stubtest", "flagstaff._native", cwd=tmp_path)


DEFINITIONS = (ast.ClassDef, ast.FunctionDef, ast.AsyncFunctionDef)


def undocumented(node: ast.AST, prefix: str = "") -> list[str]:
    """Name what is public, below a module or a class, and has no docstring."""
    missing = []
    for child in ast.iter_child_nodes(node):
        if not isinstance(child, DEFINITIONS) or child.name.startswith("_"):
            continue
        is_overload = any(getattr(decorator, "id", "") == "overload" for decorator in child.decorator_list)
        if not ast.get_docstring(child) and not is_overload:
            missing.append(prefix + child.name)
        if isinstance(child, ast.ClassDef):
            missing += undocumented(child, f"{prefix}{child.name}.")
    return missing


def test_every_public_name_has_a_docstring_for_editors():
    package = pathlib.Path(flagstaff.__file__).parent
    files = [path for path in package.rglob("*.py*") if path.suffix in (".py", ".pyi") and path.name != "__main__.py"]
    assert {"_native.pyi", "_types.py", "testing.py"} <= {path.name for path in files}
    missing = [
        f"{path.name}: {name}" for path in files for name in undocumented(ast.parse(path.read_text(encoding="utf-8")))
    ]
    assert missing == []


def test_the_types_are_those_that_users_expect(tmp_path):
    run("mypy", "--strict", "--cache-dir", str(tmp_path), str(HERE / "type_checks"), cwd=HERE)


def test_the_types_are_the_same_for_pyright(tmp_path):
    # A line that is expected to be wrong, and is not, is an error.
    (tmp_path / "pyrightconfig.json").write_text('{"reportUnnecessaryTypeIgnoreComment": "error"}')
    shutil.copytree(HERE / "type_checks", tmp_path / "type_checks")
    command = [HERE.parents[1] / "node_modules/.bin/pyright", "--pythonpath", sys.executable, "."]
    result = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert result.returncode == 0, result.stdout + result.stderr
