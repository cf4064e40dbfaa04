"""A run as plain JSON data for the stage: pictures as data URIs, curves, strips of |gradient|. Pure functions.

``run`` (what films.js plays)::

    id, state: recorded | running | judging | done | stopped;  failed carries message, queued carries place and wait
    text, cli, python                 what was run, for people, shell and Python
    scenario, pictures                the same for programs; one's own picture is named "your-picture.png"
    size {batch, width, height, side} tile size of the pictures in the payload, and the real picture side
    labels, truth                     classes of the pictures; B tiles side by side as one data URI
    total, seconds                    planned iterations; seconds used (None while running)
    frames [{iteration, seconds, src, psnr}]     src: B tiles side by side; recorded runs have row instead,
                                      counted in their sprite, which holds every frame's tiles
    history {iteration, seconds, loss, psnr, ssim}        parallel lists, at most 200 entries
    opinions [{iteration, src}]       what the attack's denoiser would rather see; [] where it has none
    layers [{name, short, numel, before, after, noise, before_cells, after_cells}]   cells {w, h, data}
    numel, defense [{name, text, its options}], scores, verdict
    noisy, single                     whether the change is noise; whether the attack answers in one pass
"""

from __future__ import annotations

import base64
import io
import shlex
from dataclasses import fields
from typing import Any

import numpy as np
import torch
import torch.nn.functional as F
from PIL import Image
from torch import Tensor

from gi_core.defenses.base import noise_of
from gi_core.evaluation.controls import SAYS
from gi_core.evaluation.judge import Judgement
from gi_core.evaluation.wording import inspected, sentence, weighed
from gi_core.observation import Tensors
from gi_core.run import Run, update_summary
from gi_core.scenario import Scenario
from gi_core.studies.atlas import band, noise_share
from gi_core.trace import KeptFrame, Trace, finite

TILE = 112
"""Pictures with a longer side are sent at this side."""
STRIPS = 4
ROWS, COLUMNS = 12, 64
SHOWN = ("inspection", "level", "word", "levels", "reason", "rank", "control_rank", "candidates", "settled")
CURVES = ("iteration", "seconds", "loss", "psnr", "ssim")


def still(run: Run, *, run_id: str, images: list[str]) -> dict[str, Any]:
    """The part of the payload that does not change during a run. ``images``: how to name the pictures in commands."""
    scenario, truth, labels = run.scenario, run.truth, run.labels.cpu().tolist()
    update = update_summary(run.clean, run.observation.update)
    side = truth.shape[-1]
    tile = min(side, TILE)
    return {
        "id": run_id,
        "text": scenario_text(scenario),
        "cli": cli_text(scenario, images),
        "python": python_text(scenario, images),
        "scenario": scenario.to_dict(),
        "pictures": images,
        "size": {"batch": len(truth), "width": tile, "height": tile, "side": side},
        "labels": labels,
        "truth": strip_uri(truth),
        "total": max(run.attack.iterations - 1, 1),
        "layers": layers(update, run.clean.tensors, run.observation.update.tensors),
        "numel": sum(row["numel"] for row in update),
        "wire": wire(run),
        "defense": defense_parts(scenario),
        "noisy": not scenario.defense_stack or noise_of(scenario.defense_stack, scenario.batch_size) is not None,
        "single": run.attack.single_pass,
        "scores": None,
        "verdict": None,
        "seconds": None,
    }


def moving(
    frames: list[KeptFrame], history: list[dict[str, Any]], drawn: dict[int, str] | None = None
) -> dict[str, Any]:
    """The part that grows: kept frames with their PSNR, and the curves.

    ``drawn`` remembers the data URI of each iteration between calls, so that a live run encodes each frame once.
    """
    likeness = {row["iteration"]: row["psnr"] for row in history}
    drawn = {} if drawn is None else drawn
    for frame in frames:
        if frame.iteration not in drawn:
            drawn[frame.iteration] = strip_uri(frame.images)
    return {
        "frames": [
            {
                "iteration": f.iteration,
                "seconds": round(f.seconds, 3),
                "src": drawn[f.iteration],
                "psnr": finite(round(likeness[f.iteration], 2)),
            }
            for f in frames
        ],
        "history": curves(history),
    }


