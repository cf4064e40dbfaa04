"""Two languages, one table: the same keys, and a German page without English sentences in its frame."""

from __future__ import annotations

import json
import re

import pytest

from gi_core.scenario import Scenario
from gi_core.web.words import LANGUAGES, LOCALES
from tests.web.stage import READY, arrive, fill, show

ENGLISH, GERMAN = LANGUAGES["en"], LANGUAGES["de"]
ALIKE = {key for key, text in ENGLISH.items() if GERMAN.get(key) == text}
TELLING = re.compile(
    r"\b(the|of|and|with|from|what|which|is|are|this|that|these|your|own|its|nothing|every|how|before|after|step|"
    r"picture|pictures|settings|seed|copy|download|weights|noise|nobody|about|each|run|runs|lane|open|next|back)\b"
)


def test_every_language_has_every_key():
    assert ENGLISH.keys() == GERMAN.keys()


@pytest.mark.parametrize("language", LANGUAGES)
def test_keys_are_in_order_and_named_once(language):
    """In order, so that two branches that add words to different screens merge."""
    keys = [key for key, _ in json.loads((LOCALES / f"{language}.json").read_text("utf-8"), object_pairs_hook=list)]
    assert keys == sorted(set(keys))


def test_the_same_blanks_are_filled_in_both():
    for key, text in ENGLISH.items():
        assert sorted(re.findall(r"\{\w+%?\}", text)) == sorted(re.findall(r"\{\w+%?\}", GERMAN[key])), key


def test_only_names_and_symbols_are_alike():
    assert all(not TELLING.search(ENGLISH[key].lower()) for key in ALIKE), sorted(ALIKE)


def test_the_same_tags_mark_the_same_meanings():
    for key, text in ENGLISH.items():
        assert sorted(re.findall(r"<[^>]+>", text)) == sorted(re.findall(r"<[^>]+>", GERMAN[key])), key


SCREENS = LOCALES.parent / "screens"
NAMED = re.compile(r"""(?:\bt\(|words\[|data-(?:t|label)=)"((?:compare|evidence|cheat)\.[\w.-]+)\"""")


@pytest.mark.parametrize("screen", ["cheat", "compare", "evidence"])
def test_every_word_that_a_screen_names_is_there(screen):
    files = [file for kind in ("js", "html") for file in (SCREENS / screen).glob(f"*.{kind}")]
    named = {key for file in files for key in NAMED.findall(file.read_text()) if not key.endswith(("_", "."))}
    assert len(named) > 20 and named <= ENGLISH.keys()


VISIBLE = """() => {
  const walker = document.createTreeWalker(document.querySelector('.gradio-container'), NodeFilter.SHOW_TEXT);
  const found = [], foreign = 'code, .mono, [lang=en], svg.icon';
  for (let node; (node = walker.nextNode());) {
    const box = node.parentElement;
    if (!box || box.closest(`footer, option, textarea, ${foreign}`) || !box.checkVisibility()) continue;
    if (node.textContent.trim()) found.push(node.textContent.trim());
  }
  for (const node of document.querySelectorAll('.gi [aria-label], .gi option')) {
    if (node.closest(`${foreign}`)) continue;
    if (!(node.closest('select') ?? node).checkVisibility()) continue;
    found.push(node.getAttribute('aria-label') ?? node.textContent);
  }
  return found;
}"""


def english(texts):
    return sorted({text for text in texts if TELLING.search(text.lower().replace("update", "")) and len(text) > 3})


def test_the_german_page_has_no_english_frame(page, served):
    """Every room at rest, then what only opens: the drawer, its views, Share, each card of the lesson."""
    arrive(page, served[0] + "?lang=de")
    page.wait_for_function(READY)
    assert page.evaluate("document.documentElement.lang") == "de"
    left = {}

    def look(name):
        if found := english(page.evaluate(VISIBLE)):
            left[name] = found

    for room in ("compare", "evidence", "explore"):
        show(page, room)
        page.evaluate("document.querySelectorAll('.gi details').forEach(d => { d.open = true; })")
        page.wait_for_function("room => document.getElementById('tab-' + room).innerText.length > 200", arg=room)
        look(room)
    page.keyboard.press("3")
    fill(page)
    page.evaluate("document.querySelectorAll('.gi details').forEach(d => { d.open = true; })")
    page.wait_for_selector("[data-view=layers] table")
    page.wait_for_selector("[data-view=passes] .pass", timeout=60_000)
    look("drawer")
    for name, value in {"attack": "igg", "image_size": "9999", "seed": ""}.items():
        fill(page, **{name: value})
        page.wait_for_function("document.querySelector('[data-testid=run]').disabled")
        assert english([page.locator("[data-r=say]").inner_text()]) == []
        fill(page, **{name: getattr(Scenario(), name)})
        page.wait_for_function("!document.querySelector('[data-testid=run]').disabled")
    page.locator(".head [data-r=link]").click()
    look("share")
    page.keyboard.press("Escape")
    page.locator("[data-r=lesson]").evaluate("button => button.click()")
    for card in range(1, 7):
        page.wait_for_selector(f"[data-lesson='{card}']")
        look(f"card {card}")
        page.locator("[data-act=next]").click()
    assert left == {}


def test_the_choice_is_remembered_and_keeps_settings_and_room(page, served):
    arrive(page, served[0] + "?seed=5&hide=victim")
    page.wait_for_function("gi.query().includes('seed=5')")
    show(page, "compare")
    page.locator(".head select.lang").select_option("de")
    page.wait_for_function("document.documentElement.lang === 'de' && document.body.dataset.tab === 'compare'")
    page.wait_for_function("globalThis.gi?.query().includes('seed=5')")
    assert not page.get_by_test_id("network").is_visible()
    arrive(page, served[0])
    assert page.get_by_test_id("room-compare").inner_text() == "Vergleichen"
    arrive(page, served[0] + "?lang=en")
    assert page.get_by_test_id("room-compare").inner_text() == "Compare"
