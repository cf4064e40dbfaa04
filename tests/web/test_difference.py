"""The difference map shows pixels: |private - rebuilt| x factor, opaque, in the lane that it is drawn in."""

from __future__ import annotations

import numpy as np

PIXELS = "c => Array.from(c.getContext('2d').getImageData(0, 0, c.width, c.height).data)"


def pixels(canvas) -> np.ndarray:
    """(n,4) of 0..255."""
    return np.array(canvas.evaluate(PIXELS)).reshape(-1, 4)


def test_difference_map_of_a_lane(page):
    page.click("nav [data-tab=compare]")
    canvases = page.locator("[data-r=lanes] canvas")
    canvases.nth(1).wait_for()
    page.wait_for_function("document.querySelectorAll('[data-r=lanes] canvas')[1].ariaLabel.includes('dB')")
    truth, guess = pixels(canvases.nth(0)), pixels(canvases.nth(1))
    assert truth[:, 3].min() == guess[:, 3].min() == 255 and np.abs(truth - guess).max() > 0
    page.select_option(".compare [data-r=difference]", "4")
    page.wait_for_function("document.querySelectorAll('[data-r=lanes] canvas')[1].ariaLabel.includes('×4')")
    shown = pixels(canvases.nth(1))
    assert shown[:, 3].min() == 255
    assert np.array_equal(shown[:, :3], np.minimum(255, 4 * np.abs(guess - truth)[:, :3]))
