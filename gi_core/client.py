"""The client: batch -> update. ``y = D(A(x; theta))`` with the training step A and the defense D."""

from __future__ import annotations

import copy
from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Literal

import torch
from torch import Tensor, nn

from gi_core import cancellation
from gi_core.defenses import Batch, Defense
from gi_core.errors import BadInput
from gi_core.models.base import Victim
from gi_core.observation import Tensors, Training, Update
from gi_core.seeds import seeded, stream_seed

ONE_STEP = Training()


@dataclass(frozen=True)
class Released:
    """What one client computed: the update before the defense (never leaves the device) and after it."""

    clean: Update
    defended: Update


def release(
    victim: Victim,
    images: Tensor,
    labels: Tensor,
    *,
    stack: tuple[Defense, ...] = (),
    training: Training = ONE_STEP,
    kind: Literal["gradient", "delta"] = "gradient",
    seed: int = 0,
    share_buffers: bool = False,
) -> Released:
    """One client's round.

    Args:
        victim: w_0, in the client's mode; it is copied, not changed.
        images: (B,C,H,W) in [0,1]; labels: (B,) class indices (or what the victim's loss takes).
        stack: defenses, applied in order: on the model, per example, on the update.
        training: local steps, batch, learning rate, momentum (used for kind "delta").
        kind: "gradient" of the mean loss at w_0, or "delta" w_T - w_0 after local SGD.
        seed: of dropout masks, batch order and the defense's noise.
        share_buffers: send BatchNorm's running statistics along.

    Raises:
        BadInput: a per-example defense on a victim whose BatchNorm couples the examples, or one value per channel for
            a BatchNorm in train mode, whose variance is then not defined.
    """
    try:
        return _release(victim, images, labels, stack, training, kind, seed, share_buffers)
    except ValueError as error:
        if "more than 1 value per channel" not in str(error):
            raise
        raise BadInput(
            f"mode=train with {len(images)} picture(s) per step: a BatchNorm gets one value per channel, which has no"
            " variance; take more pictures per step, larger ones, or mode=eval"
        ) from None


def _release(
    victim: Victim, images: Tensor, labels: Tensor, stack: tuple[Defense, ...], training: Training,
    kind: Literal["gradient", "delta"], seed: int, share_buffers: bool,
) -> Released:  # fmt: skip
    model = copy.deepcopy(victim)
    generator = torch.Generator(device="cpu").manual_seed(stream_seed(seed, "defense"))
    batch = Batch(model, images, labels, generator, 1.0 if kind == "delta" else -training.lr)
    with seeded(stream_seed(seed, "client")):
        for defense in stack:
            defense.on_model(model)
        if kind == "delta":
            clean = defended = local_training(model, images, labels, training, stream_seed(seed, "order"))
        elif any(d.per_example for d in stack):
            rows = per_example_gradients(model, images, labels)
            clean = {name: t.mean(0) for name, t in rows.items()}
            for defense in stack:
                rows = defense.on_example(rows, batch)
            defended = {name: t.mean(0) for name, t in rows.items()}
        else:
            clean = defended = gradient(model, images, labels)
        for defense in stack:
            defended = defense.on_update(defended, batch)
    buffers = running_statistics(model) if share_buffers else None
    update = Update(clean, kind, examples=len(images), buffers=buffers)
    return Released(clean=update, defended=replace(update, tensors=defended))


def gradient(model: Victim, images: Tensor, labels: Tensor) -> Tensors:
    """Gradient of the mean loss with respect to every parameter."""
    names, parameters = zip(*model.named_parameters(), strict=True)
    grads = torch.autograd.grad(model.loss(images, labels), parameters, materialize_grads=True)
    return dict(zip(names, grads, strict=True))


