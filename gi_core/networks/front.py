"""From a feature estimate to decoder inputs: Wiener filter, the victim's last layer undone, a linear picture."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from gi_core.models.base import Victim
from gi_core.networks.features import Feature, scale_evidence

INSIDE = 1e-6
LEVELS = (-8.0, -7.5, -7.0, -6.5, -6.0, -5.5, -5.0, -4.5, -4.0, -3.5, -3.0, -2.5, -2.0, -1.5, -1.0)


def maps_of(victim: Victim) -> tuple[int, int, int] | None:
    """(C,H,W) of the features before they are flattened, if they are maps."""
    layers = list(victim.body.children())
    if not layers or not isinstance(layers[-1], nn.Flatten):
        return None
    with torch.no_grad():
        maps = nn.Sequential(*layers[:-1]).eval()(torch.zeros(1, *victim.image_shape))
    victim.train(victim.training)
    return (maps.shape[1], maps.shape[2], maps.shape[3]) if maps.dim() == 4 and maps.shape[2] > 1 else None


def last_layer(victim: Victim) -> nn.Conv2d | None:
    """The convolution before the features, if the pair convolution-sigmoid can be undone.

    That needs as many outputs as inputs: stride 1, equal channels, a sigmoid before and after.
    """
    layers = list(victim.body.children())
    if maps_of(victim) is None or len(layers) < 4:
        return None
    before, conv, after = layers[-4:-1]
    if not (isinstance(conv, nn.Conv2d) and isinstance(before, nn.Sigmoid) and isinstance(after, nn.Sigmoid)):
        return None
    return conv if conv.stride == (1, 1) and conv.in_channels == conv.out_channels else None


class LinearFront(nn.Module):
    """Features -> standardised maps and a linear estimate of the picture, all closed-form [R].

    1. Wiener filter in the features' principal axes: each axis is shrunk by lambda / (lambda + noise^2).
    2. Undoing the victim's last layer (if :func:`last_layer` finds one): h -> logit(h) = K * a + b -> a -> logit(a),
       the pre-activation one layer further back; what Exact-GIT and R-GAP do, with the weights the server knows.
    3. Ridge regression to the picture from the deepest of these; where a layer was undone also from the features'
       principal axes, the two mixed by the noise, which undoing a layer amplifies.

    All statistics come from training pictures; :meth:`fit` computes them.

    Args:
        victim: the network under attack; its last layer is used, not stored.
        undo: take step 2, if the victim allows it.
    """

    mean: Tensor
    axes: Tensor
    variances: Tensor
    norms: Tensor
    shares: Tensor
    centre: Tensor
    spread: Tensor
    shallow: Tensor
    deep: Tensor
    offset: Tensor

    def __init__(self, victim: Victim, *, undo: bool = True) -> None:
        super().__init__()
        d = victim.head.in_features
        self.image_shape = victim.image_shape
        self.map_shape = maps_of(victim)
        conv = last_layer(victim) if undo else None
        self.undoes = conv is not None
        self.inputs = 2 * d if self.undoes else d
        pixels = victim.image_shape[0] * victim.image_shape[1] * victim.image_shape[2]
        sizes: dict[str, tuple[int, ...]] = {
            "mean": (d,), "axes": (d, d), "variances": (d,), "norms": (2,),
            "centre": (self.inputs,), "spread": (self.inputs,), "deep": (d, pixels), "offset": (pixels,),
        }  # fmt: skip
        if self.undoes:
            sizes |= {"shallow": (d, pixels), "shares": (len(LEVELS),)}
        for name, size in sizes.items():
            self.register_buffer(name, torch.zeros(size))
        with torch.no_grad():
            self.head_weight, self.head_bias = victim.head.weight.clone(), victim.head.bias.clone()
            if conv is not None and self.map_shape is not None:
                shape = self.map_shape
                unit = torch.eye(d).view(d, *shape)
                matrix = nn.functional.conv2d(unit, conv.weight, None, 1, padding=conv.padding).flatten(1).double()
                bias = torch.zeros(shape[0]) if conv.bias is None else conv.bias
                self.inverse = torch.linalg.inv(matrix).float()
                self.bias = bias.view(-1, 1, 1).expand(shape).flatten().clone()

    def features(self, feature: Feature) -> tuple[Tensor, Tensor]:
        """(N,d) features with their scale, (N,) standard deviation of their noise.

        The scale s is the least-squares fit of two witnesses: the softmax (:func:`scale_evidence`) and the features'
        Gaussian statistics, (s u - mean)^T (Cov + noise^2)^-1 (s u - mean); the signal's part of it stays within the
        norms seen in training.
        """
        top, precision = scale_evidence(feature, self.head_weight, self.head_bias)
        along = feature.direction @ self.axes
        weight = 1 / (self.variances + (feature.noise * self.mean.norm()).square().unsqueeze(1))
        top = top + (along * weight) @ (self.mean @ self.axes)
        size = top / (precision + (along.square() * weight).sum(1)).clamp_min(1e-30)
        signal = (1 - self.mean.numel() * feature.noise.square()).clamp_min(1e-6).sqrt()
        size = (size * signal).clamp(self.norms[0], self.norms[1]) / signal
        return feature.direction * size.unsqueeze(1), feature.noise * size

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

    def undo(self, features: Tensor) -> Tensor:
        """(N,d) features -> (N,inputs): the features, and where possible the pre-activations one layer back."""
        if not self.undoes:
            return features
        above = torch.logit(features.clamp(INSIDE, 1 - INSIDE))
        below = (above - self.bias) @ self.inverse
        return torch.cat([features, torch.logit(below.clamp(1e-4, 1 - 1e-4))], 1)

    def forward(self, features: Tensor, noise: Tensor) -> tuple[Tensor, Tensor]:
        """(N,d), (N,) -> standardised inputs (N,inputs) in [-6,6] and the linear picture (N,C,H,W)."""
        filtered = self.wiener(features, noise)
        inputs = self.standardise(self.undo(filtered))
        linear = self.deep_picture(inputs)
        if self.undoes:
            linear = torch.lerp(self.shallow_picture(filtered), linear, self.share(noise).unsqueeze(1))
        return inputs, linear.view(-1, *self.image_shape)

    def standardise(self, inputs: Tensor) -> Tensor:
        return ((inputs - self.centre) / self.spread).clamp(-6, 6)

    def shallow_picture(self, filtered: Tensor) -> Tensor:
        """Ridge picture (N,C*H*W) from the principal axes of the features."""
        return (filtered - self.mean) @ self.axes @ self.shallow + self.offset

    def deep_picture(self, inputs: Tensor) -> Tensor:
        """Ridge picture (N,C*H*W) from the standardised inputs that lie deepest in the victim."""
        return inputs[:, -self.mean.numel() :] @ self.deep + self.offset

    def share(self, noise: Tensor) -> Tensor:
        """(N,) weight of the deep linear picture, interpolated over log noise: undoing a layer amplifies noise."""
        place = (noise.clamp_min(1e-12).log10() - LEVELS[0]) / (LEVELS[1] - LEVELS[0])
        place = place.clamp(0, len(LEVELS) - 1)
        low = place.floor().long().clamp(max=len(LEVELS) - 2)
        return torch.lerp(self.shares[low], self.shares[low + 1], place - low)

    @torch.no_grad()
    def fit(self, features: Tensor, pictures: Tensor, ridge: float = 10.0) -> None:
        """Closed-form fit on clean features (N,d) and pictures (N,C,H,W) in [0,1]; needs no gradient descent.

        Where two linear pictures are mixed, a tenth of the pictures is kept back to choose the mixture.
        """
        flat = pictures.flatten(1)
        self.mean.copy_(features.mean(0))
        self.offset.copy_(flat.mean(0))
        variances, axes = torch.linalg.eigh(torch.cov(features.T.double()))
        self.axes.copy_(axes)
        self.variances.copy_(variances.clamp_min(1e-14))
        self.norms.copy_(torch.stack(torch.aminmax(features.norm(dim=1))))
        inputs = self.undo(features)
        self.centre.copy_(inputs.mean(0))
        self.spread.copy_(inputs.std(0).clamp_min(1e-4))
        inputs = self.standardise(inputs)
        target = flat - self.offset
        if not self.undoes:
            self.deep.copy_(solve_ridge(inputs, target, ridge))
            return
        few, most = slice(0, len(flat) // 10), slice(len(flat) // 10, None)
        self.deep.copy_(solve_ridge(inputs[most, -self.mean.numel() :], target[most], ridge))
        self.shallow.copy_(solve_ridge((features[most] - self.mean) @ self.axes, target[most], 1e-6))
        self._fit_shares(features[few], flat[few])

    def _fit_shares(self, features: Tensor, flat: Tensor) -> None:
        generator = torch.Generator().manual_seed(0)
        for row, level in enumerate(LEVELS):
            noise = torch.full((len(features),), 10.0**level)
            noisy = features + noise.unsqueeze(1) * torch.randn(features.shape, generator=generator)
            filtered = self.wiener(noisy, noise)
            shallow = self.shallow_picture(filtered)
            gap = self.deep_picture(self.standardise(self.undo(filtered))) - shallow
            self.shares[row] = ((flat - shallow) * gap).sum() / gap.square().sum().clamp_min(1e-12)
        self.shares.clamp_(0, 1)


def solve_ridge(inputs: Tensor, targets: Tensor, ridge: float) -> Tensor:
    """(X^T X + ridge I)^-1 X^T Y in double precision, for inputs (N,a) and targets (N,b)."""
    gram = ridge * torch.eye(inputs.shape[1], dtype=torch.float64)
    moment = torch.zeros(inputs.shape[1], targets.shape[1], dtype=torch.float64)
    for x, y in zip(inputs.split(4096), targets.split(4096), strict=True):
        gram += x.double().T @ x.double()
        moment += x.double().T @ y.double()
    return torch.linalg.solve(gram, moment).float()
