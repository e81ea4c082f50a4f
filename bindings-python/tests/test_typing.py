"""The type stubs say what is there."""

import pathlib
import subprocess
import sys

HERE = pathlib.Path(__file__).parent


def run(*arguments, cwd):
    """Run a tool of mypy's."""
    result = subprocess.run([sys.executable, "-m", *arguments], cwd=cwd, capture_output=True, text=True, check=False)
    assert result.returncode == 0, result.stdout + result.stderr


def test_the_stubs_are_those_of_the_installed_package(tmp_path):
    run("mypy.stubtest", "flagstaff", cwd=tmp_path)


def test_the_types_are_those_that_users_expect(tmp_path):
    run("mypy", "--strict", "--cache-dir", str(tmp_path), str(HERE / "type_checks"), cwd=HERE)
