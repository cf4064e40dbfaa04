"""What the clients of a scenario can see of the models they are sent, before they train."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

import torch
from torch import Tensor

from gi_core.data.samples import public_crops
from gi_core.defenses.inspect import Inspection, Level, inspect
from gi_core.errors import BadInput
from gi_core.models import build
from gi_core.scenario import Scenario
from gi_core.seeds import stream_seed

OWN_PICTURES = 8


@dataclass(frozen=True)
class Sight:
    """The inspections of one round.

    Attributes:
        target, others: of the model that the target, and every other client, is sent; others is None where it is the
            same one. level: the worse of both.
    """

    target: Inspection
    others: Inspection | None

    @property
    def level(self) -> Level:
        levels = [self.target.level, *([self.others.level] if self.others else [])]
        return next(level for level in ("red", "amber", "green") if level in levels)  # type: ignore[return-value]

    def brief(self) -> dict[str, Any]:
        """Level, findings of both models, the worst first, and whether all clients are sent the same one."""
        found = [*self.target.findings, *(self.others.findings if self.others else ())]
        found.sort(key=lambda finding: finding.level != "red")
        return {"level": self.level, "findings": [asdict(f) for f in found], "same": self.others is None}

    def to_dict(self) -> dict[str, Any]:
        others = self.others and self.others.to_dict()
        return {"level": self.level, "target": self.target.to_dict(), "others": others, "same": self.others is None}


def inspect_sent(
    scenario: Scenario, images: Tensor | None = None, labels: Tensor | None = None, *, architecture: bool = True
) -> Sight:
    """Inspect what the scenario's server sends.

    Args:
        images: (B,C,H,W) in [0,1], the client's own, B >= 2; None: eight crops of public pictures.
        labels: (B,); None: classes in turn.
        architecture: compare with the architecture that the scenario names, as a client that knows it would.

    Raises:
        BadInput: a victim that is no classifier, or fewer than two pictures.
    """
    shape = scenario.image_shape
    victim = build(scenario.model, image_shape=shape, num_classes=scenario.num_classes, source=scenario.weights)
    victim.need_linear_head("inspection")
    if images is None:
        images = public_crops(OWN_PICTURES, shape[1], shape[0], stream_seed(scenario.seed, "inspection"))
    if len(images) < 2 or images.shape[1:] != shape:
        raise BadInput(f"pictures of shape {tuple(images.shape)}: at least 2 of {shape} are needed")
    if labels is None:
        labels = torch.arange(len(images)) % scenario.num_classes
    sent = scenario.server_component.send(victim, stream_seed(scenario.seed, "server"))
    agreed = victim if architecture else None
    target = inspect(sent.target[0], images, labels, agreed=agreed)
    same = sent.others[0] is sent.target[0]
    return Sight(target, None if same else inspect(sent.others[0], images, labels, agreed=agreed))
