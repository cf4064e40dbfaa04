"""One figure of a run for a paper or a slide: private pictures, reconstructions, loss and likeness."""

from __future__ import annotations

import io
from typing import Any, Literal

from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

from gi_core.trace import Trace

INK, PRIVATE, ATTACKER = "#16202A", "#0A3F7D", "#9C1F0E"


def figure(trace: Trace, kind: Literal["png", "svg", "pdf"] = "png") -> bytes:
    """The figure as an encoded file. At most eight pictures of the batch are drawn."""
    shown = min(8, len(trace.truth))
    drawing = Figure(figsize=(9, 3.2), layout="constrained")
    FigureCanvasAgg(drawing)
    halves: Any = drawing.subfigures(1, 2, width_ratios=(1.25, 1))
    left, right = halves
    axes = left.subplots(2, shown, squeeze=False)
    for column in range(shown):
        score = trace.scores[column]
        for row, images, colour in ((0, trace.truth, PRIVATE), (1, trace.images, ATTACKER)):
            axis = axes[row][column]
            picture = images[column].clamp(0, 1).permute(1, 2, 0).numpy()
            axis.imshow(picture if picture.shape[2] == 3 else picture[..., 0], cmap="gray", vmin=0, vmax=1)
            axis.set(xticks=[], yticks=[])
            for spine in axis.spines.values():
                spine.set(color=colour, linewidth=1.5)
        axes[1][column].set_xlabel(f"{score['psnr']:.1f} dB\nSSIM {score['ssim']:.2f}", fontsize=8, color=INK)
    axes[0][0].set_ylabel("client keeps", color=PRIVATE, fontsize=9)
    axes[1][0].set_ylabel("attacker sees", color=ATTACKER, fontsize=9)
    loss, likeness = right.subplots(2, 1, sharex=True)
    steps = [row["iteration"] for row in trace.history]
    loss.plot(steps, [row["loss"] for row in trace.history], color=ATTACKER, linewidth=1.2)
    if min(row["loss"] for row in trace.history) > 0:
        loss.set_yscale("log")
    likeness.plot(steps, [row["psnr"] for row in trace.history], color=ATTACKER, linewidth=1.2)
    loss.set_ylabel("loss", fontsize=8)
    likeness.set_ylabel("PSNR, dB", fontsize=8)
    likeness.set_xlabel("step", fontsize=8)
    for axis in (loss, likeness):
        axis.tick_params(labelsize=8)
        axis.spines[["top", "right"]].set_visible(False)
    drawing.suptitle(
        f"{trace.scenario.model}, {trace.scenario.defense}, {trace.scenario.attack}", fontsize=9, color=INK
    )
    buffer = io.BytesIO()
    drawing.savefig(buffer, format=kind, dpi=160)
    return buffer.getvalue()
