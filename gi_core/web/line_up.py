"""Other pictures for the browser's own verdicts: ``python -m gi_core.web.line_up`` draws them anew.

They are those that ``gi_core.evaluation.identification.decoys`` chooses from, of 32 pixels and 8 bits, on one sheet.
"""

from __future__ import annotations

import torch
from PIL import Image
from torch import Tensor

from gi_core.evaluation.identification import candidates
from gi_core.paths import ASSETS

FILE = ASSETS / "atlas" / "line-up.webp"
SIDE, COLUMNS = 32, 18


def drawn() -> Tensor:
    """(N,3,32,32) uint8, in the order of their choice."""
    return (candidates(2 * 99, SIDE, 3, 0) * 255).round().to(torch.uint8)


def sheet(pictures: Tensor) -> Image.Image:
    """The pictures in rows of COLUMNS."""
    rows = [torch.cat(list(row), 2) for row in pictures.split(COLUMNS)]
    return Image.fromarray(torch.cat(rows, 1).permute(1, 2, 0).contiguous().numpy())


if __name__ == "__main__":
    sheet(drawn()).save(FILE, "WEBP", lossless=True, method=6)
