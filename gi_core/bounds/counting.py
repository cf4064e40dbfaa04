"""Equations against unknowns of a noise-free update."""

from __future__ import annotations

from dataclasses import dataclass

from torch import Tensor, nn

from gi_core.bounds.base import Bound, Rule, Setting, bounds
from gi_core.models.base import Victim


@dataclass(frozen=True)
class LayerCount:
    """One layer's share: ``equations`` independent numbers at most among its ``numbers`` gradient entries."""

    name: str
    numbers: int
    equations: int


@dataclass(frozen=True)
class Count:
    """Equations against unknowns.

    Attributes:
        unknowns: B C H W pixels, labels taken as known.
        equations: independent numbers in the update, at most.
        layers: per layer.
    """

    unknowns: int
    equations: int
    layers: tuple[LayerCount, ...]

    @property
    def deficit(self) -> int:
        """Unknowns that no equation fixes, at least; 0 where there are enough equations."""
        return max(0, self.unknowns - self.equations)


def count(victim: Victim, batch_size: int) -> Count:
    """Count per layer, for one gradient of a batch.

    A layer's gradient is Delta^T X with one row per example and position (S positions for a convolution, 1 for a linear
    layer), so it has rank r <= min(B S, outputs, inputs), and a matrix of rank r has r (outputs + inputs - r) free
    numbers. The bias adds one column of inputs. The idea of counting is R-GAP's (Zhu & Blaschko, ICLR 2021), which adds
    the constraints of the weights layer by layer; here the whole update is counted, so no such constraint is needed.
    """
    channels, height, width = victim.image_shape
    positions: dict[str, int] = {}
    hooks = [
        module.register_forward_hook(lambda m, _, out, name=name: positions.update({name: out[0, 0].numel()}))
        for name, module in victim.named_modules()
        if isinstance(module, nn.Conv2d)
    ]
    was_training = victim.training
    try:
        victim.eval()
        victim(next(victim.parameters()).new_zeros(1, channels, height, width))
    finally:
        victim.train(was_training)
        for hook in hooks:
            hook.remove()
    layers = []
    for name, module in victim.named_modules():
        own = [p for p in module.parameters(recurse=False)]
        numbers = sum(p.numel() for p in own)
        if not numbers:
            continue
        equations = numbers
        if isinstance(module, (nn.Linear, nn.Conv2d)) and getattr(module, "groups", 1) == 1:
            equations = min(numbers, _free_numbers(module.weight, module.bias, batch_size * positions.get(name, 1)))
        layers.append(LayerCount(name, numbers, equations))
    return Count(batch_size * channels * height * width, sum(layer.equations for layer in layers), tuple(layers))


def _free_numbers(weight: Tensor, bias: Tensor | None, rows: int) -> int:
    outputs, inputs = weight.shape[0], weight[0].numel() + (bias is not None)
    rank = min(rows, outputs, inputs)
    return rank * (outputs + inputs - rank)


@bounds.register("counting")
@dataclass(frozen=True, kw_only=True)
class Counting(Rule):
    """Equations against unknowns: whether a noise-free update can determine a generic batch at all."""

    unit = "equations per pixel"
    binds = "Attacks without a prior; enough equations do not promise that an attack can solve them."
    assumes = "One noise-free gradient with every tensor shared as it is; labels known."

    def of(self, setting: Setting) -> Bound | None:
        if setting.stack or setting.statistics or not setting.single_gradient:
            return None
        counted = count(setting.victim, setting.batch_size)
        share = counted.equations / counted.unknowns
        says = f"At most {counted.equations:,} independent equations for {counted.unknowns:,} unknown pixels"
        tail = (
            f": without a prior at least {counted.deficit:,} degrees of freedom stay open."
            if counted.deficit
            else ": enough, if they can be solved."
        )
        return self.bound(share, says + tail, vacuous=not counted.deficit)
