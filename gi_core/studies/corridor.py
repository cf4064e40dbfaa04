"""Does a malicious server touch the best that differential privacy leaves to an unbiased attack?"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, ClassVar

import torch
from torch import Tensor

from gi_core.bounds.prior_free import error_variance, psnr_without_prior
from gi_core.components import option
from gi_core.run import Run, prepare
from gi_core.scenario import Scenario
from gi_core.studies.base import Cell, Row, Study, studies
from gi_core.studies.pictures import private_pictures

LEVELS = ("0.0001", "0.0003", "0.001", "0.003", "0.01", "0.03", "0.1")


@studies.register("corridor")
@dataclass(frozen=True, kw_only=True)
class Corridor(Study):
    """The imprint that owns the gradient, under DP-SGD's noise, against the prior-free bound; mean PSNR in dB.

    Pictures alone in their bin only. ``norm_known``: the row times |x| N / C, given each picture's norm (an oracle);
    ``ratio``: weight over bias gradient, which needs nothing. Pixels are not clamped, as the bound has none.
    """

    question: ClassVar[str] = "How near does a malicious server come to the best that noise leaves to unbiased attacks?"
    keys: ClassVar[tuple[str, ...]] = ("z", "update")
    columns: ClassVar[tuple[str, ...]] = ("pictures_alone", "bound", "norm_known", "ratio")

    source: str = option("cifar10", "private pictures: a data set in GI_DATA")
    updates: int = option(3, "updates at each noise", low=1, high=1000)
    pictures: int = option(64, "pictures per update", low=1, high=256)

    def cells(self) -> Iterator[Cell]:
        for update in range(self.updates):
            for z in LEVELS:
                yield {"z": z, "update": update}

    def measure(self, cell: Cell) -> Row:
        z, count = float(cell["z"]), self.pictures
        scenario = corridor_scenario(z, count, seed=cell["update"])
        images, labels = private_pictures(self.source, count, 32, cell["update"] * count)
        return against_bound(prepare(scenario, images, labels), z)


def corridor_scenario(z: float, count: int, **fields: Any) -> Scenario:
    """Per-example clip 1, noise z on the sum; an imprint whose rows are all there is. ResNet-18 scales the pixels."""
    chosen: dict[str, Any] = {
        "model": "resnet18:width=4", "batch_size": count, "attack": "imprint",
        "server": "imprint:connect=logit,gain=4,checksum=false,bins=1024",
        "defense": f"clip:norm=1,per=example+gaussian:sigma={z / count}",
    } | fields  # fmt: skip
    return Scenario(**chosen)


def against_bound(run: Run, z: float) -> Row:
    """Mean PSNR of both estimates and of the bound over the pictures that are alone in their bin."""
    victim, count = run.observation.victim, len(run.truth)
    layer = victim.get_submodule(run.observation.server.layer)  # type: ignore[union-attr,arg-type]
    tensors = {n: t.double() for n, t in run.observation.update.tensors.items()}
    weight, bias = tensors["body.bins.rows.weight"], tensors["body.bins.rows.bias"]
    u = ((run.truth - victim.mean) / victim.std).flatten(1).double()
    question, thresholds = layer.weight[0], -layer.bias  # type: ignore[index,operator]
    rows = (torch.bucketize(u.float() @ question, thresholds) - 1).clamp_min(0)  # type: ignore[arg-type]
    alone = torch.bincount(rows, minlength=len(bias))[rows] == 1
    u, row, truth = u[alone], weight[rows[alone]], run.truth[alone]
    sign = run.clean.tensors["body.bins.rows.bias"][rows[alone]].sign().double()
    known = row * (sign * u.norm(dim=1) * count)[:, None]
    ratio = row / bias[rows[alone], None]

    def mean_psnr(inputs: Tensor) -> float:
        pixels = inputs.view(truth.shape) * victim.std + victim.mean
        return float(-10 * (pixels - truth).square().flatten(1).mean(1).log10().mean())

    bound = psnr_without_prior(error_variance(truth, z, victim.mean, victim.std), truth[0].numel())
    return {
        "pictures_alone": int(alone.sum()),
        "bound": float(bound.mean()),
        "norm_known": mean_psnr(known),
        "ratio": mean_psnr(ratio),
    }