def per_example_gradients(model: Victim, images: Tensor, labels: Tensor) -> Tensors:
    """(B, ...) gradients of each example's own loss. Raises BadInput where BatchNorm couples the examples."""
    coupled = next(
        (n for n, m in model.named_modules() if isinstance(m, nn.modules.batchnorm._BatchNorm) and m.training), None
    )
    if coupled is not None and len(images) > 1:
        raise BadInput(
            f"a per-example defense needs one gradient per picture, but BatchNorm {coupled!r} in train mode mixes"
            " the pictures of a batch: use mode=eval, or a defense with per=update"
        )
    singles = []
    for i in range(len(images)):
        cancellation.check()
        singles.append(gradient(model, images[i : i + 1], labels[i : i + 1]))
    return {name: torch.stack([s[name] for s in singles]) for name in singles[0]}


def local_training(model: Victim, images: Tensor, labels: Tensor, training: Training, seed: int) -> Tensors:
    """w_T - w_0 after ``training.steps`` SGD steps over mini-batches (McMahan et al. 2017).

    ``model`` is trained in place; its train/eval mode is kept.
    """
    before = {name: p.detach().clone() for name, p in model.named_parameters()}
    optimiser = torch.optim.SGD(model.parameters(), lr=training.lr, momentum=training.momentum)
    for chosen in minibatches(len(images), training, seed):
        cancellation.check()
        optimiser.zero_grad()
        model.loss(images[chosen], labels[chosen]).backward()
        optimiser.step()
    return {name: p.detach() - before[name] for name, p in model.named_parameters()}


def minibatches(count: int, training: Training, seed: int) -> list[Tensor]:
    """Indices of each local step's pictures: ``training.steps`` batches, every pass in a new order or all in one."""
    generator = torch.Generator().manual_seed(seed)
    batches: list[Tensor] = []
    while len(batches) < training.steps:
        given = training.order == "fixed" or training.batch >= count
        order = torch.arange(count) if given else torch.randperm(count, generator=generator)
        batches += list(order.split(training.batch))
    return batches[: training.steps]


def running_statistics(model: nn.Module) -> Tensors:
    """BatchNorm's running means and variances by buffer name."""
    return {name: b.detach().clone() for name, b in model.named_buffers() if "running_" in name}


class WeightedMean:
    """The mean of updates, weighted by their numbers of examples, taken up one by one; accumulated in float64."""

    def __init__(self, first: Update) -> None:
        self._first, self._examples = first, 0
        self._sums: Tensors = {}
        self._buffers: Tensors | None = {}
        self.add(first)

    def add(self, update: Update) -> None:
        """Raises BadInput if kinds differ."""
        if update.kind != self._first.kind:
            raise BadInput("aggregation needs updates of one kind, all gradients or all deltas")
        self._take(self._sums, update.tensors, update.examples)
        if self._buffers is not None and update.buffers is not None:
            self._take(self._buffers, update.buffers, update.examples)
        else:
            self._buffers = None
        self._examples += update.examples

    @staticmethod
    def _take(sums: Tensors, tensors: Tensors, examples: int) -> None:
        for name, tensor in tensors.items():
            part = tensor.double() * examples
            sums[name] = sums[name].add_(part) if name in sums else part

    def update(self) -> Update:
        """What the server gets: no client's own tensors, nor its own BatchNorm buffers, which all must share."""
        mean = {name: (self._sums[name] / self._examples).to(t) for name, t in self._first.tensors.items()}
        buffers = self._first.buffers
        if self._buffers is None or buffers is None:
            return Update(mean, self._first.kind, examples=self._examples)
        averaged = {name: (self._buffers[name] / self._examples).to(t) for name, t in buffers.items()}
        return Update(mean, self._first.kind, examples=self._examples, buffers=averaged)


def aggregate(updates: Iterable[Update]) -> Update:
    """Secure aggregation: the mean of the clients' updates, weighted by their numbers of examples.

    Exact to float rounding, whatever the number of clients, of which one is held at a time. Raises BadInput if kinds
    differ.
    """
    arriving = iter(updates)
    mean = WeightedMean(next(arriving))
    for update in arriving:
        mean.add(update)
    return mean.update()
