"""The Dial: fast answers, honest controls, and a slider that moves the pictures."""

from __future__ import annotations

import pytest

from gi_core.web.screens.dial import dial

needs_weights = pytest.mark.skipif(not dial.attackers(), reason="no single-pass attack has weights here")


@needs_weights
def test_an_answer_holds_every_attack_beside_its_control():
    answer = dial.dial({"z": 0.003, "sample": "coffee"})
    assert [row["name"] for row in answer["attacks"]] == list(dial.attackers())
    for row in answer["attacks"]:
        assert row["gain"] == pytest.approx(row["psnr"] - row["control_psnr"])
        assert row["src"] != row["control"]


@needs_weights
def test_noise_costs_the_attack_its_gain():
    first = dial.attackers()[0]
    assert dial.mean_gains(1e-4, "cat")[first] > dial.mean_gains(3.0, "cat")[first] + 1


@needs_weights
def test_all_attacks_of_a_step_see_the_very_release_that_each_would_see_alone():
    shared = dial.ready(dial.attackers()[0], 0.01, "cat")
    for name in dial.attackers():
        alone, turned = dial.ready(name, 0.01, "cat"), dial.turned(shared, name)
        assert turned.attack.text == alone.attack.text
        assert dial.answered(turned).equal(dial.answered(alone))


@pytest.mark.parametrize("request_", [{"z": -1, "sample": "cat"}, {"z": 1, "sample": "/etc/passwd"}, {"sample": "cat"}])
def test_bad_requests_are_one_sentence(request_):
    answer = dial.dial(request_)
    assert answer["error"].endswith(".") and "Traceback" not in answer["error"]


@needs_weights
def test_the_slider_redraws_the_pictures(page):
    page.evaluate("window.dispatchEvent(new CustomEvent('gi:show', {detail: 'dial'}))")
    gain = page.locator('[data-a="0"] [data-k="psnr"]')
    page.wait_for_function("document.querySelector('[data-k=psnr]').textContent.includes('dB')", timeout=20_000)
    before, bits = gain.inner_text(), page.locator("#tab-dial [data-r=bits]").inner_text()
    page.locator("#tab-dial [data-r=z]").focus()
    page.keyboard.press("End")
    page.wait_for_function(
        "old => document.querySelector('[data-k=psnr]').textContent !== old", arg=before, timeout=10_000
    )
    assert page.locator("#tab-dial [data-r=bits]").inner_text() != bits
    page.wait_for_function("document.querySelector('#tab-dial [data-r=grid]').dataset.drawn === '3'", timeout=10_000)
    assert page.evaluate("document.documentElement.scrollWidth") <= 1440
