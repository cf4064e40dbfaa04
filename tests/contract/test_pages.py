"""Tables in the docs say what the records say."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from gi_core.studies.published import venom_seconds, venom_table

ROOT = Path(__file__).resolve().parents[2]
PLACES = (("lenet", "cifar100"), ("resnet18", "imagenet"))
DOCS = sorted((ROOT / "docs").glob("*.md"))


@pytest.fixture(scope="module")
def pages():
    sys.path.insert(0, str(ROOT / "benchmarks"))
    try:
        import pages
    finally:
        sys.path.pop(0)
    return pages


@pytest.mark.parametrize("page", DOCS, ids=lambda page: page.name)
def test_a_page_is_what_would_be_written(pages, page):
    told = page.read_text(encoding="utf-8")
    assert pages.filled(told) == told, "python benchmarks/pages.py writes it anew"


def test_every_table_stands_on_a_page_once(pages):
    told = "".join(page.read_text(encoding="utf-8") for page in DOCS)
    assert {name: told.count(f"<!-- {name} -->") for name in pages.BLOCKS} == dict.fromkeys(pages.BLOCKS, 1)


def test_the_published_tables_are_whole():
    assert len(venom_table()) == 7 * 4 * 3 and len(venom_seconds()) == 7 * 4
    assert venom_table()["imagenet", "venom", 10].psnr == 24.32
    ratio = {place: venom_seconds()["dlg", *place] / venom_seconds()["venom", *place] for place in PLACES}
    assert round(ratio["lenet", "cifar100"]) == 1010 and round(ratio["resnet18", "imagenet"]) == 38315
