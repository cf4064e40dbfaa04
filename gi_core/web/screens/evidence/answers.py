"""Is my set-up at risk? A set-up in, the nearest measured runs out; and the frontier of accuracy against leakage.

Plain data for the room (evidence.py); each function that answers the browser takes what it sent.
"""

from __future__ import annotations

import base64
from dataclasses import asdict
from functools import lru_cache
from typing import Any

import torch
from torch import Tensor

from gi_core.bounds import Bound, Setting, binding
from gi_core.data.sources import open_picture
from gi_core.errors import BadInput
from gi_core.evaluation.judge import judge_answers
from gi_core.metrics.image import psnr, ssim
from gi_core.metrics.scores import score
from gi_core.report.risk import FORMATS, conditions
from gi_core.risk.answer import Answer, Near, answer
from gi_core.risk.evidence import Measurement, frontier_scenario, judged_runs, rows, strip_of
from gi_core.risk.pictures import kept_pictures
from gi_core.risk.privacy import Composed
from gi_core.risk.set_up import SetUp
from gi_core.risk.wording import OUTSIDE, estimated
from gi_core.risk.wording import sentence as worded
from gi_core.run import prepare
from gi_core.store import address
from gi_core.trace import KeptFrame, Trace, finite
from gi_core.web import payload
from gi_core.web.server.messages import sentence

SHOWN = 12
"""Runs listed on the page; the report and the table hold them all."""


def risk_answer(request: dict[str, Any]) -> dict[str, Any]:
    """The answer for a set-up, as the page shows it, or one sentence that says what does not fit."""
    try:
        return told(answer(setup_of(request)))
    except BadInput as error:
        return {"error": sentence(str(error))}


def setup_of(request: dict[str, Any]) -> SetUp:
    """A set-up as the browser sends it. Raises BadInput."""
    given = {name: value for name, value in request.items() if value is not None}
    empty = next((name for name, value in given.items() if value == ""), None)
    if empty:
        raise BadInput(f"{empty} is empty: a value is needed")
    return SetUp.from_dict({name: str(value) for name, value in given.items()})


def told(found: Answer) -> dict[str, Any]:
    """An Answer as plain data; the pictures of the runs as data URIs."""
    return finite(
        {
            "sentence": worded(found.reason),
            "reason": found.reason,
            "strongest": None if found.strongest is None else strongest_told(found.strongest),
            "query": found.setup.scenario.to_url(),
            "found": None if found.found is None else asdict(found.found),
            "distance": found.runs[0].distance if found.runs else None,
            "nearest": found.nearest,
            "count": len(found.runs),
            "runs": [run_told(near) for near in found.runs[:SHOWN]],
            "tables": [table_told(near) for near in found.tables],
            "change": [asdict(change) for change in found.change],
            "estimate": None
            if found.estimate is None
            else {**asdict(found.estimate), "says": estimated(found.estimate)},
            "privacy": None if found.privacy is None else privacy_told(found.privacy),
            "first_step": found.setup.first_step_only,
            "outside": [OUTSIDE[code] for code in found.outside],
            "bounds": [bound_told(bound) for bound in found.bounds],
        }
    )


def run_told(near: Near) -> dict[str, Any]:
    e = near.evidence
    strip, judged = strip_of(e), e.judged
    return {
        "key": e.key, "setup": conditions(e.scenario), "attack": e.scenario.attack, "source": e.source, "psnr": e.psnr,
        "gain": e.gain, "rank": judged.rank if judged else None, "level": e.level(), "distance": near.distance,
        "command": e.command, "src": _uri(strip.read_bytes()) if strip else None, "batch": e.scenario.batch_size,
    }  # fmt: skip


def strongest_told(e: Measurement) -> dict[str, Any]:
    return {
        "attack": e.scenario.attack, "table": e.table, "psnr": e.psnr, "ssim": e.ssim, "gain": e.gain,
        "level": e.level(), "settled": e.settled, "key": e.key, "command": e.command,
    }  # fmt: skip


def table_told(near: Near) -> dict[str, Any]:
    e = near.evidence
    return {
        "table": e.table, "setup": conditions(e.scenario), "attack": e.scenario.attack, "source": e.source,
        "psnr": e.psnr, "gain": e.gain, "distance": near.distance, "command": e.command,
    }  # fmt: skip


