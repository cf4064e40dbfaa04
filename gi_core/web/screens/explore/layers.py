"""What leaves the device, layer by layer, before and after the defense, to see why it leaks."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
import torch
from torch import Tensor

from gi_core.errors import BadInput
from gi_core.run import prepare, update_summary
from gi_core.scenario import Scenario
from gi_core.trace import finite
from gi_core.web import payload
from gi_core.web.server.messages import sentence
from gi_core.web.server.requests import batch_of, scenario_of
from gi_core.web.server.run_service import RunService
from gi_core.web.server.tasks import Throttle

BINS = 64
FILTERS = 16


def layers_with(service: RunService) -> Any:
    def explore_layers(request: dict[str, Any]) -> dict[str, Any]:
        """The update of these settings and pictures, taken apart."""
        try:
            scenario = scenario_of(request.get("settings"), service.limits)
            told: dict[str, Any] = service.light(taken_apart, scenario, batch_of(request.get("pictures"), scenario))
        except BadInput as error:
            return {"error": sentence(str(error))}
        return told

    return explore_layers


def taken_apart(throttle: Throttle, scenario: Scenario, images: Tensor) -> Iterator[dict[str, Any]]:
    """Every tensor with its histogram, the first layer as small pictures, the head's bias with the batch's labels."""
    run = prepare(scenario, images)
    clean, released = run.clean, run.observation.update
    before, after = clean.tensors, released.tensors
    sign = 1.0 if clean.kind == "gradient" else -1.0
    names = list(before)
    head = after.get("head.bias", after[names[-1]]).detach().flatten()
    yield {"answer": finite({
        "layers": [
            row | {"hist": histograms(before[row["name"]], after[row["name"]])}
            for row in update_summary(clean, released)
        ],
        "first": {"before": filters(before[names[0]]), "after": filters(after[names[0]])},
        "head": {"values": (sign * head).tolist(), "labels": run.labels.flatten().tolist()},
    })}  # fmt: skip


def histograms(before: Tensor, after: Tensor) -> dict[str, Any]:
    """Counts of both in BINS equal bins over [-edge, edge], the larger magnitude of the two."""
    old, new = (t.detach().float().cpu().numpy().ravel() for t in (before, after))
    edge = float(max(np.abs(old).max(), np.abs(new).max(), 1e-30))
    return {
        "edge": edge,
        "before": np.histogram(old, BINS, (-edge, edge))[0].tolist(),
        "after": np.histogram(new, BINS, (-edge, edge))[0].tolist(),
    }


def filters(weight: Tensor) -> dict[str, Any]:
    """The first layer's weight update as small pictures: convolution kernels, or rows of a linear layer.

    Grey is zero; each picture is scaled by its own largest magnitude.
    """
    weight = weight.detach().float().cpu()[:FILTERS]
    if weight.dim() == 2:
        channels = 3 if weight.shape[1] % 3 == 0 else 1
        side = int((weight.shape[1] // channels) ** 0.5)
        weight = weight[:, : channels * side * side].reshape(-1, channels, side, side)
    if weight.dim() != 4:
        weight = weight.reshape(len(weight), 1, 1, -1)
    if weight.shape[1] not in (1, 3):
        weight = weight.mean(1, keepdim=True)
    scale = weight.abs().amax(dim=(1, 2, 3), keepdim=True).clamp_min(1e-30)
    pictures = (weight / scale + 1) / 2
    return {
        "src": payload.strip_uri(torch.as_tensor(pictures)), "count": len(pictures), "width": pictures.shape[-1],
        "height": pictures.shape[-2],
    }  # fmt: skip
