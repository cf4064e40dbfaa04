"""Diff-LRN: Venom's single-step denoising network, its time embedding driven by a liquid unit."""

from __future__ import annotations

import math

import torch
from torch import Tensor, nn

from gi_core.models.base import Victim
from gi_core.networks.decoder import Decoder
from gi_core.networks.features import Feature, noise_strength, wavelet_refine
from gi_core.networks.front import LinearFront

T_MAX = 12.0
STRENGTHS = 256


class Time2Vec(nn.Module):
    """T -> concat(W_l T + b_l, sin(W_p T + b_p)) (Venom; Kazemi et al. 2019)."""

    def __init__(self, size: int = 64) -> None:
        super().__init__()
        self.linear = nn.Linear(1, size)
        self.periodic = nn.Linear(1, size)

    def forward(self, strength: Tensor) -> Tensor:
        column = strength.unsqueeze(1)
        return torch.cat([self.linear(column), self.periodic(column).sin()], 1)


class Liquid(nn.Module):
    """Liquid time-constant unit and adaptive gate (Venom).

    h <- h + alpha (tanh(W_in t + W_rec h) - h), alpha in (0,1) learnt from 0.1, four steps from h = 0 [R];
    then sigmoid(W_g P h + b_g) * P h.
    """

    def __init__(self, inputs: int, hidden: int, outputs: int, steps: int = 4) -> None:
        super().__init__()
        self.hidden, self.steps = hidden, steps
        self.entry = nn.Linear(inputs, hidden)
        self.recurrent = nn.Linear(hidden, hidden, bias=False)
        self.rate = nn.Parameter(torch.tensor(math.log(0.1 / 0.9)))
        self.project = nn.Linear(hidden, outputs)
        self.gate = nn.Linear(outputs, outputs)

    def forward(self, time: Tensor) -> Tensor:
        state = time.new_zeros(len(time), self.hidden)
        drive, alpha = self.entry(time), torch.sigmoid(self.rate)
        for _ in range(self.steps):
            state = state + alpha * (torch.tanh(drive + self.recurrent(state)) - state)
        projected = self.project(state)
        return torch.sigmoid(self.gate(projected)) * projected


class Sinusoid(nn.Module):
    """Fixed sines and cosines of T, then a linear layer: Venom-Diff, the ablation without liquid dynamics."""

    frequencies: Tensor

    def __init__(self, outputs: int, size: int = 64) -> None:
        super().__init__()
        self.register_buffer("frequencies", torch.logspace(-1, 1.5, size), persistent=False)
        self.project = nn.Sequential(nn.Linear(2 * size, outputs), nn.SiLU(), nn.Linear(outputs, outputs))

    def forward(self, strength: Tensor) -> Tensor:
        angle = strength.unsqueeze(1) * self.frequencies
        return self.project(torch.cat([angle.sin(), angle.cos()], 1))


class DiffLRN(nn.Module):
    """Noisy feature, its wavelet refinement and the noise strength T -> picture, in one pass.

    The refinement and T work on centred features: on raw ones the mean feature hides the noise [R].

    Args:
        liquid: Time2Vec and the liquid unit (Venom), or fixed sinusoids of T (Venom-Diff).

    Attributes:
        strengths: T of some noisy training gradients, for the ablations.
    """

    strengths: Tensor

    def __init__(self, victim: Victim, *, liquid: bool = True, condition: int = 64, width: int = 64) -> None:
        super().__init__()
        self.front = LinearFront(victim)
        maps = self.front.map_shape
        self.register_buffer("strengths", torch.zeros(STRENGTHS))
        inputs = self.front.inputs + 2 * victim.head.in_features
        self.time: nn.Module = nn.Sequential(Time2Vec(), Liquid(128, 128, condition)) if liquid else Sinusoid(condition)
        self.decoder = Decoder(inputs, victim.image_shape, maps, condition=condition, width=width)

    def strength_of(self, noise: Tensor) -> Tensor:
        """(N,) T as it would be if the refinement removed the noise and nothing else; ``noise`` per feature."""
        return 2 * torch.log1p(noise.square() / self.front.variances.mean())

    def strength(self, feature: Feature) -> tuple[Tensor, Tensor, Tensor]:
        """(N,d) centred features in units of their spread, their refinement, and (N,) T in [0, T_MAX]."""
        features, *_ = self.front.features(feature)
        noisy = (features - self.front.mean) / self.front.variances.mean().sqrt()
        refined = wavelet_refine(noisy, self.front.map_shape)
        measured = noise_strength(noisy, refined).clamp(max=T_MAX)
        return noisy, refined, torch.where(feature.empty, T_MAX, measured)

    def inputs(self, feature: Feature, below: Tensor | None = None) -> tuple[Tensor, Tensor, Tensor]:
        """Decoder inputs (N,inputs), linear picture (N,C,H,W) and T (N,): everything before the learnt part.

        ``below`` (N,d): pre-activations of the undone layer, where they were estimated before.
        """
        noisy, refined, strength = self.strength(feature)
        if below is None:
            inputs, linear = self.front(*self.front.features(feature))
        else:
            inputs, linear = self.front.behind(below)
        wide = 3 * torch.tanh(torch.cat([noisy, refined], 1) / 3)
        return torch.cat([inputs, wide], 1), linear, strength

    def forward(self, feature: Feature, strength: Tensor | None = None) -> Tensor:
        """Picture (N,C,H,W), not clamped. ``strength`` (N,) replaces T (ablations)."""
        inputs, linear, measured = self.inputs(feature)
        return self.decoder(inputs, linear, self.time(measured if strength is None else strength))
