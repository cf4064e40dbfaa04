"""The Lesson: guess, then reveal; its figures come from the recorded runs."""

from __future__ import annotations

import re

from gi_core.web.screens.lab.lab import replay
from gi_core.web.screens.lesson import lesson
from gi_core.web.screens.lesson.lesson_text import STEPS
from gi_core.web.widget import replay_names
from gi_core.web.words import LANGUAGES


def test_every_placeholder_is_known_and_every_run_recorded():
    for number, step in enumerate(STEPS, 1):
        for words in LANGUAGES.values():
            text = words[f"lesson_{number}_text"] + words.get(f"lesson_{number}_reveal", "")
            assert (f"lesson_{number}_reveal" in words) == step.guess
            if step.run:
                assert step.run in replay_names()
                told = {"word", *lesson.told(replay(step.run)["run"])}
                assert set(re.findall(r"\{(\w+)\}", text)) <= told
            assert not re.search(r"\d[.,]\d+ dB|[+-]\d+ dB", text), "a figure of a result, written by hand"
    assert 5 <= len(STEPS) <= 7


def test_a_guess_uncovers_the_picture(page):
    page.evaluate("window.dispatchEvent(new CustomEvent('gi:show', {detail: 'lesson'}))")
    tab = page.locator("#tab-lesson")
    tab.get_by_role("button", name="Next").click()
    assert tab.locator(".covered").count() == 1
    tab.locator("[data-r=guess] button").first.click()
    assert tab.locator(".covered").count() == 0
    assert "dB" in tab.locator("[data-r=reveal]").inner_text()
    tab.get_by_role("button", name="Open this run in the Lab").click()
    page.wait_for_function("document.querySelector('[data-r=text]').textContent.includes('dlg')", timeout=10_000)
    assert page.evaluate("document.body.dataset.tab") == "lab"
