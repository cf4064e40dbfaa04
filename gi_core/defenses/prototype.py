"""A classifier by prototypes instead of a linear head."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import torch
from torch import Tensor, nn

from gi_core.components import option
from gi_core.defenses.base import Batch, Defense, defenses
from gi_core.models.base import Victim
from gi_core.observation import Tensors


class PrototypeHead(nn.Linear):
    """Logits -|h - p_k|^2 / temperature; the rows of ``weight`` are the prototypes, which no gradient reaches."""

    def __init__(self, head: nn.Linear, temperature: float) -> None:
        super().__init__(head.in_features, head.out_features, bias=head.bias is not None)
        self.load_state_dict(head.state_dict())
        self.temperature = temperature

    def forward(self, features: Tensor) -> Tensor:
        return -torch.cdist(features, self.weight.detach()).square() / self.temperature


@defenses.register("prototype")
@dataclass(frozen=True, kw_only=True)
class Prototype(Defense):
    """Classify by the distance to class prototypes, so that the head has no gradient to read features from.

    Proposed in Venom; the form is a reconstruction. The public prototypes are the rows of the head that the server
    sent; in the head's place the client sends the mean feature of each class it holds (zero for the others), or
    nothing.
    """

    does = "Replaces the linear head by distances to prototypes: its gradient, from which features are read, is gone."
    costs = "A class of one picture is sent as that picture's own features; sending nothing leaves the head untrained."
    reads_pictures = True
    can_raise_norm = True

    temperature: float = option(10.0, "divides the squared distances", low=1e-3, high=1e6)
    send: Literal["means", "nothing"] = option("means", "the classes' mean features, or nothing, in the head's place")

    def on_model(self, victim: Victim) -> None:
        victim.head = PrototypeHead(victim.head, self.temperature)

    def on_update(self, tensors: Tensors, batch: Batch) -> Tensors:
        sent = dict(tensors)
        sent["head.weight"] = torch.zeros_like(tensors["head.weight"])
        if self.send == "means":
            with torch.no_grad():
                features = batch.victim.features(batch.images)
            for label in batch.labels.unique():
                sent["head.weight"][label] = features[batch.labels == label].mean(0)
        if "head.bias" in tensors:
            sent["head.bias"] = torch.zeros_like(tensors["head.bias"])
        return sent
