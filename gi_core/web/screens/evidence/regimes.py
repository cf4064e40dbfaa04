"""The regimes of the feasibility study beside what its paper reports, each with the pictures of its recorded runs."""

from __future__ import annotations

import base64
import json
import re
from functools import lru_cache
from pathlib import Path
from typing import Any

from PIL import Image

from gi_core.data.samples import samples
from gi_core.errors import BadInput
from gi_core.risk.evidence import RESULTS, rows, run_command
from gi_core.scenario import Scenario
from gi_core.studies.attempt import verdict
from gi_core.studies.feasibility import REGIMES, run_name, scenario_of
from gi_core.web.server.messages import sentence

PICTURES = RESULTS / "feasibility"
LEVELS = {"nothing at this budget": 0, "traces": 1, "recognisable": 2}

Words = tuple[str, ...]
GROUPS: tuple[tuple[str, Words, dict[str, tuple[str | None, ...]]], ...] = (
    (
        "norm", ("eval", "exact", "proxy", "huang"),
        {
            "convnet": ("convnet-eval", None, None, None),
            "resnet18": ("resnet18-eval", "post-train-exact", "post-train-proxy", "post-train-huang"),
            "resnet18-preact": ("preact-eval", "preact-train-exact", "preact-train-proxy", "preact-train-huang"),
        },
    ),
    (
        "modern", ("small", "small_two", "large", "large_two"),
        {
            "swin-tiny": ("swin-32", "swin-32-two", "swin-224", "swin-224-two"),
            "swinv2-tiny": ("swinv2-32", None, "swinv2-224", None),
            "convnext-tiny": ("convnext-32", None, "convnext-224", None),
            "maxvit-tiny": ("maxvit-32", None, "maxvit-224", None),
            "vit-base-16": ("vit-base-32", None, "vit-base-224", None),
            "resnet18": (None, None, "resnet18-224", None),
            "resnet18-preact": (None, None, "preact-224", None),
        },
    ),
    (
        "detection", ("inference", "training"),
        {
            "yolov8n": ("yolov8n-eval", "yolov8n-train"),
            "yolov8n, preact": ("yolov8n-preact-eval", "yolov8n-preact-train"),
            "yolov8n, BasicBlock": ("yolov8n-basic-eval", "yolov8n-basic-train"),
        },
    ),
)  # fmt: skip
"""Tables: name, names of the columns, and a row of regimes per victim."""


def catalog() -> dict[str, Any]:
    """The tables, and of every regime what was assumed, what the paper says, and the figures of its recorded runs."""
    return {
        "groups": [
            {"name": name, "columns": columns, "rows": [{"victim": v, "cells": cells} for v, cells in table.items()]}
            for name, columns, table in GROUPS
        ],
        "regimes": {name: regime_told(name) for name in REGIMES},
    }


@lru_cache(maxsize=1)
def recorded() -> dict[str, list[dict[str, str]]]:
    """Rows of the committed table by regime."""
    found: dict[str, list[dict[str, str]]] = {}
    for row in rows("feasibility"):
        found.setdefault(row["regime"], []).append(row)
    return found


def regime_told(name: str) -> dict[str, Any]:
    """A regime as plain data; figures of several runs as mean, least and most."""
    regime, runs = REGIMES[name], recorded()[name]
    likeness = [float(row["ssim"]) for row in runs]
    elsewhere = mean([float(row["ssim_others"]) for row in runs])
    return {
        "model": regime.model,
        "image_size": regime.image_size,
        "batch_size": regime.batch_size,
        "mode": regime.mode,
        "attack": runs[0]["attack"],
        "knowledge": regime.knowledge,
        "theirs": regime.theirs,
        "paper": paper_in_short(regime.theirs),
        "query": scenario_of(name).to_url(),
        "planned": scenario_of(name).attack_component.iterations,
        "ssim": {"mean": mean(likeness), "low": min(likeness), "high": max(likeness)},
        "ssim_others": elsewhere,
        "psnr": mean([float(row["psnr"]) for row in runs]),
        "cpu_seconds": mean([float(row["cpu_seconds"]) for row in runs]),
        "level": LEVELS[verdict({"ssim": mean(likeness), "ssim_others": elsewhere})],
        "runs": [run_told(row) for row in runs],
    }


def mean(values: list[float]) -> float:
    return sum(values) / len(values)


def paper_in_short(theirs: str) -> dict[str, Any]:
    """The paper's finding for a cell: its SSIM where it gives one, else yes, no, upper (an upper bound), or none."""
    if found := re.match(r"SSIM (\d\.\d+)", theirs):
        return {"ssim": float(found[1])}
    kinds = {"upper": "upper", "vulnerable": "yes", "collapses": "no", "no": "no", "not": "no", "unmeasured": "none"}
    return {"word": kinds[re.split(r"\W", theirs, maxsplit=1)[0]]}


def run_told(row: dict[str, str]) -> dict[str, Any]:
    """A recorded run; ``cut``: how many iterations it had planned, where it did not come to its end."""
    scenario, pictures = scenario_of_row(row), pictures_of(row)
    planned = scenario.attack_component.iterations
    cut = planned if int(row["iterations"]) < planned else None
    return {
        "update": int(row["update"]), "seed": int(row["seed"]), "pictures": list(pictures),
        "ssim": float(row["ssim"]), "ssim_others": float(row["ssim_others"]), "psnr": float(row["psnr"]),
        "iterations": int(row["iterations"]), "cpu_seconds": float(row["cpu_seconds"]), "level": LEVELS[row["verdict"]],
        "way": json.loads(row["history"] or "[]"), "cut": cut,
        "command": run_command(scenario_of(row["regime"]) if cut else scenario, pictures),
    }  # fmt: skip


def scenario_of_row(row: dict[str, str]) -> Scenario:
    return Scenario.from_dict(scenario_of(row["regime"], int(row["seed"])).to_dict() | {"attack": row["attack"]})


def pictures_of(row: dict[str, str]) -> tuple[str, ...]:
    """Names of the sample pictures that a row attacked."""
    size, update = int(row["batch_size"]), int(row["update"])
    return tuple(samples())[update * size : (update + 1) * size]


def known(request: dict[str, Any]) -> str:
    """The regime that a request names. Raises BadInput."""
    name = str(request.get("regime", ""))
    if name not in REGIMES:
        raise BadInput(f"unknown regime {name[:60]!r}: allowed are {', '.join(REGIMES)}")
    return name


def feasibility_run(request: dict[str, Any]) -> dict[str, Any]:
    """The pictures of a recorded run: one PNG, the truth above the moments of the way; {error} where there is none."""
    try:
        name = known(request)
    except BadInput as error:
        return {"error": sentence(str(error))}
    wanted = (str(request.get("update")), str(request.get("seed")))
    chosen = [row for row in recorded()[name] if (row["update"], row["seed"]) == wanted]
    file = PICTURES / f"{run_name(chosen[0])}.png" if chosen else Path()
    if not chosen or not file.exists():
        return {"error": "Of this run no pictures were kept."}
    with Image.open(file) as picture:
        width, height = picture.size
    side = int(chosen[0]["image_size"])
    content = base64.b64encode(file.read_bytes()).decode()
    return {"src": f"data:image/png;base64,{content}", "side": side, "batch": width // side, "rows": height // side}
