"""A different model for each client: the others' updates vanish, and the sum is the target's own.

Pasquini, Francati, Ateniese, "Eluding Secure Aggregation in Federated Learning via Model Inconsistency", CCS 2022
(gradient suppression). The others are sent a network whose features are zero for every picture and whose head has no
weights: the gradient of every tensor is then zero but for the head's bias, whose gradient no weights can silence. The
server leaves that tensor out.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import ClassVar, Literal

import torch
from torch import nn

from gi_core.components import option
from gi_core.errors import BadInput
from gi_core.models.base import Victim
from gi_core.models.batchnorm import statistics_kept
from gi_core.observation import ServerFacts, Update
from gi_core.servers.base import Reading, Sent, Server, copied, linear_head, servers

FAR_OFF = -1e3
"""A bias that no input overcomes before a ReLU or a sigmoid."""


@servers.register("inconsistent")
@dataclass(frozen=True, kw_only=True)
class Inconsistent(Server):
    """The target is sent the honest model, all others a dead one: secure aggregation then hides nobody.

    Pasquini et al., "Eluding Secure Aggregation", CCS 2022. Any attack can follow, as if there were one client.
    """

    changes: ClassVar = "parameters"
    sok: ClassVar[str] = "H"
    needs: ClassVar[str] = "To send different clients different models in one round."
    fails: ClassVar[str] = "Clients that compare what they were sent, and noise, of which each client adds its own."
    defend: ClassVar[str] = "Compare a fingerprint of the model with the other clients before training."
    isolates: ClassVar[bool] = True

    how: Literal["dead", "head"] = option("dead", "the others' features are switched off, or their head alone is empty")

    def send(self, victim: Victim, seed: int) -> Sent:
        others = copied(victim)
        head = linear_head(others)
        nn.init.zeros_(head.weight)
        if self.how == "dead":
            switch_off(others)
        return Sent((victim,), (others,), ServerFacts("inconsistent", {"how": self.how}))

    def read(self, sent: Sent, updates: tuple[Update, ...], pictures: int) -> Reading:
        (update,), victim = updates, sent.target[0]
        if update.examples == pictures:
            return Reading(victim, update)
        head = next(name for name, module in victim.named_modules() if module is victim.head)
        dropped = {f"{head}.bias"} | ({f"{head}.weight"} if self.how == "head" else set())
        scale = update.examples / pictures
        tensors = {name: t * scale for name, t in update.tensors.items() if name not in dropped}
        return Reading(without(victim, dropped), replace(update, tensors=tensors, examples=pictures))


def without(victim: Victim, names: set[str]) -> Victim:
    """A copy in which these parameters are constants, so that an attack does not match their gradients."""
    network = copied(victim)
    for name in names:
        owner, _, leaf = name.rpartition(".")
        module = network.get_submodule(owner)
        value = getattr(module, leaf)
        if isinstance(value, nn.Parameter):
            delattr(module, leaf)
            module.register_buffer(leaf, value.detach().clone(), persistent=False)
    return network


def switch_off(victim: Victim) -> None:
    """Make the features zero for every picture, by weights 0 in one late layer of the body and a bias 0 or far below.

    Raises:
        BadInput: no single layer does it.
    """
    generator = torch.Generator().manual_seed(0)
    images = torch.rand(2, *victim.image_shape, generator=generator).to(victim.mean)
    late = [m for m in victim.body.modules() if isinstance(getattr(m, "weight", None), nn.Parameter)][::-1]
    for layer in late:
        kept = {name: p.detach().clone() for name, p in layer.named_parameters(recurse=False)}
        if kept.get("bias") is None:
            continue
        for bias in (0.0, FAR_OFF):
            with torch.no_grad(), statistics_kept(victim):
                layer.weight.zero_()  # type: ignore[operator,union-attr]
                layer.bias.fill_(bias)  # type: ignore[operator,union-attr]
                if not victim.features(images).any():
                    return
        with torch.no_grad():
            for name, value in kept.items():
                getattr(layer, name).copy_(value)
    raise BadInput("inconsistent:how=dead finds no layer that switches the victim's features off: use how=head")
