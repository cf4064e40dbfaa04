"""The other controls of a finished run, on request: zeros, shuffled entries, other pictures, the prior alone."""

from __future__ import annotations

import secrets
import threading
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import torch

from gi_core.errors import BadInput
from gi_core.evaluation.controls import applicable, control
from gi_core.evaluation.cross_checks import beats_mean, beats_nearest_oracle, gradient_cycle
from gi_core.evaluation.identification import decoys
from gi_core.evaluation.judge import Judgement, judge_answers
from gi_core.metrics.image import psnr
from gi_core.run import Run, prepare
from gi_core.trace import Trace, finite
from gi_core.web import payload
from gi_core.web.server.messages import sentence
from gi_core.web.server.tasks import Throttle

if TYPE_CHECKING:
    from gi_core.web.server.run_service import RunService


def controls_with(service: RunService) -> Any:
    def more_controls(request: dict[str, Any]) -> dict[str, Any]:
        """Every control that a finished run admits, one more attack each, and the checks that need none.

        ``request``: id of the run. The answer: controls [{name, says, psnr, gain, rank, src}], checks, or an error.
        """
        trace = service.traces.get(str(request.get("id", "")))
        if trace is None:
            return {"forgotten": True}

        def compute(stop: threading.Event) -> Iterator[dict[str, Any]]:
            return service.compute(examined, (trace,), stop, service.deadline())

        found: list[dict[str, Any]] = []
        said: list[str] = []
        try:
            for message in service.in_line(secrets.token_hex(16), compute):
                found += [message["control"]] if "control" in message else []
                said += message.get("checks", [])
        except BadInput as error:
            return {"error": sentence(str(error))}
        return finite({"controls": found, "checks": said})

    return more_controls


def examined(throttle: Throttle, trace: Trace) -> Iterator[dict[str, Any]]:
    """A message per control but the one on noise, which every run has beside it; refusals say why; then the checks."""
    run = prepared(trace)
    for name in applicable(run):
        if name == "noise" or throttle.over:
            continue
        try:
            chosen = control(run, name)
            images = chosen.images()
        except BadInput as error:
            yield {"control": {"name": name, "says": sentence(str(error)), "src": None}}
            continue
        row = told(trace, judge_answers(run, trace.images, {name: images}))
        yield {"control": {"name": name, "says": chosen.says, **row}}
    yield {"checks": checks(trace)}


def prepared(trace: Trace) -> Run:
    """The run again, up to the update: same pictures, labels and seed."""
    return prepare(trace.scenario, trace.truth, torch.tensor(trace.labels), device=trace.device)


def told(trace: Trace, judgement: Judgement) -> dict[str, Any]:
    """Likeness of the one control in the judgement, and the reconstruction's gain over it, in dB."""
    ((_, pictures),) = judgement.controls.items()
    guess = float(psnr(pictures, trace.truth).mean())
    return {
        "psnr": guess,
        "gain": float(psnr(trace.images, trace.truth).mean()) - guess,
        "rank": min(likeness.control_rank for likeness in judgement.likenesses),
        "src": payload.strip_uri(pictures),
    }


def checks(trace: Trace) -> list[str]:
    """Signs that need no further attack, a sentence each."""
    run, truth = prepared(trace), trace.truth
    others = decoys(truth)
    said = [
        _count(
            beats_nearest_oracle(trace.images, truth, others),
            "nearer to the truth than the nearest of 99 other pictures",
        ),
        _count(beats_mean(trace.images, truth, others), "nearer to the truth than the mean of 99 other pictures"),
    ]
    if trace.scenario.clients == 1:
        cycle = gradient_cycle(run, trace.images)
        verdict = "it has fitted the noise" if cycle.overfits else "the truth explains it at least as well"
        said.append(
            f"Cosine to the observed update: {cycle.reconstruction:.3f} for the reconstruction, {cycle.truth:.3f} for"
            f" the truth: {verdict}."
        )
    return said


def _count(flags: list[bool], what: str) -> str:
    if len(flags) == 1:
        return f"The reconstruction is {'' if flags[0] else 'not '}{what}."
    return f"{sum(flags)} of {len(flags)} reconstructions are {what}."