def privacy_told(found: Composed) -> dict[str, Any]:
    return {"epsilon": found.one.epsilon, "delta": found.one.delta, "releases": found.releases, "all": found.epsilon}


def bound_told(bound: Bound) -> dict[str, Any]:
    return {"name": bound.name, "kind": bound.kind, "says": bound.says, "binds": bound.binds}


def _uri(content: bytes) -> str:
    return f"data:image/png;base64,{base64.b64encode(content).decode()}"


# ---- a run of the evidence, on Explore's stage ----------------------------------------------------------------------


@lru_cache(maxsize=1)
def by_key() -> dict[str, Measurement]:
    return {e.key: e for e in reversed(judged_runs()) if e.key}


def risk_run(request: dict[str, Any]) -> dict[str, Any]:
    """A recorded run by its key, as a message for Explore's stage; where no pictures were kept, its settings."""
    e = by_key().get(str(request.get("key", "")))
    if e is None:
        return {"error": "This run is not among the evidence that ships."}
    kept = kept_pictures(e)
    return {"query": e.scenario.to_url()} if kept is None else {"run": staged(e, *kept)}


def staged(e: Measurement, images: Tensor, control: Tensor) -> dict[str, Any]:
    """What Explore shows of a run: the update is computed anew, its pictures (B,C,H,W) are those that were kept."""
    truth = torch.stack([open_picture(n, e.scenario.image_size, e.scenario.channels) for n in e.pictures])
    run = prepare(e.scenario, truth, device="cpu")
    still = payload.still(run, run_id=f"recorded-{str(e.key)[:8]}", images=list(e.pictures))
    last = still["total"] if not run.attack.single_pass else 0
    trace = Trace(
        scenario=e.scenario, frames=[KeptFrame(last, 0.0, images)], history=[], images=images, truth=truth,
        labels=run.labels.tolist(), guessed_labels=None, scores=score(images, truth, run.victim), update=[],
        privacy=None, report={}, seconds=0.0, iterations=last, stopped=False, device="cpu",
    )  # fmt: skip
    limits = tuple(binding(Setting.of(run.scenario, run.victim)))
    shown = payload.verdict(run, judge_answers(run, images, {"noise": control}, bounds=limits))
    shown["control"]["curve"] = None
    likeness = float(psnr(images, truth).mean())
    return finite(
        still
        | {
            "state": "recorded",
            "frames": [
                {"iteration": last, "seconds": None, "src": payload.strip_uri(images), "psnr": round(likeness, 2)}
            ],
            "history": {
                "iteration": [last],
                "loss": [None],
                "psnr": [likeness],
                "ssim": [float(ssim(images, truth).mean())],
            },
            "scores": payload.mean_scores(trace.scores),
            "verdict": shown,
        }
    )


# ---- the frontier ---------------------------------------------------------------------------------------------------


def frontier() -> list[dict[str, Any]]:
    """Families of the trade-off study with their points, each with the key of its recorded run."""
    families: dict[str, list[dict[str, Any]]] = {}
    for row in rows("tradeoff"):
        e = by_key().get(address(frontier_scenario(row), ("digit-3",)))
        strip = strip_of(e) if e else None
        families.setdefault(row["family"], []).append({
            "defense": row["defense"], "accuracy": float(row["accuracy"]), "attack": row["oracle_attack"],
            **{key: float(row[key]) for key in ("gain", "gain_low", "gain_high", "top1")},
            **{key: float(row[key]) if row[key] else None for key in ("epsilon", "cap", "bits")},
            "key": e.key if e else None, "src": _uri(strip.read_bytes()) if strip else None,
            "level": e.level() if e else None,
        })  # fmt: skip
    return [
        {"family": family, "points": sorted(points, key=lambda p: -float(p["gain"]))}
        for family, points in families.items()
    ]


def risk_report(request: dict[str, Any]) -> dict[str, Any]:
    """The answer as one page: {name, type, data in base64}, or an error. ``request``: setup, format."""
    kind = str(request.get("format", "pdf"))
    if kind not in FORMATS:
        return {"error": sentence(f"unknown format {kind[:20]!r}: allowed are {', '.join(FORMATS)}")}
    try:
        found = answer(setup_of(request["setup"]))
    except BadInput as error:
        return {"error": sentence(str(error))}
    media, write = FORMATS[kind]
    return {"name": f"risk.{kind}", "type": media, "data": base64.b64encode(write(found)).decode()}
