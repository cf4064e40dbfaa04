"""Training of Diff-LRN by Venom's Algorithm 1."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import torch
import torch.nn.functional as F
from torch import Tensor

from gi_core.components import option
from gi_core.data.arrays import Pictures
from gi_core.models.base import Victim
from gi_core.networks.diff_lrn import DiffLRN
from gi_core.networks.features import Feature, rank_one
from gi_core.networks.front import LinearFront
from gi_core.networks.undo import preactivations
from gi_core.training.base import InverterTraining, features, parts, psnr, trainings
from gi_core.training.linear_undo import LinearUndo

CLIP = 1.0
LOW, HIGH = 1e-4, 5.0
HALF = ("front.axes", "front.below.axes")
SHARED = (*HALF, "front.deep")


def head_gradient(features: Tensor, labels: Tensor, victim: Victim) -> tuple[Tensor, Tensor]:
    """(N,K,d) and (N,K) gradient of the cross-entropy with respect to the head, one picture each."""
    logits = F.linear(features, victim.head.weight, victim.head.bias)
    delta = torch.softmax(logits, 1) - F.one_hot(labels, victim.num_classes)
    return delta.unsqueeze(2) * features.unsqueeze(1), delta


def clip_and_noise(tensor: Tensor, z: Tensor, generator: torch.Generator) -> Tensor:
    """Each row clipped to norm C = 1, plus N(0, (C z)^2) (Venom, Algorithm 1, line 4: per tensor)."""
    column = (-1, *[1] * (tensor.dim() - 1))
    norm = tensor.flatten(1).norm(dim=1).view(column)
    noise = torch.randn(tensor.shape, generator=generator)
    return tensor / (norm / CLIP).clamp_min(1) + CLIP * z.view(column) * noise


def draw_noise(count: int, generator: torch.Generator) -> Tensor:
    """(N,) noise multipliers: three in ten none, four log-uniform in [1e-6, 1e-2], three in [1e-4, 5]."""
    kind, place = torch.rand(count, generator=generator), torch.rand(count, generator=generator)
    fine = 10 ** (-6 + 4 * place)
    coarse = LOW * (HIGH / LOW) ** place
    return torch.where(kind < 0.3, torch.zeros(()), torch.where(kind < 0.7, fine, coarse))


def fit_front(front: LinearFront, victim: Victim, rows: Tensor, pictures: Pictures) -> None:
    """Closed form, on at most 40,000 pictures and their features."""
    few = slice(0, 40_000)
    front.fit(victim, rows[few], pictures.floats(few))


@trainings.register("venom")
@dataclass(frozen=True, kw_only=True)
class TrainVenom(InverterTraining):
    """Venom's Diff-LRN: noisy head gradients of training pictures -> pictures, pixel MSE."""

    recipe = """Algorithm 1: gradient of the head, weight and bias clipped to 1 each, Gaussian noise of std z on both;
    z = 0 for 30 %, log-uniform in 1e-6..1e-2 for 40 % and in 1e-4..5 for 30 % of the pictures, drawn afresh each
    time; labels true for half, random for half. Features by rank-one fit. Closed-form front, then Adam on pixel MSE
    in bfloat16; where the victim's last layer is undone, training takes the layer as linear, validation does not."""
    fails = """From z = 0.01 on the features are buried and the network returns little but the mean picture.
    Batches larger than one. Victims other than the one named."""
    liquid: ClassVar[bool] = True
    half: ClassVar[tuple[str, ...]] = HALF
    shared: ClassVar[tuple[str, ...]] = SHARED

    width: int = option(64, "channels of the decoder", low=8, high=512)

    def network(self, victim: Victim) -> DiffLRN:
        return DiffLRN(victim, liquid=self.liquid, width=self.width)

    def table_name(self) -> str:
        return "features-below"

    def table(self, network: DiffLRN, victim: Victim, pictures: Pictures) -> Tensor:
        """(N,d) features, and beside them the pre-activations one layer back where that layer is undone."""
        rows = features(victim, pictures)
        if network.front.below is None:
            return rows
        below = [preactivations(victim, pictures.floats(part)) for part in parts(len(pictures))]
        return torch.cat([rows, torch.cat(below)], 1)

    def prepare(self, network: DiffLRN, victim: Victim, rows: Tensor, pictures: Pictures) -> None:
        rows = rows[:, : victim.head.in_features]
        fit_front(network.front, victim, rows, pictures)
        generator = torch.Generator().manual_seed(self.seed)
        count = len(network.strengths)
        feature = self.observe(rows[:count], pictures.labels[:count], draw_noise(count, generator), victim, generator)
        with torch.no_grad():
            network.strengths.copy_(network.strength(feature)[2])

    @staticmethod
    def observe(rows: Tensor, labels: Tensor, z: Tensor, victim: Victim, generator: torch.Generator) -> Feature:
        """Features (N,d) as the attacker finds them in a gradient clipped and noised by z (N,)."""
        weight, bias = head_gradient(rows, labels, victim)
        return rank_one(clip_and_noise(weight, z, generator), clip_and_noise(bias, z, generator))

    def loss(
        self, network: DiffLRN, victim: Victim, rows: Tensor, pictures: Pictures, generator: torch.Generator
    ) -> Tensor:
        with torch.no_grad():
            other = torch.randint(victim.num_classes, (len(rows),), generator=generator)
            labels = torch.where(torch.rand(len(rows), generator=generator) < 0.5, pictures.labels, other)
            z = draw_noise(len(rows), generator)
            rows, below = rows.tensor_split([victim.head.in_features], 1)
            feature = self.observe(rows, labels, z, victim, generator)
            guess = None
            if network.front.below is not None:
                found, noise, _ = network.front.features(feature)
                guess = LinearUndo.of(network.front.below)(below, found - rows, noise)
            inputs, linear, strength = network.inputs(feature, guess)
        condition = network.time(strength)
        with torch.autocast("cpu", torch.bfloat16):
            answer = network.decoder(inputs, linear, condition)
        return (answer - pictures.floats(slice(None))).square().mean()

    def validate(self, network: DiffLRN, victim: Victim, rows: Tensor, pictures: Pictures) -> dict[str, float]:
        truth, figures, rows = pictures.floats(slice(None)), {}, rows[:, : victim.head.in_features]
        with torch.no_grad():
            for z in (0.0, 1e-4, 1e-3, 1e-2, 0.1):
                generator = torch.Generator().manual_seed(1)
                level = torch.full((len(rows),), z)
                feature = self.observe(rows, pictures.labels, level, victim, generator)
                figures[f"psnr z={z:g}"] = psnr(network(feature), truth)
        return {"psnr mean": sum(figures.values()) / len(figures)} | figures


@trainings.register("venom-diff")
@dataclass(frozen=True, kw_only=True)
class TrainVenomDiff(TrainVenom):
    """Venom-Diff: the ablation without liquid dynamics, otherwise trained alike."""

    liquid: ClassVar[bool] = False
