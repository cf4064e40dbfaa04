"""Reading the picture off the first fully-connected layer."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import ClassVar

import torch
from torch import Tensor, nn

from gi_core.attacks.base import Attack, attacks
from gi_core.components import option
from gi_core.errors import BadInput
from gi_core.inversion.frame import Frame
from gi_core.observation import Observation


@attacks.register("analytic")
@dataclass(frozen=True, kw_only=True)
class Analytic(Attack):
    """Divide the first layer's weight gradient by its bias gradient: dW_i / db_i is the input.

    Phong et al., "Privacy-Preserving Deep Learning via Additively Homomorphic Encryption", 2018, prop. 3: for one
    picture each row of dW is db_i times the input, so any row gives it, exactly. For a batch a row is the mixture
    of the pictures that switch unit i on, weighted by their db_i: rows that one picture alone switches on give it
    exactly, the others a blend.
    """

    assumes: ClassVar[str] = "The victim's first layer is fully connected and has a bias."
    fails: ClassVar[str] = (
        "Convolutional first layers, missing biases, noise, and batches larger than the layer can separate."
    )
    defend: ClassVar[str] = "Start with a convolution, drop the bias, clip and add noise, or aggregate securely."
    single_pass: ClassVar[bool] = True

    tolerance: float = option(
        0.02, "two rows within this RMS distance (pixels in [0,1]) show the same picture", low=0, high=1
    )

    def run(self, observation: Observation, seed: int) -> Iterator[Frame]:
        weight, bias = first_layer_gradients(observation)
        channels, height, width = observation.image_shape
        victim = observation.victim
        strongest = bias.abs().argsort(descending=True)[: max(256, 16 * observation.batch_size)]
        strongest = strongest[bias[strongest] != 0]
        if len(strongest) == 0:
            raise BadInput("the first layer's bias gradient is zero everywhere: nothing can be divided by it")
        rows = weight[strongest] / bias[strongest].unsqueeze(1)
        pictures = rows.view(-1, channels, height, width) * victim.std + victim.mean
        images, chosen = distinct(pictures, observation.batch_size, self.tolerance)
        loss = outside_box(images).mean()
        report: dict[str, object] = {"units": [int(strongest[i]) for i in chosen], "distinct": len(chosen)}
        yield Frame(0, images.clamp(0, 1), loss, {"outside-box": loss}, report=report)


def first_layer_gradients(observation: Observation) -> tuple[Tensor, Tensor]:
    """(units, n) weight and (units,) bias gradient of the victim's first layer. Raises BadInput if it has none."""
    victim = observation.victim
    first = next((m for m in victim.body.modules() if any(True for _ in m.parameters(recurse=False))), victim.head)
    if not isinstance(first, nn.Linear):
        raise BadInput(
            f"analytic reads pictures off a fully-connected first layer, but the victim starts with"
            f" {type(first).__name__}: use model 'mlp', or another attack"
        )
    gradients = dict(zip((id(p) for p in observation.parameters), observation.targets, strict=True))
    if first.bias is None:
        raise BadInput("analytic divides by the bias gradient, but the first layer has no bias: use attack 'git-exact'")
    return gradients[id(first.weight)], gradients[id(first.bias)]


def outside_box(pictures: Tensor) -> Tensor:
    """Mean distance of the pixels to [0,1], per picture (N,C,H,W) -> (N,)."""
    return (pictures - pictures.clamp(0, 1)).abs().flatten(1).mean(1)


def distinct(pictures: Tensor, count: int, tolerance: float) -> tuple[Tensor, list[int]]:
    """``count`` pictures that differ pairwise, those that stay in [0,1] first, then those seen in several rows.

    Args:
        pictures: (N,C,H,W) candidates, one per row, strongest row first.

    Returns:
        (count,C,H,W), repeating the first where fewer differ, and the indices of the distinct ones.
    """
    flat = pictures.flatten(1)
    apart = torch.cdist(flat, flat) / flat.shape[1] ** 0.5
    same = (apart <= tolerance).sum(1)
    valid = outside_box(pictures) <= 1e-3
    order = sorted(range(len(flat)), key=lambda i: (not bool(valid[i]), -int(same[i]), i))
    chosen: list[int] = []
    for i in order:
        if len(chosen) < count and all(apart[i, j] > tolerance for j in chosen):
            chosen.append(i)
    indices = (chosen * count)[:count] if len(chosen) < count else chosen
    return pictures[indices], chosen
