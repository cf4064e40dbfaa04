"""Explorable charts (plotly, loaded with the first) of runs and studies: notebooks, tables, documentation."""

from __future__ import annotations

import math
from collections.abc import Sequence
from statistics import fmean, pstdev
from typing import TYPE_CHECKING, Any

import numpy as np
from torch import Tensor

if TYPE_CHECKING:
    from plotly import graph_objects as go

INK, PRIVATE, ATTACKER = "#16202A", "#0A3F7D", "#9C1F0E"
SHOWN = 8
"""Pictures of a batch that are drawn."""
REPEATS = ("picture", "seed", "number", "pair")
"""Coordinates that only repeat a measurement: a chart takes the mean over them."""

Row = dict[str, Any]


def run_chart(history: list[Row], truth: Tensor, images: Tensor, title: str) -> go.Figure:
    """Pictures (B,C,H,W) in [0,1], private above and rebuilt below; beside them every curve of the history.

    Loss terms are on a logarithmic axis where all are positive. The legend switches curves on and off.
    """
    from plotly import graph_objects as go
    from plotly.subplots import make_subplots

    figure = make_subplots(
        rows=2, cols=2, column_widths=(0.45, 0.55), vertical_spacing=0.12,
        subplot_titles=("client keeps", "loss and its terms", "attacker sees", "likeness"),
    )  # fmt: skip
    for row, pictures in ((1, truth), (2, images)):
        figure.add_trace(go.Image(z=contact_sheet(pictures), hoverinfo="skip"), row=row, col=1)
        figure.update_xaxes(visible=False, row=row, col=1)
        figure.update_yaxes(visible=False, row=row, col=1)
    steps = [entry["iteration"] for entry in history]
    terms = [key for key in history[0] if key not in ("iteration", "seconds", "restart", "psnr", "ssim")]
    for key in terms:
        figure.add_trace(curve(steps, [entry.get(key) for entry in history], key), row=1, col=2)
    values = [entry.get(key) for entry in history for key in terms]
    if all(value is not None and value > 0 for value in values):
        figure.update_yaxes(type="log", row=1, col=2)
    for key, name in (("psnr", "PSNR, dB"), ("ssim", "SSIM x 100")):
        factor = 100 if key == "ssim" else 1
        figure.add_trace(curve(steps, [factor * entry[key] for entry in history], name), row=2, col=2)
    figure.update_xaxes(title_text="step", row=2, col=2)
    return figure.update_layout(title=title, template="simple_white", font_color=INK, height=560)


def curve(x: list[Any], y: list[Any], name: str) -> go.Scatter:
    from plotly import graph_objects as go

    return go.Scatter(x=x, y=y, name=name, mode="lines+markers", marker_size=4)


