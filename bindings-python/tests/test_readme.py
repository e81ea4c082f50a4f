"""The README of the package: its code runs, its options and messages are those of the package."""

import asyncio
import inspect
import re
import subprocess
import sys
import textwrap
from importlib import metadata
from pathlib import Path

import pytest
from flagstaff import Client

ROOT = Path(__file__).parents[2]
README = (ROOT / "bindings-python" / "README.md").read_text(encoding="utf-8")


BLOCK = re.compile(r"```python\n(.*?)```", re.DOTALL)
# What each recipe is tried with, in the order of the README.
RECIPES = {
    "django": """
        import django
        from django.conf import settings
        from django.http import HttpResponse
        from django.test import Client
        from django.urls import path

        urlpatterns = [path("", lambda request: HttpResponse("new" if request.flags["new-nav"] else "old"))]
        installed = {"INSTALLED_APPS": INSTALLED_APPS[1:], "MIDDLEWARE": MIDDLEWARE[1:]}
        settings.configure(ROOT_URLCONF="__main__", ALLOWED_HOSTS=["*"], FLAGSTAFF={"CLIENT": client}, **installed)
        django.setup()
        found = Client().get("/").text
    """,
    "fastapi": """
        from fastapi.testclient import TestClient

        found = TestClient(app).get("/").json()
    """,
    "flask": """
        found = app.test_client().get("/").text
    """,
    "celery": """
        found = write_email.apply().get()
    """,
}


def section(title):
    """Return the text under a heading."""
    return README.split(f"\n## {title}\n")[1].split("\n## ")[0]


def test_it_begins_with_few_lines_and_says_what_fails_before_what_there_is_to_set():
    (start,) = BLOCK.findall(section("Start"))
    assert len(start.splitlines()) <= 20
    titles = re.findall(r"^## (.*)$", README, re.MULTILINE)
    assert titles.index("Start") < titles.index("When something fails") < titles.index("Options")


def test_the_code_runs(real_server, monkeypatch, capsys):
    monkeypatch.setenv("FLAGSTAFF_URL", real_server.url)
    monkeypatch.setenv("FLAGSTAFF_KEY", real_server.key)
    real_server.switch("new-nav", True)
    blocks = BLOCK.findall(README.replace(section("Frameworks"), ""))
    assert len(blocks) == 5
    names = {}
    for block in blocks:
        exec(compile(block, "README.md", "exec"), names)  # noqa: S102 - our own
    assert capsys.readouterr().out.startswith("the new navigation\n")
    assert (names["layout"], names["page_size"], names["readiness"]) == ("list", 20, "READY")

    async def hear_of_a_change():
        watching = asyncio.create_task(names["watch"]())
        await asyncio.sleep(0.1)
        real_server.switch("new-nav", False)
        while "['new-nav']" not in capsys.readouterr().out:
            await asyncio.sleep(0.02)
        await names["client"].aclose()
        await watching

    asyncio.run(asyncio.wait_for(hear_of_a_change(), 20))


@pytest.mark.parametrize("framework", RECIPES)
def test_a_recipe_serves_the_flag(framework):
    blocks = dict(zip(RECIPES, BLOCK.findall(section("Frameworks")), strict=True))
    document = {"schemaVersion": 1, "flags": {"new-nav": {"type": "boolean", "enabled": True, "serve": "on"}}}
    start = f"import flagstaff\nclient = flagstaff.Client.from_document({document})\n"
    program = start + blocks[framework] + textwrap.dedent(RECIPES[framework]) + "assert found == 'new', found\n"
    run = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=False)
    assert (run.returncode, run.stderr) == (0, "")


def test_the_table_has_every_option_and_its_default():
    lines = [line.split("|") for line in section("Options").splitlines() if line.startswith("| `")]
    rows = [(name.strip(" `"), default.strip(" `")) for _, name, default, *_ in lines]
    parameters = inspect.signature(Client).parameters
    assert [name for name, _ in rows] == [name for name in parameters if name not in ("url", "key")]
    for name, default in rows:
        expected = 30 if name == "poll_interval" else parameters[name].default
        assert default == ("" if expected is None else repr(expected).replace("'", '"')), name


@pytest.mark.parametrize("message", re.findall(r"^\| `(.*?)` \|", section("Troubleshooting"), re.MULTILINE))
def test_each_message_is_one_of_the_package(message):
    folders = ("bindings-python/python", "bindings-python/src", "client/src", "core/src/context")
    sources = [path for folder in folders for path in (ROOT / folder).rglob("*.*") if path.suffix in (".py", ".rs")]
    text = "\n".join(path.read_text(encoding="utf-8") for path in sources)
    for part in message.split("…"):
        # The last one is pyo3's.
        assert part.strip(" :,") in text or message.startswith("PyO3 modules"), part


def test_links_lead_somewhere():
    for link in re.findall(r"\]\((.*?)\)", README):
        assert (ROOT / "bindings-python" / link).exists(), link


@pytest.mark.parametrize("name", ["LICENSE-MIT", "LICENSE-APACHE"])
def test_the_installed_package_has_the_licences_of_this_tree(name):
    (licence,) = [file for file in metadata.files("flagstaff") if file.name == name]
    assert licence.read_text(encoding="utf-8") == (ROOT / name).read_text(encoding="utf-8")
