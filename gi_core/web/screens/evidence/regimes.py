"""The regimes of the feasibility study beside what its paper reports, each with the pictures of its recorded runs."""

from __future__ import annotations

import base64
import re
from dataclasses import asdict
from functools import lru_cache
from pathlib import Path
from typing import Any

from gi_core.attacks import attacks
from gi_core.errors import BadInput
from gi_core.risk.evidence import RESULTS, rows, run_command
from gi_core.scenario import Scenario
from gi_core.store import address
from gi_core.studies.feasibility import REGIMES, scenario_of, told
from gi_core.web.server.messages import sentence

PICTURES = RESULTS / "risk-pictures"

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
    """A regime as plain data: what was assumed, the paper's finding, ours in one line (None: not run), and the runs."""
    regime, runs = REGIMES[name], recorded().get(name, [])
    found = told(runs)
    return {
        "model": regime.model, "image_size": regime.image_size, "batch_size": regime.batch_size, "mode": regime.mode,
        "attack": attacks.parse(regime.attack).name, "knowledge": regime.knowledge, "theirs": regime.theirs,
        "paper": paper_in_short(regime.theirs), "query": scenario_of(name).to_url(),
        "ours": None if found is None else asdict(found) | {"word": found.word},
        "runs": [run_told(row) for row in runs],
    }  # fmt: skip


def paper_in_short(theirs: str) -> dict[str, Any]:
    """The paper's finding for a cell: its SSIM where it gives one, else yes, no, upper (an upper bound), or none."""
    if found := re.match(r"SSIM (\d\.\d+)", theirs):
        return {"ssim": float(found[1])}
    kinds = {"upper": "upper", "vulnerable": "yes", "collapses": "no", "no": "no", "not": "no", "unmeasured": "none"}
    return {"word": kinds[re.split(r"\W", theirs, maxsplit=1)[0]]}


def run_told(row: dict[str, str]) -> dict[str, Any]:
    """A recorded run."""
    scenario, pictures = Scenario.from_url(row["url"]), tuple(row["samples"].split("+"))
    return {
        "update": int(row["place"]), "seed": int(row["seed"]), "pictures": list(pictures), "level": int(row["level"]),
        "ssim": float(row["ssim"]), "control_ssim": float(row["control_ssim"]), "psnr": float(row["psnr"]),
        "iterations": int(row["iterations"]), "cpu_seconds": float(row["cpu_seconds"]),
        "key": address(scenario, pictures), "kept": picture_file(row) is not None,
        "command": run_command(scenario, pictures),
    }  # fmt: skip


def picture_file(row: dict[str, str]) -> Path | None:
    """PNG of a row's run: truth, reconstruction and control; None where none was kept."""
    key = address(Scenario.from_url(row["url"]), tuple(row["samples"].split("+")))
    file = PICTURES / f"{key[:16]}.png"
    return file if file.exists() else None


def known(request: dict[str, Any]) -> str:
    """The regime that a request names. Raises BadInput."""
    name = str(request.get("regime", ""))
    if name not in REGIMES:
        raise BadInput(f"unknown regime {name[:60]!r}: allowed are {', '.join(REGIMES)}")
    return name


def feasibility_run(request: dict[str, Any]) -> dict[str, Any]:
    """The pictures of a recorded run: one PNG, truth, reconstruction and control; {error} where there is none."""
    try:
        name = known(request)
    except BadInput as error:
        return {"error": sentence(str(error))}
    wanted = (str(request.get("update")), str(request.get("seed")))
    chosen = [row for row in recorded().get(name, []) if (row["place"], row["seed"]) == wanted]
    file = picture_file(chosen[0]) if chosen else None
    if file is None:
        return {"error": "Of this run no pictures were kept."}
    side = int(chosen[0]["image_size"])
    content = base64.b64encode(file.read_bytes()).decode()
    return {
        "src": f"data:image/png;base64,{content}", "side": side, "batch": int(chosen[0]["batch_size"]), "rows": 3,
    }  # fmt: skip