def contact_sheet(pictures: Tensor, side: int = 128) -> np.ndarray:
    """(B,C,H,W) in [0,1] -> (H',W',3) uint8: the first pictures side by side, enlarged by a whole factor."""
    pixels = (pictures[:SHOWN].detach().cpu().clamp(0, 1) * 255).round().byte()
    row = np.concatenate(list(pixels.expand(-1, 3, -1, -1).permute(0, 2, 3, 1).numpy()), axis=1)
    factor = max(1, side // pictures.shape[-1])
    return row.repeat(factor, axis=0).repeat(factor, axis=1)


def study_chart(rows: list[Row], keys: Sequence[str], columns: Sequence[str], title: str) -> go.Figure | None:
    """A study's table: means and standard deviations over its repeats; a menu chooses what is measured.

    Along the axis runs the coordinate of most numbers, else the first that varies; another makes the lines. Values may
    be text. None where nothing numeric was measured.
    """
    from plotly import graph_objects as go

    measured = [c for c in columns if any(number(row[c]) is not None for row in rows)]
    if not measured:
        return None
    across, line = axes(rows, keys)
    levels = list(dict.fromkeys(str(row[line]) for row in rows)) if line else [""]
    chosen = {level: [row for row in rows if line is None or str(row[line]) == level] for level in levels}
    figure = go.Figure()
    for level in levels:
        x, mean, spread, text = summary(chosen[level], across, measured[0])
        figure.add_trace(go.Scatter(
            x=x, y=mean, error_y={"array": spread, "thickness": 1}, text=text, name=level, mode="lines+markers",
            hovertemplate="%{x}: %{y:.4g} ± %{error_y.array:.2g}, %{text}", showlegend=bool(line),
        ))  # fmt: skip
    buttons = [menu_entry(column, list(chosen.values()), across) for column in measured]
    figure.update_layout(
        title=title, template="simple_white", font_color=INK, legend_title_text=line or "", xaxis_title=across,
        yaxis_title=measured[0], updatemenus=[{"buttons": buttons, "x": 1, "xanchor": "right", "y": 1.15}],
    )  # fmt: skip
    return figure


def menu_entry(column: str, lines: list[list[Row]], across: str) -> dict[str, Any]:
    """The button that shows another measured column."""
    found = [summary(rows, across, column) for rows in lines]
    change = {
        "x": [x for x, *_ in found],
        "y": [mean for _, mean, *_ in found],
        "error_y": [{"array": spread, "thickness": 1} for _, _, spread, _ in found],
        "text": [text for *_, text in found],
    }
    return {"label": column, "method": "update", "args": [change, {"yaxis.title.text": column}]}


def axes(rows: list[Row], keys: Sequence[str]) -> tuple[str, str | None]:
    """(coordinate along the axis, coordinate of the lines or None)."""
    levels = {key: dict.fromkeys(str(row[key]) for row in rows) for key in keys}
    varying = [k for k in keys if len(levels[k]) > 1 and k not in REPEATS] or [k for k in keys if len(levels[k]) > 1]
    varying = varying or list(keys[:1])
    numeric = [k for k in varying if all(number(level) is not None for level in levels[k])]
    across = max(numeric, key=lambda k: len(levels[k])) if numeric else varying[0]
    return across, next((k for k in varying if k != across), None)


def summary(rows: list[Row], across: str, column: str) -> tuple[list[Any], list[float], list[float], list[str]]:
    """(places, means, standard deviations, how many) of a column along a coordinate."""
    found: dict[Any, list[float]] = {}
    for row in rows:
        value = number(row[column])
        if value is not None:
            place = number(row[across])
            found.setdefault(str(row[across]) if place is None else place, []).append(value)
    places = sorted(found) if all(isinstance(place, float) for place in found) else list(found)
    many = [f"{len(found[p])} measured" for p in places]
    return places, [fmean(found[p]) for p in places], [pstdev(found[p]) for p in places], many


def number(value: Any) -> float | None:
    """A finite number from a table's cell, or None."""
    try:
        found = float(value)
    except (TypeError, ValueError):
        return None
    return found if math.isfinite(found) else None


def sparkline(values: Sequence[float], name: str, width: int = 180, height: int = 48) -> str:
    """A curve as inline SVG, from its least to its greatest finite value."""
    known = [(i, v) for i, v in enumerate(values) if math.isfinite(v)]
    if not known:
        return ""
    low, high = min(v for _, v in known), max(v for _, v in known)
    across, up = width / max(1, len(values) - 1), (height - 4) / ((high - low) or 1)
    points = " ".join(f"{i * across:.1f},{height - 2 - (v - low) * up:.1f}" for i, v in known)
    return (
        f'<figure style="display:inline-block;margin:4px 16px 4px 0"><svg width="{width}" height="{height}">'
        f'<polyline points="{points}" fill="none" stroke="{ATTACKER}" stroke-width="1.5"/></svg>'
        f"<figcaption>{name}: {values[0]:.3g} to {values[-1]:.3g}</figcaption></figure>"
    )
