"""From a feature estimate to decoder inputs: Wiener filter or the victim's last layer undone, and a linear picture."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from gi_core.models.base import Victim
from gi_core.networks.features import Feature, scale_evidence
from gi_core.networks.undo import Undo, last_layer, maps_of, preactivations


class LinearFront(nn.Module):
    """Features -> standardised maps and a linear estimate of the picture, all closed-form [R].

    1. Where the victim allows it (:func:`gi_core.networks.undo.last_layer`): its last layer undone under the noise,
       which gives the most probable pre-activations one layer further back, and from these the features again.
       Elsewhere a Wiener filter in the features' principal axes: each is shrunk by lambda / (lambda + noise^2).
    2. Ridge regression to the picture from the deepest of these.

    All statistics come from training pictures; :meth:`fit` computes them.

    Args:
        victim: the network under attack; its last layer is used, not stored.
        undo: undo the last layer, if the victim allows it.
    """

    mean: Tensor
    axes: Tensor
    variances: Tensor
    norms: Tensor
    centre: Tensor
    spread: Tensor
    deep: Tensor
    offset: Tensor

    def __init__(self, victim: Victim, *, undo: bool = True) -> None:
        super().__init__()
        d = victim.head.in_features
        self.image_shape = victim.image_shape
        self.map_shape = maps_of(victim)
        conv = last_layer(victim) if undo else None
        self.below = Undo(conv, self.map_shape) if conv is not None and self.map_shape is not None else None
        self.inputs = d if self.below is None else 2 * d
        pixels = victim.image_shape[0] * victim.image_shape[1] * victim.image_shape[2]
        sizes: dict[str, tuple[int, ...]] = {
            "mean": (d,), "axes": (d, d), "variances": (d,), "norms": (2,),
            "centre": (self.inputs,), "spread": (self.inputs,), "deep": (d, pixels), "offset": (pixels,),
        }  # fmt: skip
        for name, size in sizes.items():
            self.register_buffer(name, torch.zeros(size))
        with torch.no_grad():
            self.head_weight, self.head_bias = victim.head.weight.clone(), victim.head.bias.clone()

    def features(self, feature: Feature) -> tuple[Tensor, Tensor, Tensor]:
        """(N,d) features with their scale, (N,) standard deviation of their noise, (N,) of their scale's error.

        The scale s is the least-squares fit of two witnesses: the softmax (:func:`scale_evidence`) and the features'
        Gaussian statistics, (s u - mean)^T (Cov + noise^2)^-1 (s u - mean); the signal's part of it stays within the
        norms seen in training.
        """
        usual = self.mean.norm()
        top, precision = scale_evidence(feature, self.head_weight, self.head_bias, float(usual))
        along = feature.direction @ self.axes
        weight = 1 / (self.variances + (feature.noise * usual).square().unsqueeze(1))
        top = top + (along * weight) @ (self.mean @ self.axes)
        precision = (precision + (along.square() * weight).sum(1)).clamp_min(1e-30)
        size = top / precision
        signal = (1 - self.mean.numel() * feature.noise.square()).clamp_min(1e-6).sqrt()
        size = (size * signal).clamp(self.norms[0], self.norms[1]) / signal
        return feature.direction * size.unsqueeze(1), feature.noise * size, precision.rsqrt()

    def rescaled(self, features: Tensor, spread: float = 0.01) -> Tensor:
        """(N,d) features of unknown scale, sign included, at the scale that suits their Gaussian statistics best."""
        along = features @ self.axes
        weight = 1 / (self.variances + spread**2)
        size = (along * weight) @ (self.mean @ self.axes) / (along.square() * weight).sum(1).clamp_min(1e-30)
        return features * size.unsqueeze(1)

    def wiener(self, features: Tensor, noise: Tensor) -> Tensor:
        """E[h | h + noise] for Gaussian features of the training pictures' mean and covariance.

        Written relative to the smallest gain, so that noise-free features pass unchanged and endless noise is
        removed whole, whatever the axes' storage precision.
        """
        gain = self.variances / (self.variances + noise.square().unsqueeze(1))
        least = gain.amin(1, keepdim=True)
        centred = features - self.mean
        return self.mean + least * centred + (centred @ self.axes * (gain - least)) @ self.axes.T

    def forward(self, features: Tensor, noise: Tensor, doubt: Tensor | None = None) -> tuple[Tensor, Tensor]:
        """(N,d), (N,), (N,) as from :meth:`features` -> standardised inputs (N,inputs) in [-6,6], linear picture.

        ``doubt`` None: the scale is exact.
        """
        if self.below is None:
            inputs = self.standardise(self.wiener(features, noise))
            return inputs, self.picture(inputs)
        return self.behind(self.below(features, noise, torch.zeros_like(noise) if doubt is None else doubt))

    def behind(self, below: Tensor) -> tuple[Tensor, Tensor]:
        """As :meth:`forward`, from pre-activations (N,d) of the undone layer."""
        assert self.below is not None
        inputs = torch.cat([self.below.again(below).to(below), below], 1)
        return self.standardise(inputs), self.picture((inputs - self.centre) / self.spread)

    def standardise(self, inputs: Tensor) -> Tensor:
        return ((inputs - self.centre) / self.spread).clamp(-6, 6)

    def picture(self, inputs: Tensor) -> Tensor:
        """Ridge picture (N,C,H,W) from the standardised inputs that lie deepest in the victim."""
        flat = inputs[:, -self.mean.numel() :] @ self.deep + self.offset
        return flat.view(-1, *self.image_shape)

    @torch.no_grad()
    def fit(self, victim: Victim, features: Tensor, pictures: Tensor, ridge: float = 10.0) -> None:
        """Closed-form fit on clean features (N,d) and pictures (N,C,H,W) in [0,1]; needs no gradient descent."""
        flat = pictures.flatten(1)
        self.mean.copy_(features.mean(0))
        self.offset.copy_(flat.mean(0))
        variances, axes = torch.linalg.eigh(torch.cov(features.T.double()))
        self.axes.copy_(axes)
        self.variances.copy_(variances.clamp_min(1e-14))
        self.norms.copy_(torch.stack(torch.aminmax(features.norm(dim=1))))
        inputs = features
        if self.below is not None:
            below = torch.cat([preactivations(victim, part) for part in pictures.split(500)])
            self.below.fit(below)
            inputs = torch.cat([features, below], 1)
        self.centre.copy_(inputs.mean(0))
        self.spread.copy_(inputs.std(0).clamp_min(1e-4))
        inputs = (inputs - self.centre) / self.spread
        if self.below is None:
            inputs = inputs.clamp(-6, 6)
        self.deep.copy_(solve_ridge(inputs[:, -self.mean.numel() :], flat - self.offset, ridge))


def solve_ridge(inputs: Tensor, targets: Tensor, ridge: float) -> Tensor:
    """(X^T X + ridge I)^-1 X^T Y in double precision, for inputs (N,a) and targets (N,b)."""
    gram = ridge * torch.eye(inputs.shape[1], dtype=torch.float64)
    moment = torch.zeros(inputs.shape[1], targets.shape[1], dtype=torch.float64)
    for x, y in zip(inputs.split(4096), targets.split(4096), strict=True):
        gram += x.double().T @ x.double()
        moment += x.double().T @ y.double()
    return torch.linalg.solve(gram, moment).float()
