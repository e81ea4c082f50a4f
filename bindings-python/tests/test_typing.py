"""The type stubs say what is there."""

import ast
import pathlib
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


def test_every_method_of_the_stub_has_a_docstring_for_editors():
    stub = ast.parse((pathlib.Path(flagstaff.__file__).parent / "_native.pyi").read_text(encoding="utf-8"))
    missing = []
    for node in ast.walk(stub):
        for child in ast.iter_child_nodes(node):
            is_documented = isinstance(child, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef))
            if is_documented and not child.name.startswith("_") and isinstance(node, ast.ClassDef):
                is_overload = any(getattr(decorator, "id", "") == "overload" for decorator in child.decorator_list)
                if not ast.get_docstring(child) and not is_overload:
                    missing.append(f"{node.name}.{child.name}")
    assert missing == []


def test_the_types_are_those_that_users_expect(tmp_path):
    run("mypy", "--strict", "--cache-dir", str(tmp_path), str(HERE / "type_checks"), cwd=HERE)
