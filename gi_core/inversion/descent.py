"""First-order descent on pictures, shared by the iterative attacks: steps, schedule, box, best iterate."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import torch
from torch import Tensor

from gi_core.inversion.frame import Evaluation, Frame
from gi_core.observation import Observation


@dataclass(frozen=True)
class Steps:
    """How to descend.

    Attributes:
        count: iterations.
        lr: Adam's learning rate, in normalised pixel units.
        signed: use the sign of the gradient.
        decay: multiply lr by 0.1 at 3/8, 5/8 and 7/8 of the iterations (the schedule of Geiping et al. 2020).
        box: clamp to [0,1] after each step.
    """

    count: int
    lr: float = 0.1
    signed: bool = True
    decay: bool = True
    box: bool = True


def descend(
    evaluate: Callable[[Tensor, float], Evaluation],
    x: Tensor,
    observation: Observation,
    steps: Steps,
    *,
    extra: list[Tensor] | None = None,
    extra_lr: float = 1e-3,
    reshape: Callable[[int, Tensor], None] | None = None,
) -> Iterator[Frame]:
    """Adam in the victim's normalised pixels from ``x`` (B,C,H,W) in [0,1], or from R such guesses (R,B,C,H,W).

    Yields ``steps.count + 1`` frames: each iterate with its own loss, the last without a step after it. A frame's
    images are the iterate of lowest loss so far, for guesses side by side each one's own; comparing needs no host
    synchronisation.

    Args:
        evaluate: (pictures, progress) -> Evaluation, whose ``extra`` gradients match ``extra``.
        extra: further variables (kept in [0,1]) that descend along with their own learning rate.
        reshape: (step, normalised pixels) changes the iterate in place after each step: a filter, noise.
    """
    mean, std = observation.victim.mean, observation.victim.std
    u = (x - mean) / std
    low, high = -mean / std, (1 - mean) / std
    optimiser = Adam([u, *(extra or [])], [steps.lr, *[extra_lr] * len(extra or [])])
    milestones = {int(steps.count * share) for share in (3 / 8, 5 / 8, 7 / 8)} if steps.decay else set()
    best, best_loss = x.clone(), torch.full((), torch.inf, device=x.device)
    for i in range(steps.count + 1):
        x = (u * std).add_(mean)
        now = evaluate(x, i / max(1, steps.count))
        better = now.loss < best_loss
        best = torch.where(better[..., None, None, None, None], x, best)
        best_loss = torch.where(better, now.loss, best_loss)
        yield Frame(i, best if steps.box else best.clamp(0, 1), now.loss, now.terms)
        if i == steps.count:
            return
        if i in milestones:
            optimiser.rates = [0.1 * rate for rate in optimiser.rates]
        gradient = now.gradient.sign() if steps.signed else now.gradient * std
        optimiser.step([gradient, *now.extra])
        if steps.box:
            u.clamp_min_(low).clamp_max_(high)
        for variable in extra or []:
            variable.detach().clamp_(0, 1)


class Adam:
    """Kingma and Ba 2015, Algorithm 1, in place on a few small tensors.

    torch.optim's version costs more per step than the rest of this loop on a small victim, and seconds at its first
    use. Attributes: rates, one learning rate per variable.
    """

    def __init__(self, variables: list[Tensor], rates: list[float]) -> None:
        self.variables = [v.detach() for v in variables]
        self.rates = rates
        self.first = [torch.zeros_like(v) for v in self.variables]
        self.second = [torch.zeros_like(v) for v in self.variables]
        self.count = 0

    def step(self, gradients: list[Tensor], beta1: float = 0.9, beta2: float = 0.999, eps: float = 1e-8) -> None:
        self.count += 1
        rise1, rise2 = 1 - beta1**self.count, 1 - beta2**self.count
        for x, m, v, g, rate in zip(self.variables, self.first, self.second, gradients, self.rates, strict=True):
            m.lerp_(g, 1 - beta1)
            v.mul_(beta2).addcmul_(g, g, value=1 - beta2)
            x.addcdiv_(m, v.sqrt().div_(rise2**0.5).add_(eps), value=-rate / rise1)


def keep_best(runs: Iterator[Iterator[Frame]]) -> Iterator[Frame]:
    """Chain restarts; every frame shows the best answer over all restarts so far, by the attacker's own loss."""
    best_images: Tensor | None = None
    best_loss: Tensor | None = None
    best_labels: Tensor | None = None
    for run in runs:
        lowest: Tensor | None = None
        for frame in run:
            loss = frame.loss.nan_to_num(torch.inf)
            lowest = loss if lowest is None else torch.minimum(lowest, loss)
            own, labels = frame.images, frame.labels
            if best_images is not None and best_loss is not None:
                frame.images = torch.where(lowest < best_loss, own, best_images)
                if labels is not None and best_labels is not None:
                    frame.labels = torch.where(lowest < best_loss, labels, best_labels)
            yield frame
        if lowest is None:
            continue
        best_images, best_labels = frame.images, frame.labels
        best_loss = lowest if best_loss is None else torch.minimum(best_loss, lowest)


def one_by_one(frames: Iterator[Frame]) -> Iterator[Frame]:
    """R frames for each frame of R restarts side by side; images are the best over all restarts, as in keep_best.

    Restarts take turns: iteration ``i * R + r`` is step i of restart r.
    """
    lowest: Tensor | None = None
    for frame in frames:
        losses = frame.loss.nan_to_num(torch.inf)
        lowest = losses if lowest is None else torch.minimum(lowest, losses)
        best = frame.images.index_select(0, lowest.argmin().view(1)).squeeze(0)
        terms = zip(*(values.unbind() for values in frame.terms.values()), strict=True)
        for r, (loss, own) in enumerate(zip(frame.loss.unbind(), terms, strict=True)):
            now = dict(zip(frame.terms, own, strict=True))
            yield Frame(frame.iteration * len(losses) + r, best, loss, now, restart=r)
