"""Dropout inversion."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import ClassVar

import torch
from torch import Tensor, nn
from torch.nn.modules.dropout import _DropoutNd

from gi_core.attacks.base import Descent, Restart, attacks
from gi_core.attacks.gradient_matching import LabelledMatching
from gi_core.attacks.start import start
from gi_core.components import option
from gi_core.errors import BadInput
from gi_core.inversion.backends.base import Simulate
from gi_core.inversion.backends.plain import gradient_of
from gi_core.inversion.descent import Steps, descend
from gi_core.inversion.frame import Evaluation, Frame
from gi_core.inversion.matching import Matcher
from gi_core.inversion.objectives import objectives
from gi_core.models.base import Victim
from gi_core.observation import Observation
from gi_core.priors.base import parse_priors
from gi_core.priors.tv import smoothness


@dataclass(frozen=True)
class Site:
    """A place where the client drops units.

    Attributes:
        layer: the dropout layer, or the head whose input is dropped.
        rate: p. shape: of one picture's mask.
    """

    layer: nn.Module
    rate: float
    shape: tuple[int, ...]


@attacks.register("dia")
@dataclass(frozen=True, kw_only=True)
class DropoutInversion(LabelledMatching):
    """Inverting Gradients with the client's dropout masks as further unknowns.

    Scheliga, Maeder, Seeland, "Dropout is NOT All You Need to Prevent Gradient Leakage", AAAI 2023: relaxed masks in
    [0,1] descend along with the pictures, and mask * (mean(1 - psi) - p)^2 holds each layer's rate. They work up to
    batches of three. With one picture the head's mask needs no search: a dropped feature's column of the head's
    gradient is exactly zero. Masks start at 1 - p; their step size and weight are our reconstruction.
    """

    assumes: ClassVar[str] = "The attacker knows that and where units are dropped, and the labels or can infer them."
    fails: ClassVar[str] = "From about four pictures on there are too many masks; noise hides the zero columns."
    defend: ClassVar[str] = (
        "Dropout is no defense for small batches: aggregate securely, add noise to clipped gradients."
    )

    steps: int = option(4800, "iterations per restart", low=1, high=100_000)
    lr: float = option(0.1, "Adam's learning rate in normalised pixel units", low=1e-6, high=100)
    mask_lr: float = option(0.01, "Adam's learning rate of the masks", low=1e-6, high=10)
    tv: float = option(0.1, "weight of total variation", low=0, high=1e3)
    mask: float = option(1e-2, "weight of the masks' deviation from the rate", low=0, high=1e6)
    signed: bool = option(True, "step along the sign of the gradient")
    decay: bool = option(True, "the published step schedule")

    def matching(self, observation: Observation, labels: Tensor, seed: int) -> Descent:
        sites = dropped(observation)
        if not sites:
            raise BadInput(
                "dia needs dropout: a victim with dropout layers in mode=train, or the known defense 'dropout'"
            )
        priors = smoothness(self.tv) + parse_priors(self.prior)
        steps = Steps(self.steps, self.lr, self.signed, self.decay)

        def down(restart: Restart) -> Iterator[Frame]:
            masks = [first_mask(site, observation) for site in sites]
            free = [m for m in masks if m.requires_grad]
            rates = [site.rate for site, m in zip(sites, masks, strict=True) if m.requires_grad]
            simulate = with_masks(observation, sites, masks)
            matcher = Matcher(observation, objectives.parse("cosine"), priors, seed=restart.seed, simulate=simulate)

            def evaluate(images: Tensor, progress: float) -> Evaluation:
                value = matcher.evaluate(images, labels, progress, extra=tuple(free))
                excess = [(1 - m.detach()).mean() - rate for m, rate in zip(free, rates, strict=True)]
                penalty = torch.stack([self.mask * e.square() for e in excess]).sum() if excess else value.loss * 0
                pulls = [g - 2 * self.mask * e / m.numel() for g, e, m in zip(value.extra, excess, free, strict=True)]
                return replace(
                    value, loss=value.loss + penalty, terms=value.terms | {"masks": penalty}, extra=tuple(pulls)
                )

            x = start(self.init, observation, restart.seed)
            for frame in descend(evaluate, x, observation, steps, extra=free, extra_lr=self.mask_lr):
                frame.report = frame.report | {"masks": [m.detach() for m in masks]}
                yield frame

        return down


def dropped(observation: Observation) -> list[Site]:
    """Where the client drops: active dropout layers, and the head's input under the known defense ``dropout``."""
    victim = observation.victim
    rates: dict[nn.Module, float] = {
        layer: layer.p for layer in victim.modules() if isinstance(layer, _DropoutNd) and layer.training and layer.p
    }
    for defense in observation.defense or ():
        if defense.name == "dropout" and defense.options["p"]:
            rates[victim.head] = float(defense.options["p"])
    shapes: dict[nn.Module, tuple[int, ...]] = {}

    def note(layer: nn.Module, inputs: tuple[Tensor, ...]) -> None:
        shapes[layer] = tuple(inputs[0].shape[1:])

    hooks = [layer.register_forward_pre_hook(note) for layer in rates]
    with torch.no_grad():
        victim(torch.zeros(observation.batch_size, *observation.image_shape).to(victim.mean))
    for hook in hooks:
        hook.remove()
    return [Site(layer, rate, shapes[layer]) for layer, rate in rates.items()]


def first_mask(site: Site, observation: Observation) -> Tensor:
    """(B, ...) the mask to start from: read off the head's gradient for one picture, else a leaf at 1 - p."""
    victim = observation.victim
    if site.layer is victim.head and observation.batch_size == 1:
        names = [name for name, _ in victim.named_parameters()]
        columns = observation.targets[names.index("head.weight")].abs().sum(0)
        return (columns > 0).to(columns)[None]
    mask = torch.full((observation.batch_size, *site.shape), 1 - site.rate).to(victim.mean)
    return mask.requires_grad_()


def with_masks(observation: Observation, sites: list[Site], masks: list[Tensor]) -> Simulate:
    """The client's gradient where each site multiplies by its mask / (1 - p) in place of dropping at random."""
    plain = gradient_of(observation)

    def simulate(images: Tensor, targets: Tensor) -> list[Tensor]:
        with masked(observation.victim, sites, masks):
            return plain(images, targets)

    return simulate


@contextmanager
def masked(victim: Victim, sites: list[Site], masks: list[Tensor]) -> Iterator[None]:
    """Within, the sites use the given masks."""

    def scaled(site: Site, mask: Tensor, x: Tensor) -> Tensor:
        return x * mask / (1 - site.rate)

    hooks = []
    for site, mask in zip(sites, masks, strict=True):
        if site.layer is victim.head:
            hook = site.layer.register_forward_pre_hook(lambda _l, i, s=site, m=mask: (scaled(s, m, i[0]),))
        else:
            hook = site.layer.register_forward_hook(lambda _l, i, _o, s=site, m=mask: scaled(s, m, i[0]))
        hooks.append(hook)
    try:
        yield
    finally:
        for hook in hooks:
            hook.remove()
