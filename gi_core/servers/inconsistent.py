"""A different model for each client: the others' updates vanish, and the sum is the target's own.

Pasquini, Francati, Ateniese, "Eluding Secure Aggregation in Federated Learning via Model Inconsistency", CCS 2022
(gradient suppression). The others are sent a network whose features are zero for every picture and whose head has no
weights: the gradient of every tensor is then zero but for the head's bias, p - y, which no weights can silence.

It can be made a whole number (ours). The others' head is certain of class 0, so that each of their pictures adds
e_0 - y to the bias. Of the sum over all pictures, T, the target's part is v = T - k with whole k. The target's own
gradient of the head's weights, the sum of (p - y) h^T, tells k: its product with a feature that is usual for public
pictures estimates v, and v lies in its column space, which corrects the estimate and says whether that succeeded.
Where it cannot say so, the server leaves the tensor out.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import ClassVar, Literal

import torch
from torch import Tensor, nn

from gi_core.components import option
from gi_core.data.samples import public_crops
from gi_core.errors import BadInput
from gi_core.models.base import Victim
from gi_core.models.batchnorm import statistics_kept
from gi_core.observation import ServerFacts, Update
from gi_core.servers.base import Reading, Sent, Server, copied, linear_head, servers

FAR_OFF = -1e3
"""A bias that no input overcomes before a ReLU or a sigmoid."""
PUBLIC = 16
"""Pictures of the server's own behind a usual feature."""
CERTAIN = 200.0
"""A logit beside which exp(-CERTAIN) is 0 in single precision."""
SCALES = (1.0, 0.5, 2.0, 0.25, 4.0)
"""How much shorter or longer than the usual feature the target's may be."""
WITHIN = 1e-3
"""Share of a bias gradient outside the column space of the weights' at which the estimate of k was wrong."""


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
            if head.bias is not None:
                with torch.no_grad():
                    head.bias.zero_()[0] = CERTAIN
            switch_off(others)
        return Sent((victim,), (others,), ServerFacts("inconsistent", {"how": self.how}))

    def read(self, sent: Sent, updates: tuple[Update, ...], pictures: int) -> Reading:
        (update,), victim = updates, sent.target[0]
        if update.examples == pictures:
            return Reading(victim, update)
        head = next(name for name, module in victim.named_modules() if module is victim.head)
        scale = update.examples / pictures
        tensors = {name: t * scale for name, t in update.tensors.items()}
        dropped = {f"{head}.weight", f"{head}.bias"} if self.how == "head" else {f"{head}.bias"}
        if self.how == "dead" and update.kind == "gradient" and f"{head}.bias" in tensors:
            own = bias_of_target(victim, tensors[f"{head}.weight"], tensors[f"{head}.bias"], pictures)
            if own is not None:
                tensors[f"{head}.bias"], dropped = own, set()
        tensors = {name: t for name, t in tensors.items() if name not in dropped}
        return Reading(without(victim, dropped), replace(update, tensors=tensors, examples=pictures))


def bias_of_target(victim: Victim, weight: Tensor, bias: Tensor, pictures: int) -> Tensor | None:
    """(K,): the target's part of ``bias``, both times its ``pictures``, which differ by whole numbers.

    Args:
        weight: (K,d) the target's own gradient of the head's weights; bias: (K,) of the sum of all clients.

    Returns:
        None where nothing tells which whole numbers: with as many pictures as the weights have ranks.
    """
    classes, usual = len(weight), usual_feature(victim).double()
    if pictures >= min(classes - 1, len(usual)):
        return None
    rows, total = weight.double() * pictures, bias.double() * pictures
    space = torch.linalg.svd(rows, full_matrices=False).U[:, :pictures]
    outside = torch.eye(classes).to(rows) - space @ space.T
    estimate = rows @ usual / usual.square().sum()
    guesses = [nearest(total, scale * estimate, outside) for scale in SCALES]
    wrong = [float((outside @ v).norm() / v.norm()) for v in guesses]
    best = min(range(len(SCALES)), key=wrong.__getitem__)
    if not wrong[best] < WITHIN:
        return None
    return (space @ (space.T @ guesses[best]) / pictures).to(bias)


def nearest(total: Tensor, estimate: Tensor, outside: Tensor) -> Tensor:
    """(K,): ``total`` less whole numbers, near ``estimate`` and with little ``outside`` (K,K), a projection.

    Descent: while it helps, a unit moves from one entry to another, or to none.
    """
    v = total - (total - estimate).round()
    units = torch.cat([torch.eye(len(v)).to(v), v.new_zeros(1, len(v))])
    between = units @ outside @ units.T
    sizes = between.diagonal()
    for _ in range(4 * len(v)):
        along = units @ (outside @ v)
        change = 2 * (along[:, None] - along) + sizes[:, None] + sizes - 2 * between
        least = int(change.argmin())
        if change.flatten()[least] > -1e-9:
            break
        v = v + units[least // len(units)] - units[least % len(units)]
    return v


def usual_feature(victim: Victim) -> Tensor:
    """(d,): mean feature of public pictures."""
    pictures = public_crops(PUBLIC, victim.image_shape[1], victim.image_shape[0], 0).to(victim.mean)
    with torch.no_grad(), statistics_kept(victim):
        return victim.features(pictures).mean(0)


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
