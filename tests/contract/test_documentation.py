"""The documentation is whole: every page is in the navigation, every link leads somewhere."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
PAGES = [
    *sorted((ROOT / "docs").glob("*.md")),
    *(ROOT / name for name in ("README.md", "CONTRIBUTING.md", "CHANGELOG.md")),
]
LINK = re.compile(r"!?\[[^\]]*\]\(([^)\s]+)\)")


def anchors(page: Path) -> set[str]:
    """Names of a page's headings, as GitHub and mkdocs make them."""
    headings = re.findall(r"^#+ (.+)$", page.read_text(), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).strip().replace(" ", "-") for heading in headings}


@pytest.mark.parametrize("page", PAGES, ids=lambda path: path.name)
def test_every_link_leads_somewhere(page):
    for target in LINK.findall(page.read_text()):
        if target.startswith(("http://", "https://", "mailto:")):
            continue
        file, _, anchor = target.partition("#")
        goal = (page.parent / file).resolve() if file else page
        assert goal.exists(), target
        assert goal.is_relative_to(ROOT), target
        if anchor:
            assert anchor in anchors(goal), target


def test_the_navigation_names_pages_that_are_there():
    text = (ROOT / "mkdocs.yml").read_text()
    named = re.findall(r"- ([\w\-]+\.md)\b", text[text.index("\nnav:") :])
    assert len(named) == len(set(named)) >= 10
    assert all((ROOT / "docs" / name).is_file() for name in named)


def test_every_page_can_be_reached():
    """From the navigation, the README, or a page that one comes from there."""
    text = (ROOT / "mkdocs.yml").read_text()
    reached = set(re.findall(r"- ([\w\-]+\.md)\b", text))
    for page in PAGES:
        reached |= {Path(target.partition("#")[0]).name for target in LINK.findall(page.read_text())}
    assert {page.name for page in (ROOT / "docs").glob("*.md")} <= reached


def test_pages_of_the_site_link_only_inside_it():
    """What lies outside of docs/ is not part of the site."""
    for page in (ROOT / "docs").glob("*.md"):
        for target in LINK.findall(page.read_text()):
            assert not target.startswith("../"), (page.name, target)


def test_the_readme_is_short():
    body = (ROOT / "README.md").read_text().split("\n---\n", 1)[1]
    assert body.count("\n") <= 120


def test_files_that_the_documentation_names_are_there():
    for page in PAGES:
        for name in re.findall(r"`((?:gi_core|benchmarks|tests|docs|assets)/[\w./-]+\.\w+)`", page.read_text()):
            assert (ROOT / name).exists(), (page.name, name)
