import io
from html.parser import HTMLParser

import pypdf
import pytest

from gi_core.defenses import parse_stack
from gi_core.report.risk import FORMATS, headline, html, pdf, spelled
from gi_core.risk.answer import answer
from gi_core.risk.set_up import EXAMPLES, SetUp
from gi_core.risk.wording import OUTSIDE, counted, sentence

FAR = SetUp(model="swin-tiny", batch_size=64, local_steps=100)


class Page(HTMLParser):
    def __init__(self, text):
        super().__init__()
        self.open, self.tags, self.links, self.text = [], [], [], ""
        self.feed(text)

    def handle_starttag(self, tag, attrs):
        self.tags.append(tag)
        if tag not in ("meta", "img", "br"):
            self.open.append(tag)
        self.links += [value for name, value in attrs if name in ("src", "href")]

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, data):
        self.text += data


@pytest.fixture(scope="module", params=[*EXAMPLES.values(), FAR], ids=[*EXAMPLES, "far"])
def found(request):
    return answer(request.param)


def test_html_stands_alone_and_holds_all_evidence(found):
    page = Page(html(found).decode())
    assert not page.open
    assert "script" not in page.tags
    assert all(link.startswith("data:") for link in page.links)
    assert headline(found) in page.text and sentence(found.reason) in page.text
    for near in found.runs:
        assert near.evidence.command in page.text
    for bound in found.bounds:
        assert bound.says in page.text
    assert all(text in page.text for text in map(OUTSIDE.__getitem__, found.outside))


def test_pdf_is_one_page_of_text(found):
    document = pypdf.PdfReader(io.BytesIO(pdf(found)))
    assert len(document.pages) == 1
    text = " ".join(document.pages[0].extract_text().split())
    assert headline(found) in text
    assert sentence(found.reason)[:60] in text
    assert "What this does not cover" in text and "kind of defense" in text
    if found.runs:
        assert f"Evidence: {counted(len(found.runs))}" in text
    for near in found.tables[:1] if len(found.tables) <= 4 else []:
        gain = near.evidence.gain
        assert near.evidence.table in text and (f"SSIM gain {gain:+.2f}" if gain is not None else "no control") in text
    heights = []
    document.pages[0].extract_text(visitor_text=lambda t, cm, tm, *_: t.strip() and heights.append(tm[5] or cm[5]))
    assert min(heights) > 15


def test_a_strength_is_spelled_out_where_it_is_the_default():
    assert spelled(parse_stack("dp-gaussian:epsilon=1")) == "dp-gaussian:epsilon=1"
    assert spelled(parse_stack("clip+gaussian:sigma=0.1")) == "clip:norm=1+gaussian:sigma=0.1"
    assert spelled(()) == ""


def test_formats():
    assert {name: kind for name, (kind, _) in FORMATS.items()} == {"html": "text/html", "pdf": "application/pdf"}
