"""The guides of docs/python: their files are written as shown, and their commands succeed."""

import os
import pathlib
import re
import subprocess
import sys

import pytest
from real_server import TOKEN

GUIDES = pathlib.Path(__file__).parents[3] / "docs/python"
BLOCK = re.compile(r"^```(\w+)\n(.*?)^```$", re.DOTALL | re.MULTILINE)
# The first line of a block names its file, as a comment of its language.
FILE = re.compile(r"(?:#|//|<!--) ([\w./-]+\.\w+)(?: -->)?\n")
PROGRAMS = {"pytest": [sys.executable, "-m", "pytest", "-p", "no:cacheprovider"], "python": [sys.executable]}


def pages():
    return sorted(page.name for page in GUIDES.glob("*.md") if page.name != "README.md")


@pytest.mark.parametrize("page", pages())
def test_the_program_of_a_guide_runs(page, tmp_path, request):
    commands = []
    for language, text in BLOCK.findall((GUIDES / page).read_text(encoding="utf-8")):
        if language == "sh":
            commands += text.splitlines()
            continue
        named = FILE.match(text)
        assert named, f"a block of {language} names no file"
        file = tmp_path / named[1]
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text[named.end() :])
    assert commands
    environment = {name: value for name, value in os.environ.items() if not name.startswith("FLAGSTAFF_")}
    # Loading all the plugins of this tree takes longer than the tests of a guide.
    environment |= {"PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1", "PYTEST_PLUGINS": "flagstaff.pytest_plugin,xdist.plugin"}
    if page == "admin.md":
        server = request.getfixturevalue("real_server")
        environment |= {"FLAGSTAFF_SERVER": server.url, "FLAGSTAFF_TOKEN": TOKEN}
    for command in commands:
        program, *arguments = command.split()
        done = subprocess.run(
            [*PROGRAMS[program], *arguments],
            cwd=tmp_path,
            env=environment,
            check=False,
            capture_output=True,
            text=True,
            timeout=60,
        )
        assert done.returncode == 0, f"{command}\n{done.stdout}{done.stderr}"