def ended(trace: Trace) -> dict[str, Any]:
    """The part that a finished or stopped run adds."""
    return moving(trace.frames, trace.history) | {
        "seconds": round(trace.seconds, 2),
        "scores": mean_scores(trace.scores),
    }


def verdict(run: Run, judgement: Judgement) -> dict[str, Any]:
    """The verdict box: level, gain over control, rank, bits, control picture, and how it was reached."""
    told = judgement.to_dict()
    over, value = told["gain"]["psnr"], {bound.name: bound.value for bound in judgement.bounds}
    control, attack = told["control"], run.attack
    return finite({
        **{key: told[key] for key in SHOWN},
        "gain": over["mean"],
        "gain_low": over["low"],
        "gain_high": over["high"],
        "bits": value.get("bits"),
        "equations": value.get("counting"),
        "control": {"src": strip_uri(judgement.controls[control["name"]]), **control},
        "bounds": told["bounds"],
        "how": [
            sentence(told["levels"], told["reason"]),
            *([inspected(told["inspection"])] if told["inspection"] else []),
            weighed(told["reason"]),
            SAYS[control["name"]],
            *(f"{bound.says} {bound.binds}" for bound in judgement.bounds),
            *filter(None, (attack.assumes, attack.fails, attack.defend)),
        ],
    })  # fmt: skip


def mean_scores(scores: list[dict[str, Any]]) -> dict[str, Any]:
    """Mean over the batch of every metric that is available."""
    means = {}
    for name in scores[0]:
        values = [float(row[name]) for row in scores if row[name] is not None]
        means[name] = sum(values) / len(values) if values else None
    return finite(means)


def curves(history: list[dict[str, Any]], points: int = 200) -> dict[str, list[Any]]:
    """Parallel lists for the plots, thinned to ``points`` with the last row kept."""
    chosen = sorted({round(i) for i in np.linspace(0, len(history) - 1, min(points, len(history)))})
    rows = [history[i] for i in chosen]
    return finite({key: [_rounded(row[key]) for row in rows] for key in CURVES})


def _rounded(value: float) -> float:
    return value if isinstance(value, int) else float(f"{value:.5g}")


def strip_uri(images: Tensor) -> str:
    """(B,C,H,W) in [0,1] -> B tiles side by side as a data URI: PNG at native size, WebP where shrunk to TILE."""
    pixels = images.detach().float().cpu().clamp(0, 1)
    shrunk = pixels.shape[-1] > TILE
    if shrunk:
        pixels = F.interpolate(pixels, size=(TILE, TILE), mode="area")
    row = torch.cat(list((pixels * 255).round().to(torch.uint8)), dim=2)
    picture = Image.fromarray(row.expand(3, -1, -1).permute(1, 2, 0).contiguous().numpy())
    buffer = io.BytesIO()
    if shrunk:
        picture.save(buffer, "WEBP", quality=80, method=0)
    else:
        picture.save(buffer, "PNG", compress_level=3)
    kind = "webp" if shrunk else "png"
    return f"data:image/{kind};base64,{base64.b64encode(buffer.getvalue()).decode()}"


def with_sprite(run: dict[str, Any]) -> dict[str, Any]:
    """A finished run whose frames stand one below the other in one picture, which takes a third less room."""
    width, height = run["size"]["batch"] * run["size"]["width"], run["size"]["height"]
    sheet = Image.new("RGB", (width, height * len(run["frames"])))
    for row, frame in enumerate(run["frames"]):
        sheet.paste(Image.open(io.BytesIO(base64.b64decode(frame["src"].partition(",")[2]))), (0, row * height))
    buffer = io.BytesIO()
    sheet.save(buffer, "PNG", optimize=True)
    frames = [{k: v for k, v in frame.items() if k != "src"} | {"row": row} for row, frame in enumerate(run["frames"])]
    sprite = f"data:image/png;base64,{base64.b64encode(buffer.getvalue()).decode()}"
    return run | {"frames": frames, "sprite": sprite}


