"""Where an iterative attack begins."""

from __future__ import annotations

import torch
from torch import Tensor

from gi_core import cancellation
from gi_core.attacks.base import attacks
from gi_core.observation import Observation


def start(init: str, observation: Observation, seed: int) -> Tensor:
    """The first guess, (B,C,H,W) in [0,1].

    Args:
        init: "randn" (N(0,1) in normalised pixels, as published), "rand" (uniform in [0,1]), "grey" (0.5), or the
            text of an attack whose answer is the starting point.

    Raises:
        BadInput: unknown name, or the starting attack cannot run on this observation.
    """
    shape = (observation.batch_size, *observation.image_shape)
    generator = torch.Generator().manual_seed(seed)
    victim = observation.victim
    if init == "randn":
        x = torch.randn(shape, generator=generator).to(victim.mean) * victim.std + victim.mean
    elif init == "rand":
        x = torch.rand(shape, generator=generator).to(victim.mean)
    elif init == "grey":
        x = torch.full(shape, 0.5).to(victim.mean)
    else:
        for frame in attacks.parse(init).run(observation, seed):
            cancellation.check()
            x = frame.images
    return x.detach().clamp(0, 1)
