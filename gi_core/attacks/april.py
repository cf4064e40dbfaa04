"""Reading the picture off a transformer's position embedding."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from typing import ClassVar

import torch
from torch import Tensor, nn

from gi_core.attacks.base import Attack, attacks
from gi_core.errors import BadInput
from gi_core.inversion.frame import Frame
from gi_core.inversion.labels import recover
from gi_core.networks.head import one_picture
from gi_core.observation import Observation

ROUNDING = 1e-7
"""Of single precision, as a share of the position embedding's gradient."""
WANTED = "april needs a network that begins with patches and adds a trained position embedding to them: use model"


@attacks.register("april")
@dataclass(frozen=True, kw_only=True)
class April(Attack):
    """Solve the patches from the gradients of the position and the patch embedding: a linear system, no guess.

    A patch's token is W x_p + b + e_p, so the gradient of e_p *is* the loss's derivative d_p there, and dW is the sum
    of d_p x_p^T: as many equations for each entry of a patch as the network is wide. The gradient of b is the sum of
    the d_p: what it differs by, noise for instance, sets the ridge of the least squares.

    Lu, Zhang, Zhao, He, Cheng, "APRIL: Finding the Achilles' Heel on Privacy for Vision Transformers", CVPR 2022: the
    position embedding tells the derivative. Their closed form solves the first attention, which then must read the
    tokens themselves; the patch embedding takes whatever blocks follow, LayerNorm and residuals included. Local steps
    on one picture sum derivatives and dW alike.
    """

    assumes: ClassVar[str] = (
        "One picture; a transformer whose position embedding is trained, as wide as it has patches."
    )
    fails: ClassVar[str] = "Batches, fixed or relative positions, noise, pruning and quantising."
    defend: ClassVar[str] = "Keep the position embedding fixed or on the device, or train on several pictures a step."
    single_pass: ClassVar[bool] = True

    def run(self, observation: Observation, seed: int) -> Iterator[Frame]:
        one_picture(observation, self.name)
        patch, derivative = embedding(observation)
        gradients = by_parameter(observation)
        dw = gradients[id(patch.weight)].double().flatten(1)
        sums = gradients.get(id(patch.bias))
        ridge = noise_energy(derivative, derivative.sum(0) if sums is None else sums.double())
        patches, sizes = solved(derivative, dw, ridge)
        left = (derivative.t() @ patches - dw).square().sum() / dw.square().sum().clamp_min(1e-300)
        picture = placed(patches, patch, observation.image_shape).to(observation.victim.mean)
        images = (picture * observation.victim.std + observation.victim.mean).clamp(0, 1)
        report: dict[str, object] = {
            "patches": len(derivative), "equations": derivative.shape[1], "unexplained": float(left),
            "condition": float(sizes[0] / sizes[-1].clamp_min(1e-300)), "weak": int((sizes.square() < ridge).sum()),
        }  # fmt: skip
        labels = recover(observation) if isinstance(observation.victim.head, nn.Linear) else None
        yield Frame(0, images, left.float().cpu(), {"unexplained": left.float().cpu()}, labels=labels, report=report)


def by_parameter(observation: Observation) -> dict[int, Tensor]:
    return {id(p): t.detach() for p, t in zip(observation.parameters, observation.targets, strict=True)}


def embedding(observation: Observation) -> tuple[nn.Conv2d, Tensor]:
    """The convolution that cuts the patches, and (P,d) float64, the loss's derivative at each patch's token.

    The position embedding is the parameter (1,T,d) or (T,d) of the patches' width whose T is their number, or more by
    tokens in front (of the class, registers). Raises BadInput where the victim has none.
    """
    victim = observation.victim
    patch = next((m for m in victim.body.modules() if isinstance(m, nn.Conv2d)), None)
    if patch is None or patch.stride != patch.kernel_size or patch.groups != 1 or patch.padding != (0, 0):
        raise BadInput(f"{WANTED} 'vit-tiny', or attack 'span'")
    _, height, width = observation.image_shape
    count = (height // patch.kernel_size[0]) * (width // patch.kernel_size[1])
    gradients = by_parameter(observation)
    for parameter in victim.body.parameters():
        tokens = parameter.squeeze(0)
        if tokens.dim() == 2 and tokens.shape[1] == patch.out_channels and count <= len(tokens) <= count + 8:
            return patch, gradients[id(parameter)].view(tokens.shape)[-count:].double()
    raise BadInput(f"{WANTED} 'vit-tiny', or attack 'span'")


def noise_energy(derivative: Tensor, sums: Tensor) -> float:
    """What noise of variance v on every entry adds to D D^T and to an equation, pixels being of variance 1.

    It is v (d + P + 1), and v (P + 1) is the mean square of the sums' contradiction; at least rounding's.
    """
    count, width = derivative.shape
    seen = float((sums - derivative.sum(0)).square().mean()) * (1 + width / (count + 1))
    return seen + (ROUNDING * float(derivative.norm())) ** 2 / count


def solved(derivative: Tensor, dw: Tensor, ridge: float) -> tuple[Tensor, Tensor]:
    """(P,n): argmin |D^T X - dW|^2 + ridge |X|^2, and the singular values of D (P,d). dw: (d,n)."""
    left, sizes, right = torch.linalg.svd(derivative, full_matrices=False)
    return left @ ((sizes / (sizes.square() + ridge).clamp_min(1e-300))[:, None] * (right @ dw)), sizes


def placed(patches: Tensor, patch: nn.Conv2d, shape: tuple[int, int, int]) -> Tensor:
    """(P,C*h*w) patches, row by row, as (1,C,H,W)."""
    height, width = (math.floor(s / k) * k for s, k in zip(shape[1:], patch.kernel_size, strict=True))
    window = {"kernel_size": patch.kernel_size, "stride": patch.kernel_size}
    whole = nn.functional.fold(patches.t()[None], (height, width), **window)  # type: ignore[arg-type]
    return nn.functional.pad(whole, (0, shape[2] - width, 0, shape[1] - height))