def layers(update: list[dict[str, Any]], clean: Tensors, released: Tensors) -> list[dict[str, Any]]:
    """Up to four weight tensors, first and last among them, with norms, noise share and strips of |entry|."""
    rows = [row for row in update if len(row["shape"]) > 1] or update
    chosen = sorted({round(i) for i in np.linspace(0, len(rows) - 1, min(STRIPS, len(rows)))})
    return [
        {
            "name": row["name"],
            "short": short_name(row, number=rows.index(row), last=row is rows[-1]),
            "numel": row["numel"],
            "before": row["norm_before"],
            "after": row["norm_after"],
            "noise": row["noise_share"],
            "before_cells": cells(clean[row["name"]]),
            "after_cells": cells(released[row["name"]]),
        }
        for row in (rows[i] for i in chosen)
    ]


def short_name(row: dict[str, Any], *, number: int, last: bool) -> str:
    """``conv1``, ``fc``: what kind of layer, and which in order."""
    if last:
        return "fc"
    return f"{'conv' if len(row['shape']) == 4 else 'linear'} {number + 1}"


def cells(tensor: Tensor) -> dict[str, Any]:
    """|entries| as a strip of at most ROWS x COLUMNS cells, square-root scale, the largest cell 255."""
    matrix = tensor.detach().float().cpu().abs()
    matrix = matrix.reshape(len(matrix), -1) if matrix.dim() > 1 else matrix.reshape(1, -1)
    height, width = min(ROWS, matrix.shape[0]), min(COLUMNS, matrix.shape[1])
    pooled = F.adaptive_avg_pool2d(matrix[None], (height, width))[0].sqrt()
    shade = (pooled / pooled.max().clamp_min(1e-30) * 255).round().to(torch.uint8).numpy()
    return {"w": width, "h": height, "data": base64.b64encode(shade.tobytes()).decode()}


def defense_parts(scenario: Scenario) -> list[dict[str, Any]]:
    """The defense's parts with all their options, for the browser to put in words."""
    return [
        {"name": part.name, "text": part.text} | {f.name: getattr(part, f.name) for f in fields(part)}
        for part in scenario.defense_stack
    ]


def scenario_text(scenario: Scenario) -> str:
    """One line: victim, defense, attack, seed."""
    parts = [scenario.model, *([] if scenario.defense == "none" else [scenario.defense]), scenario.attack]
    return " ".join([*parts, f"seed={scenario.seed}"])


def changed_fields(scenario: Scenario) -> dict[str, Any]:
    """The fields that differ from their defaults."""
    return {f.name: value for f in fields(scenario) if (value := getattr(scenario, f.name)) != f.default}


def cli_text(scenario: Scenario, images: list[str]) -> str:
    """The command that repeats the run."""
    options = [f"--{name.replace('_', '-')} {shlex.quote(str(v))}" for name, v in changed_fields(scenario).items()]
    return " ".join(["python -m gi_core run", *options, *(f"--image {shlex.quote(image)}" for image in images)])


def python_text(scenario: Scenario, images: list[str]) -> str:
    """The program that repeats the run."""
    options = ", ".join(f"{name}={value!r}" for name, value in changed_fields(scenario).items())
    return (
        "import torch\n\nimport gi_core as gi\nfrom gi_core.data.sources import open_picture\n\n"
        f"scenario = gi.Scenario({options})\n"
        f"images = torch.stack([open_picture(i, {scenario.image_size}, {scenario.channels}) for i in {images!r}])\n"
        "trace = gi.run(scenario, images)\nprint(trace.scores)\n"
    )


def wire(run: Run) -> dict[str, Any]:
    """What the wire shows of an update: its band before and after the defense, its size, its share of noise."""
    sent, clean = run.observation.update, band(run.clean)
    return {
        "sent": clean if sent.tensors is run.clean.tensors else band(sent),
        "clean": clean,
        "numel": sum(tensor.numel() for tensor in sent.tensors.values()),
        "share": noise_share(run.clean, sent),
    }
