"""A4 pages written line by line, text as text."""

from __future__ import annotations

import io
import textwrap
from collections.abc import Sequence

import numpy as np
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.backends.backend_pdf import PdfPages
from matplotlib.figure import Figure

INK, SOFT = "#16202A", "#44505B"
WIDTH, LINE = 104, 0.0146
TOP, BOTTOM = 0.965, 0.04


class Pen:
    """Writes down pages; a line that does not fit begins the next one."""

    def __init__(self) -> None:
        self.pages: list[Figure] = []
        self.turn()

    def turn(self) -> None:
        self.drawing = Figure(figsize=(8.27, 11.69))
        FigureCanvasAgg(self.drawing)
        self.pages.append(self.drawing)
        self.y = TOP

    def write(self, text: str, *, size: float = 9, gap: float = 0.0, colour: str = INK, weight: str = "normal") -> None:
        for line in textwrap.wrap(text, int(WIDTH * 9 / size)):
            if self.y < BOTTOM:
                self.turn()
            self.drawing.text(
                0.07, self.y, line, fontsize=size, color=colour, va="top", weight=weight, parse_math=False
            )
            self.y -= LINE * size / 9
        self.y -= LINE * (gap + 0.15)

    def head(self, text: str) -> None:
        self.y -= 0.5 * LINE
        self.write(text, size=11, gap=0.25, weight="bold")

    def pictures(self, shown: Sequence[np.ndarray], size: tuple[float, float]) -> None:
        """Pictures (H,W,3) in a row, each of a width and height in shares of the page."""
        width, height = size
        if self.y - height < BOTTOM:
            self.turn()
        for i, picture in enumerate(shown):
            axes = self.drawing.add_axes((0.07 + 2 * width * i, self.y - height - 0.005, width, height))
            axes.imshow(picture, interpolation="nearest", cmap="gray", vmin=0)
            axes.set_axis_off()
        self.y -= height + 0.008

    def pdf(self, title: str) -> bytes:
        buffer = io.BytesIO()
        with PdfPages(buffer, metadata={"Title": title, "CreationDate": None}) as book:
            for page in self.pages:
                book.savefig(page)
        return buffer.getvalue()
