"""The line-up that verdicts in the browser use shows the pictures that gi_core's decoys are chosen from."""

from __future__ import annotations

import numpy as np
import torch
from PIL import Image

from gi_core.evaluation.identification import candidates
from gi_core.web.line_up import COLUMNS, FILE, SIDE, sheet
from gi_core.web.screens.explore.recorded import files


def test_the_sheet_holds_the_candidates_in_their_order():
    with Image.open(FILE) as kept:
        pixels = np.asarray(kept.convert("RGB"))
    assert FILE.name in files()
    assert pixels.shape == (198 // COLUMNS * SIDE, COLUMNS * SIDE, 3)
    few = (candidates(6, SIDE, 3, 0) * 255).round().to(torch.uint8)
    drawn = np.asarray(sheet(few)).astype(int)
    assert np.abs(pixels[:SIDE, : 6 * SIDE].astype(int) - drawn).max() <= 1
