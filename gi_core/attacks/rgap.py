"""R-GAP: a chain of layers undone one by one, nothing trained and nothing descended."""

from __future__ import annotations

import copy
from collections.abc import Iterator
from dataclasses import dataclass
from typing import ClassVar

import torch
from torch import nn

from gi_core.attacks.base import Attack, attacks
from gi_core.errors import BadInput
from gi_core.inversion.frame import Frame
from gi_core.inversion.peeling import Network
from gi_core.inversion.recursion import Top, recursion, top
from gi_core.networks.head import one_picture
from gi_core.observation import Observation


@attacks.register("rgap")
@dataclass(frozen=True, kw_only=True)
class RecursiveGap(Attack):
    """Each layer's input by linear algebra: from what the layer above says of its output, and from its own gradient.

    Zhu & Blaschko, "R-GAP: Recursive Gradient Attack on Privacy", ICLR 2021: convolutions and fully connected layers in
    a row, with activations that can be undone. Ours beside it: double precision; the label and the factor of a clip
    over the whole update are read off the head, so that clipping does not stop it.
    """

    assumes: ClassVar[str] = (
        "The server knows the weights; layers in a row, no pooling or BatchNorm, a head with a bias, and one picture"
        " per update."
    )
    fails: ClassVar[str] = (
        "Batches, noise, several local steps, pooling and branches, and ReLU layers with fewer open units than inputs."
    )
    defend: ClassVar[str] = "Pool, average over several pictures, or add noise; clipping alone changes nothing."
    single_pass: ClassVar[bool] = True

    def run(self, observation: Observation, seed: int) -> Iterator[Frame]:
        one_picture(observation, self.name)
        with torch.no_grad():
            yield self.answer(observation)

    def answer(self, observation: Observation) -> Frame:
        network, found = traced(observation)
        solved = recursion(network, found)
        victim = observation.victim
        picture = solved[-1].inputs.view(1, *observation.image_shape).to(victim.mean) * victim.std + victim.mean
        report: dict[str, object] = {
            "factor": found.factor,
            "layers": [
                {"layer": s.layer, "misfit": s.misfit, "equations": s.equations, "unknowns": s.unknowns} for s in solved
            ],
        }
        loss = torch.tensor(max(found.misfit, *(s.misfit for s in solved)))
        label = torch.tensor([found.label]).to(observation.targets[0].device)
        return Frame(0, picture.clamp(0, 1), loss, {"misfit": loss}, labels=label, report=report)


def traced(observation: Observation) -> tuple[Network, Top]:
    """The victim's body in double precision with its gradients, a clip's factor undone. Raises BadInput."""
    names = [name for name, _ in observation.victim.named_parameters()]
    gradients = {n: t.detach().cpu().double() for n, t in zip(names, observation.targets, strict=True)}
    if not isinstance(observation.victim.head, nn.Linear) or not {"head.weight", "head.bias"} <= set(gradients):
        raise BadInput("rgap begins at a linear head with a bias, which this victim does not have: use another attack")
    victim = copy.deepcopy(observation.victim).cpu().double()
    found = top(victim.head, gradients["head.weight"], gradients["head.bias"])
    body = {n.removeprefix("body."): g / (found.factor or 1.0) for n, g in gradients.items() if n.startswith("body.")}
    if not body:
        raise BadInput("rgap goes down layers below the head, and this victim has none: use attack 'analytic'")
    try:
        return Network.of(victim.body, body, torch.zeros(1, *observation.image_shape, dtype=torch.float64)), found
    except (RuntimeError, TypeError, ValueError, AttributeError, NotImplementedError) as error:
        raise BadInput(f"rgap cannot follow the victim's layers: {str(error).splitlines()[0][:100]}") from None
