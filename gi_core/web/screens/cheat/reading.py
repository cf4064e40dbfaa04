"""What the browser shows of a malicious server's round: each private photograph beside what was read of it."""

from __future__ import annotations

import base64
import io
import math
import time
from typing import Any, cast

import torch
import torch.nn.functional as F
from PIL import Image
from torch import Tensor

from gi_core.evaluation.inspection import Sight
from gi_core.metrics.scores import recovered
from gi_core.run import Run
from gi_core.torch_setup import run_threads
from gi_core.trace import finite
from gi_core.web.payload import wire

COLUMNS = 8
"""Photographs in a row of a sheet."""
GOOD = 30.0
"""dB from which a photograph counts as read."""


def reading(run: Run, side: int) -> dict[str, Any]:
    """One round as plain data, the photographs matched with the truth, which is for the picture alone.

    ``tiles``: one per photograph of the target client: ``state`` (read, blend: several share its row, noisy: alone but
    drowned, lost: nothing), ``psnr`` in dB, ``step``: the largest difference of a pixel in 255ths, ``trusted``: whether
    the server knows it, ``at``: its place in the sheet, where it has one. ``sheet``: readings of ``side`` pixels.
    """
    server = run.observation.server
    if server is None or server.layer is None:
        return honest(run)
    with run_threads():
        started = time.process_time()
        (frame,) = run.attack.run(run.observation, 0)
        seconds = time.process_time() - started
    pool, report = frame.pool, cast(dict[str, Any], frame.report)
    assert pool is not None
    rows, bins = torch.tensor(report["rows"], dtype=torch.long), rows_of(run)
    crowd = torch.bincount(bins, minlength=int(rows.max()) + 1 if len(rows) else 1)
    chosen: list[int] = []
    tiles = [
        tile(photo, pool, (rows == bins[i]).nonzero()[:, 0], int(crowd[bins[i]]), report["trust"], chosen)
        for i, photo in enumerate(run.truth)
    ]
    read = [one["state"] == "read" for one in tiles]
    behind = recovered(run.cohort, pool)[len(run.truth) :]
    return finite({
        "tiles": tiles, "sheet": sheet(pool[chosen], side), "read": sum(read),
        "exact": sum(good and one["step"] <= 1 for good, one in zip(read, tiles, strict=True)),
        "trusted": report["trusted"], "others": len(behind), "others_read": int(behind.sum()),
        "expected": report["expected"] / len(run.cohort), "rows": server.options["bins"], "decoding": seconds,
        "wire": wire(run), "layer": layer_size(run),
    })  # fmt: skip


def honest(run: Run) -> dict[str, Any]:
    """A round without a slipped-in layer: there is nothing to divide."""
    return {
        "tiles": [{"state": "lost"} for _ in run.truth], "sheet": None, "read": 0, "exact": 0, "trusted": 0,
        "others": len(run.cohort) - len(run.truth), "others_read": 0, "expected": None, "rows": 0, "decoding": 0.0,
        "wire": wire(run), "layer": 0,
    }  # fmt: skip


def tile(photo: Tensor, pool: Tensor, own: Tensor, crowd: int, trust: list[bool], chosen: list[int]) -> dict[str, Any]:
    """What became of ``photo`` (C,H,W): ``own`` holds the places in the pool that its row gave, ``crowd`` how many
    photographs share the row; ``chosen`` collects the places that are shown."""
    alone = crowd == 1
    if not len(pool):
        return {"state": "lost" if alone else "blend", "crowd": crowd}
    errors = (pool - photo).flatten(1).square().mean(1)
    best = int(errors.argmin())
    if not (read := float(errors[best]) < 10 ** (-GOOD / 10)):
        if not len(own):
            return {"state": "lost" if alone else "blend", "crowd": crowd}
        best = int(own[0])
    if best not in chosen:
        chosen.append(best)
    return {
        "state": "read" if read else "noisy" if alone else "blend",
        "psnr": round(-10 * math.log10(max(float(errors[best]), 1e-20)), 1),
        "step": int((of_255(pool[best]) - of_255(photo)).abs().max()),
        "trusted": trust[best], "crowd": crowd, "at": chosen.index(best),
    }  # fmt: skip


def of_255(picture: Tensor) -> Tensor:
    return (picture.clamp(0, 1) * 255).round()


def rows_of(run: Run) -> Tensor:
    """(N,): the row in which each picture behind the update stands."""
    server = run.observation.server
    assert server is not None
    rows = run.victim.get_submodule(str(server.layer))
    weight, thresholds = rows.get_parameter("weight").detach(), -rows.get_parameter("bias").detach()
    inputs = ((run.cohort - run.victim.mean) / run.victim.std).flatten(1)
    return (torch.bucketize(inputs @ weight[0, : inputs.shape[1]], thresholds) - 1).clamp_min(0).cpu()


def layer_size(run: Run) -> int:
    """Numbers in the layer that was slipped in."""
    assert run.observation.server is not None
    return sum(p.numel() for p in run.victim.get_submodule(str(run.observation.server.layer)).parameters())


def sheet(pictures: Tensor, side: int) -> dict[str, Any] | None:
    """(M,C,H,W) in [0,1] as one WebP, COLUMNS in a row; None without pictures."""
    if not len(pictures):
        return None
    shown = pictures.detach().float().cpu().clamp(0, 1)
    if shown.shape[-1] > side:
        shown = F.interpolate(shown, size=(side, side), mode="area")
    return {"src": webp(grid(shown)), "side": shown.shape[-1], "columns": COLUMNS}


def grid(pictures: Tensor) -> Image.Image:
    """(M,C,H,W) in [0,1], COLUMNS in a row."""
    side = pictures.shape[-1]
    lines = -(-len(pictures) // COLUMNS)
    made = Image.new("RGB", (COLUMNS * side, lines * side))
    for number, picture in enumerate(of_255(pictures).to(torch.uint8).expand(-1, 3, -1, -1)):
        place = (number % COLUMNS * side, number // COLUMNS * side)
        made.paste(Image.fromarray(picture.permute(1, 2, 0).contiguous().numpy()), place)
    return made


def webp(picture: Image.Image, quality: int = 85) -> str:
    """A data URI."""
    buffer = io.BytesIO()
    picture.save(buffer, "WEBP", quality=quality, method=2)
    return f"data:image/webp;base64,{base64.b64encode(buffer.getvalue()).decode()}"


def inspected(sight: Sight) -> dict[str, Any]:
    """An inspection for the browser, which makes the words: level and findings, the worst first."""
    found = [f for one in (sight.target, sight.others) if one is not None for f in one.findings]
    return finite({
        "level": sight.level,
        "findings": [{"check": f.check, "layer": f.layer, "value": f.value, "level": f.level} for f in found],
        "fingerprint": sight.target.fingerprint[:16],
    })  # fmt: skip
