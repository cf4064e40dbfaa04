"""Evidence: a map of what was measured, each cell the strongest recorded attack on its setting with its pictures.

Rows are families of networks, columns what one does about it. ``catalog`` is all that the room shows at first::

    rows [{name, models}]; columns [{name, batch_size, local_steps, clients, defense, accuracy}]
    cells [[{level, short, runs, pictures, tile, key, model, attack, psnr, gain, rank, control_rank, ...} | null]]
    sprite  data URI: a row per tile, private, rebuilt and control side by side, SIDE pixels each
    regimes (regimes.py), charts (charts.py)

A column's ``accuracy`` is the share of MNIST test digits read rightly under its defense, None where not measured.

Codes and numbers only; the browser makes the words.
"""

from __future__ import annotations

import base64
import io
from dataclasses import asdict, dataclass
from functools import lru_cache
from typing import Any

import gradio as gr
import torch
from PIL import Image

from gi_core.data.sources import open_picture
from gi_core.risk.evidence import Measurement, judged_runs, order, rows
from gi_core.risk.pictures import kept_pictures
from gi_core.risk.set_up import defense_of
from gi_core.scenario import Scenario
from gi_core.web.screens.evidence import answers, charts, regimes
from gi_core.web.widget import widget

SIDE = 32
"""Side of a picture in the sprite, pixels."""
SHORT = 120
"""Iterations of an attack that searches, up to which it counts as cut short where its plateau was not recorded."""

ROWS: dict[str, tuple[str, ...]] = {
    "mlp": ("mlp",),
    "lenet": ("lenet",),
    "convnet": ("convnet",),
    "resnet18": ("resnet18", "resnet18-preact"),
    "convnext": ("convnext-atto", "convnext-tiny"),
    "vit": ("vit-tiny", "vit-base-16"),
}
"""Families of networks: name of the row, and the models in it; the first one stands for the row in a set-up."""


@dataclass(frozen=True)
class Column:
    """What a setting has that the plainest has not."""

    name: str
    batch_size: int = 1
    local_steps: int = 1
    clients: int = 1
    defense: str = "none"


COLUMNS = (
    Column("one"),
    Column("pictures", batch_size=4),
    Column("pictures", batch_size=12),
    Column("steps", local_steps=5),
    Column("noise", defense="clip+gaussian:sigma=0.001"),
    Column("noise", defense="clip+gaussian"),
    Column("noise", defense="clip+gaussian:sigma=0.1"),
    Column("devices", clients=8),
    Column("devices", clients=64),
)


def render() -> gr.HTML:
    """The room's widget; the map comes along, so that nothing is blank."""
    functions = [evidence_cell, answers.risk_answer, answers.risk_run, answers.risk_report, regimes.feasibility_run]
    return widget("evidence", catalog=catalog(), server_functions=functions)


@lru_cache(maxsize=1)
def catalog() -> dict[str, Any]:
    """What the room shows before anything is asked."""
    found = [[cell_runs(row, column) for column in COLUMNS] for row in ROWS]
    tiles: list[Image.Image] = []
    cells = [[told(those, tiles) for those in row] for row in found]
    return {
        "rows": [{"name": name, "models": models} for name, models in ROWS.items()],
        "columns": [asdict(column) | {"accuracy": accuracy(column)} for column in COLUMNS],
        "cells": cells,
        "sprite": sheet(tiles),
        "side": SIDE,
        "regimes": regimes.catalog(),
        "charts": charts.catalog(),
    }


def accuracy(column: Column) -> float | None:
    """Share of MNIST test digits read rightly under a defense of the same kind and strength."""
    wanted = defense_of(Scenario(defense=column.defense))
    found = (row for row in rows("tradeoff") if defense_of(Scenario(defense=row["defense"])) == wanted)
    return next((float(row["accuracy"]) for row in found), None)


def cell_runs(row: str, column: Column) -> list[Measurement]:
    """Every judged run of a cell, the one that found most first."""
    found = [e for e in judged_runs() if e.scenario.weights == "init" and stands_in(e, row, column)]
    return sorted(found, key=order)


def stands_in(e: Measurement, row: str, column: Column) -> bool:
    s = e.scenario
    here = (s.batch_size, s.local_steps, s.clients, s.defense)
    wanted = (column.batch_size, column.local_steps, column.clients, column.defense)
    return s.model.partition(":")[0] in ROWS[row] and here == wanted


def told(found: list[Measurement], tiles: list[Image.Image]) -> dict[str, Any] | None:
    """A cell as plain data; its pictures are appended to ``tiles``. None where nothing was run."""
    if not found:
        return None
    best = found[0]
    pictures = three(best)
    if pictures is not None:
        tiles.append(pictures)
    return run_told(best) | {
        "short": best.level() == 0 and all(cut_short(e) for e in found),
        "runs": len(found),
        "pictures": len({name for e in found for name in e.pictures}),
        "tile": len(tiles) - 1 if pictures is not None else None,
    }


def run_told(e: Measurement) -> dict[str, Any]:
    """A run's figures. The judged picture is the one of its batch that leaked most."""
    judged = e.judged
    return {
        "key": e.key, "model": e.scenario.model, "mode": e.scenario.mode, "attack": e.scenario.attack,
        "names": list(e.pictures), "command": e.command, "level": e.level(), "psnr": e.psnr, "ssim": e.ssim,
        "gain": e.gain, "rank": judged.rank if judged else None,
        "control_rank": judged.control_rank if judged else None, "candidates": judged.candidates if judged else None,
    }  # fmt: skip


def cut_short(e: Measurement) -> bool:
    """Whether a run ended before its attack came to rest; where that was not recorded, by its few iterations."""
    if e.settled is not None:
        return not e.settled
    attack = e.scenario.attack_component
    return not attack.single_pass and attack.iterations <= SHORT


def three(e: Measurement) -> Image.Image | None:
    """Private, rebuilt and control of the picture that was rebuilt best, side by side; None where none was kept."""
    kept = kept_pictures(e)
    if kept is None:
        return None
    images, control = kept
    truth = torch.stack([open_picture(n, e.scenario.image_size, e.scenario.channels) for n in e.pictures])
    best = int((images - truth).square().flatten(1).mean(1).argmin())
    made = Image.new("RGB", (3 * SIDE, SIDE))
    for place, tile in enumerate((truth[best], images[best], control[best])):
        pixels = (tile.expand(3, -1, -1).permute(1, 2, 0) * 255).round().byte().numpy()
        made.paste(Image.fromarray(pixels).resize((SIDE, SIDE), Image.Resampling.BOX), (place * SIDE, 0))
    return made


def sheet(tiles: list[Image.Image]) -> str:
    """The tiles one below the other, as a data URI."""
    made = Image.new("RGB", (3 * SIDE, SIDE * max(1, len(tiles))))
    for place, tile in enumerate(tiles):
        made.paste(tile, (0, place * SIDE))
    buffer = io.BytesIO()
    made.save(buffer, "WEBP", lossless=True)
    return f"data:image/webp;base64,{base64.b64encode(buffer.getvalue()).decode()}"


def evidence_cell(request: dict[str, Any]) -> dict[str, Any]:
    """Every run of a cell: {runs}; ``request``: row and column as numbers."""
    row, column = request["row"], request["column"]
    if row not in range(len(ROWS)) or column not in range(len(COLUMNS)):
        return {"error": "There is no such cell."}
    return {"runs": [run_told(e) for e in cell_runs(list(ROWS)[int(row)], COLUMNS[int(column)])]}
