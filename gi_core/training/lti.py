"""Training of LTI and Coarse-GIT on pairs of gradient and picture."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import Tensor
from torch.func import functional_call, grad, vmap

from gi_core.components import option
from gi_core.data.arrays import Pictures
from gi_core.models.base import Victim
from gi_core.networks.git import CoarseGIT
from gi_core.networks.lti import LTI
from gi_core.networks.sketch import flat
from gi_core.training.base import InverterTraining, features, parts, psnr, trainings


def gradient_rows(victim: Victim, images: Tensor, labels: Tensor) -> Tensor:
    """(N,P) gradient of each picture's own loss, all tensors flattened in the victim's order."""
    if len(images) == 1:  # a third faster than vmap over one
        with torch.enable_grad():
            tensors = [p.detach().requires_grad_() for p in victim.parameters()]
            named = dict(zip((n for n, _ in victim.named_parameters()), tensors, strict=True))
            logits = functional_call(victim, named, (images,))
            return flat(list(torch.autograd.grad(torch.nn.functional.cross_entropy(logits, labels), tensors)))
    parameters = {name: p.detach() for name, p in victim.named_parameters()}

    def loss(values: dict[str, Tensor], image: Tensor, label: Tensor) -> Tensor:
        logits = functional_call(victim, values, (image.unsqueeze(0),))
        return torch.nn.functional.cross_entropy(logits, label.unsqueeze(0))

    rows = vmap(grad(loss), in_dims=(None, 0, 0))(parameters, images, labels)
    return torch.cat([rows[name].flatten(1) for name in parameters], 1)


def mixed_labels(pictures: Pictures, classes: int, seed: int) -> Tensor:
    """(N,) the true label for about half of the pictures, a random one for the others."""
    generator = torch.Generator().manual_seed(seed)
    other = torch.randint(classes, (len(pictures),), generator=generator)
    return torch.where(torch.rand(len(pictures), generator=generator) < 0.5, pictures.labels, other)


def table_of_gradients(
    victim: Victim, pictures: Pictures, labels: Tensor, look: Callable[[Tensor], Tensor] = lambda rows: rows
) -> Tensor:
    """(N,...) what ``look`` makes of :func:`gradient_rows`, in pieces that fit into memory, gradients never held."""
    piece = max(1, min(250, 4_000_000 // sum(p.numel() for p in victim.parameters())))
    return torch.cat(
        [look(gradient_rows(victim, pictures.floats(part), labels[part])) for part in parts(len(pictures), piece)]
    )


@trainings.register("lti")
@dataclass(frozen=True, kw_only=True)
class TrainLTI(InverterTraining):
    """LTI: whole gradients of training pictures -> pictures, pixel MSE."""

    recipe = """Gradient of the whole victim, one picture each, the label true for half and random for half of them;
    noise of std 0 for half, log-uniform in 1e-4..0.2 for the other half, drawn afresh each time; Adam on pixel MSE."""
    fails = """Blurred pictures; other victims or weights than the one named; clipped gradients (it was trained on raw
    ones); batches larger than one."""

    pictures: int = option(30_000, "training pictures, 0 for all", low=0, high=10**7)
    lr: float = option(1e-3, "peak learning rate of Adam", low=1e-6, high=1.0)
    noise: float = option(0.2, "largest noise std in training, 0 for none", low=0.0, high=100.0)

    def network(self, victim: Victim) -> LTI | CoarseGIT:
        return LTI(victim)

    def prepare(self, network: LTI | CoarseGIT, victim: Victim, rows: Tensor, pictures: Pictures) -> None:
        few = slice(0, 4000)
        network.fit(rows[few], pictures.floats(few))

    def table_name(self) -> str:
        return f"gradients-{self.name}-{self.seed}"

    def table(self, network: LTI | CoarseGIT, victim: Victim, pictures: Pictures) -> Tensor:
        labels = mixed_labels(pictures, victim.num_classes, self.seed)
        return table_of_gradients(victim, pictures, labels, network.look)

    def loss(
        self, network: LTI | CoarseGIT, victim: Victim, rows: Tensor, pictures: Pictures, generator: torch.Generator
    ) -> Tensor:
        if self.noise:
            draw = torch.rand(len(rows), 1, generator=generator)
            std = torch.where(draw < 0.5, 0.0, 1e-4 * (self.noise / 1e-4) ** (2 * draw - 1))
            rows = rows + std * network.counts.sqrt() * torch.randn(rows.shape, generator=generator)
        return (network.decode(rows) - pictures.floats(slice(None))).square().mean()

    def validate(self, network: LTI | CoarseGIT, victim: Victim, rows: Tensor, pictures: Pictures) -> dict[str, float]:
        truth, figures = pictures.floats(slice(None)), {}
        with torch.no_grad():
            for std in (0.0, 0.01, 0.1):
                white = torch.randn(rows.shape, generator=torch.Generator().manual_seed(1))
                figures[f"psnr std={std:g}"] = psnr(network.decode(rows + std * network.counts.sqrt() * white), truth)
        return figures


@trainings.register("git")
@dataclass(frozen=True, kw_only=True)
class TrainGIT(TrainLTI):
    """Coarse-GIT, on the same pairs and with the same recipe as LTI."""

    recipe = TrainLTI.recipe + """ Started as low-rank ridge regression from the head's features to the picture."""

    def network(self, victim: Victim) -> CoarseGIT:
        return CoarseGIT(victim)

    def prepare(self, network: LTI | CoarseGIT, victim: Victim, rows: Tensor, pictures: Pictures) -> None:
        super().prepare(network, victim, rows, pictures)
        assert isinstance(network, CoarseGIT)
        network.start(features(victim, pictures), pictures.floats(slice(None)))
