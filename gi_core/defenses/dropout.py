"""Dropout before the head."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import torch.nn.functional as F
from torch import nn

from gi_core.components import option
from gi_core.defenses.base import Defense, defenses
from gi_core.models.base import Victim


@defenses.register("dropout")
@dataclass(frozen=True, kw_only=True)
class Dropout(Defense):
    """Zero each input of the linear head with probability p, in train and eval mode, with a mask the attacker lacks.

    Srivastava et al., JMLR 2014; as a defense: Scheliga et al., "Dropout is NOT all you need", 2023. The mask comes
    from torch's global generator, which the client seeds.
    """

    does = "Computes the update with random features switched off, so the attacker's network answers differently."
    costs = "Slower training; with one picture the mask shows as zero columns in the head's gradient."

    p: float = option(0.5, "probability that a feature is dropped", low=0.0, high=0.99)

    def on_model(self, victim: Victim) -> None:
        def drop(head: nn.Module, inputs: tuple[Any, ...]) -> tuple[Any, ...]:
            return (F.dropout(inputs[0], self.p, training=True),)

        victim.head.register_forward_pre_hook(drop)
