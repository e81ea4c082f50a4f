"""The files and folders that README.md and docs/architecture.md name exist, and every page links to files that exist

A newcomer uses these two pages to find the code: after moving a file, update its path there.
"""

import re

import pytest

from cases import CONFORMANCE

ROOT = CONFORMANCE.parent
PAGES = ("README.md", "docs/architecture.md")
LINKING_PAGES = ("README.md", "*/README.md", "docs/*.md", "docs/javascript/*.md", "docs/python/*.md", "docs/spec/*.md")
# A path from the root of the repository, such as `core/src/operator.rs` or `bench/`.
PATH = re.compile(r"`([\w.-]+/[\w./-]*)`")
# Created by a build or by the first start, so not in the repository.
GENERATED = ("target/", ".flagstaff/")
LINK = re.compile(r"\]\(([^)#\s]*)(?:#([\w-]+))?\)")
HEADING = re.compile(r"^#+ (.*)$", re.MULTILINE)
QUESTION = re.compile(r"^\| (.*\?) \| `([\w./-]+)`", re.MULTILINE)
QUESTIONS = 7


def text_of(page: str) -> str:
    """The page, without its examples of programs"""
    return re.sub(r"```.*?```", "", (ROOT / page).read_text(encoding="utf-8"), flags=re.DOTALL)


def named() -> list[tuple[str, str]]:
    """Each page with each path that it names"""
    found = {(page, path) for page in PAGES for path in PATH.findall(text_of(page)) if not path.startswith(GENERATED)}
    return sorted(found)


def linked() -> list[tuple[str, str, str]]:
    """Each page with each file that it links to, and the section of that file"""
    pages = [str(path.relative_to(ROOT)) for pattern in LINKING_PAGES for path in ROOT.glob(pattern)]
    found = {(page, *link) for page in pages for link in LINK.findall(text_of(page)) if "://" not in link[0]}
    return sorted(found)


def sections(text: str) -> set[str]:
    """The headings of a page, as they appear in links"""
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in HEADING.findall(text)}


@pytest.mark.parametrize(("page", "path"), named(), ids=lambda part: part)
def test_a_named_path_exists(page: str, path: str) -> None:
    """From the root of the repository"""
    assert (ROOT / path).exists()


@pytest.mark.parametrize(("page", "link", "section"), linked(), ids=lambda part: part)
def test_a_link_leads_to_a_file_and_its_section(page: str, link: str, section: str) -> None:
    """From the folder of the page; without a file the link leads into the page itself"""
    target = (ROOT / page).parent / link if link else ROOT / page
    assert target.exists()
    assert section == "" or section in sections(target.read_text(encoding="utf-8"))


def test_the_readme_answers_the_first_questions() -> None:
    """Each with the file that leads to the answer"""
    found = QUESTION.findall(text_of("README.md"))
    assert len(found) == QUESTIONS
    assert [path for _, path in found if not (ROOT / path).is_file()] == []
