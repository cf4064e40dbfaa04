"""A head that silences all pictures but one, so that the body's update is that picture's alone.

Wen, Geiping, Fowl, Goldblum, Goldstein, "Fishing for User Data in Large-Batch Federated Learning via Gradient
Magnification", ICML 2022. By class: with weights w for class c and 0 for all others, whose biases are M, p_c is e^-M,
and a picture of class y sends w (p_c - [y = c]) into the body: nothing unless it is of class c.

By feature, label-free with two queries: the head answers with p_c = sigmoid(m (v . h - theta)). The update at theta_1
less the one at theta_2 > theta_1 holds the pictures with v . h between the two, whatever their labels.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import Any, ClassVar, Literal

import torch
from torch import Tensor

from gi_core.components import option
from gi_core.errors import BadInput
from gi_core.models.base import Victim
from gi_core.models.batchnorm import statistics_kept
from gi_core.observation import ServerFacts, Update
from gi_core.seeds import stream_seed
from gi_core.servers.base import Reading, Sent, Server, copied, linear_head, public_measurements, servers


@servers.register("fishing")
@dataclass(frozen=True, kw_only=True)
class Fishing(Server):
    """A head that lets a single class, or a narrow range of one feature, into the update: a picture out of hundreds.

    Wen et al., "Fishing for User Data in Large-Batch Federated Learning", ICML 2022. Any attack can follow; it rebuilds
    the pictures that were let through, which scoring looks at alone.
    """

    changes: ClassVar = "parameters"
    sok: ClassVar[str] = "F"
    needs: ClassVar[str] = "A class to ask for; by feature, public pictures and a client that answers twice."
    fails: ClassVar[str] = "Several pictures of the class, BatchNorm in training mode, several local steps, noise."
    defend: ClassVar[str] = "Look at the head and at your own loss before training; clip and add noise."

    kind: Literal["class", "feature"] = option("class", "what singles a picture out")
    label: int = option(0, "class that is asked for", low=0, high=999)
    margin: float = option(150.0, "bias of the other classes", low=0, high=1000)
    level: float = option(
        0.5, "by feature: quantile of public pictures in the middle of the range", low=0.01, high=0.99
    )
    share: float = option(0.016, "by feature: share of public pictures in the range", low=1e-6, high=0.5)
    sharp: float = option(1e5, "by feature: steepness, in inverse deviations of the feature", low=1, high=1e9)

    def send(self, victim: Victim, seed: int) -> Sent:
        head = linear_head(victim)
        if self.label >= victim.num_classes:
            raise BadInput(f"fishing:label={self.label}: the victim has classes 0 to {victim.num_classes - 1}")
        generator = torch.Generator().manual_seed(stream_seed(seed, "fishing"))
        direction = torch.nn.functional.normalize(torch.randn(head.in_features, generator=generator), dim=0)
        options: dict[str, Any] = {"kind": self.kind, "label": self.label, "direction": direction}
        if self.kind == "class":
            network = self.answering(victim, direction, 0.0, self.margin)
            return Sent((network,), (network,), ServerFacts("fishing", options))

        @torch.no_grad()
        def measured(pictures: Tensor) -> Tensor:
            return feature(victim, pictures.to(victim.mean), direction).cpu()

        values = public_measurements(victim.image_shape, measured, seed)
        spread = float(values.std().clamp_min(1e-12))
        ends = torch.tensor([self.level - self.share / 2, self.level + self.share / 2]).clamp(1e-6, 1 - 1e-6)
        low, high = (float(values.mean() + spread * z) for z in torch.special.ndtri(ends))
        steep = self.sharp / spread
        options |= {"low": low, "high": high, "steep": steep, "most": float(values.abs().max())}
        networks = tuple(
            self.answering(victim, steep * direction, -steep * theta, -math.log(victim.num_classes - 1))
            for theta in (low, high)
        )
        return Sent(networks, networks, ServerFacts("fishing", options))

    def answering(self, victim: Victim, row: Tensor, bias: float, others: float) -> Victim:
        """The victim with weights ``row`` and a bias for the class that is asked for, and a bias for all others."""
        network = copied(victim)
        head = linear_head(network)
        if head.bias is None:
            raise BadInput("fishing needs a head with biases")
        with torch.no_grad():
            head.weight.zero_()[self.label] = row.to(head.weight)
            head.bias.fill_(others)[self.label] = bias
        return network

    def sought(self, sent: Sent, images: Tensor, labels: Tensor) -> Tensor:
        assert sent.facts is not None
        told = sent.facts.options
        if self.kind == "class":
            chosen, where = labels == self.label, f"is of class {self.label}"
        else:
            with torch.no_grad(), statistics_kept(sent.target[0]):
                values = feature(sent.target[0], images, told["direction"])
            chosen, where = (values > told["low"]) & (values <= told["high"]), "lies between the two thresholds"
        if not chosen.any():
            raise BadInput(f"server={self.text}: no picture of the batch {where}, so nothing of it comes through")
        return chosen

    def read(self, sent: Sent, updates: tuple[Update, ...], pictures: int) -> Reading:
        assert sent.facts is not None
        victim, update = sent.target[0], updates[0]
        body = update.examples / pictures
        scale = body
        if self.kind == "feature":
            told = sent.facts.options
            update = replace(update, tensors={n: updates[1].tensors[n] - t for n, t in update.tensors.items()})
            victim = self.answering(victim, told["direction"], 0.0, self.margin + told["most"])
            body = scale / told["steep"]
        head = next(name for name, module in victim.named_modules() if module is victim.head)
        tensors = {name: tensor * body for name, tensor in update.tensors.items()}
        for name in (f"{head}.weight", f"{head}.bias"):
            row = update.tensors[name][self.label] * scale
            rows = (-row / (victim.num_classes - 1)).expand_as(update.tensors[name]).clone()
            rows[self.label] = row
            tensors[name] = rows
        labels = torch.full((pictures,), self.label, device=victim.mean.device)
        return Reading(victim, replace(update, tensors=tensors, examples=pictures), labels)


def feature(victim: Victim, pictures: Tensor, direction: Tensor) -> Tensor:
    """(B,): v . h."""
    return victim.features(pictures) @ direction.to(pictures)
