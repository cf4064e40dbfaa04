"""The victim's last layer undone under noise: which pre-activations one layer back does a noisy feature speak for?

Features h = sigmoid(K sigmoid(p) + b), K a square convolution, p one layer back. Without noise h -> logit -> K^-1 ->
logit gives p (Exact-GIT, R-GAP), but that multiplies noise a thousandfold. Here p is the most probable one: with
h + N(0, sigma^2) observed, p Gaussian as on training pictures, by Gauss-Newton (the iterated extended Kalman filter,
Bell & Cathey 1993). It is continuous in the noise: without any the exact inverse, under endless noise the mean.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn

from gi_core.models.base import Victim

FAINT = 1e-8
"""Noise on a feature that float32 leaves anyway, features being of order 1."""
EDGE = 1e-4
"""Activations start no closer to 0 and 1: further out their logit is mostly error."""
MOST = 3
"""Steps after the start; two nearly always do."""
SETTLED = 0.02


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


@torch.no_grad()
def preactivations(victim: Victim, pictures: Tensor) -> Tensor:
    """(N,d) p for pictures (N,C,H,W) in [0,1]: what the sigmoid before :func:`last_layer` is given."""
    lower = nn.Sequential(*list(victim.body.children())[:-4])
    return lower((pictures - victim.mean) / victim.std).flatten(1)


class Undo(nn.Module):
    """Features (N,d) and how noisy they are -> the most probable pre-activations (N,d).

    Args:
        conv: what :func:`last_layer` found; used, not stored. shape: (C,H,W) of its maps.
    """

    mean: Tensor
    axes: Tensor
    variances: Tensor
    activation: Tensor

    def __init__(self, conv: nn.Conv2d, shape: tuple[int, int, int]) -> None:
        super().__init__()
        size = shape[0] * shape[1] * shape[2]
        for name, sizes in {"mean": (size,), "axes": (size, size), "variances": (size,), "activation": (size,)}.items():
            self.register_buffer(name, torch.zeros(sizes))
        with torch.no_grad():
            unit = torch.eye(size).view(size, *shape)
            bias = torch.zeros(shape[0]) if conv.bias is None else conv.bias
            self.matrix = nn.functional.conv2d(unit, conv.weight, padding=conv.padding).flatten(1).double()
            self.bias = bias.view(-1, 1, 1).expand(shape).flatten().double()
        self.precision = torch.eye(size, dtype=torch.float64)
        self.register_load_state_dict_post_hook(lambda module, _: module.refresh())

    def refresh(self) -> None:
        """The prior's inverse covariance (d,d) from its axes."""
        axes = self.axes.double()
        self.precision = (axes / self.variances.double().clamp_min(1e-12)) @ axes.T

    @torch.no_grad()
    def fit(self, below: Tensor) -> None:
        """The prior from pre-activations (N,d) of training pictures."""
        self.mean.copy_(below.mean(0))
        self.activation.copy_(below.sigmoid().mean(0))
        variances, axes = torch.linalg.eigh(torch.cov(below.T.double()))
        self.axes.copy_(axes)
        self.variances.copy_(variances.clamp_min(1e-12))
        self.refresh()

    def again(self, below: Tensor) -> Tensor:
        """(N,d) -> the features (N,d) that they give, in double precision."""
        return (below.double().sigmoid() @ self.matrix + self.bias).sigmoid()

    @torch.no_grad()
    def forward(self, features: Tensor, noise: Tensor, doubt: Tensor) -> Tensor:
        """(N,d) features, (N,) std of their noise, (N,) std of a further error along the features: their scale."""
        rows = zip(features.double(), noise.double().clamp_min(FAINT), doubt.double(), strict=True)
        return torch.stack([self._one(*row) for row in rows]).to(features.dtype)

    def _one(self, seen: Tensor, noise: Tensor, doubt: Tensor) -> Tensor:
        mean, level = self.mean.double(), self.activation.double()
        share = doubt**2 / (doubt**2 + noise**2)
        along = seen / seen.norm().clamp_min(1e-30)
        low = float((2 * noise).clamp(1e-7, 0.2))
        inside = seen.clamp(low, 1 - low)
        slope = inside * (1 - inside)
        misfit = (inside.logit() - level @ self.matrix - self.bias) * slope
        slant = mean.sigmoid() * (1 - mean.sigmoid())
        below = self._step(mean, misfit, slant, slope, along, noise, share)
        below = (level + (below - mean) * slant).clamp(EDGE, 1 - EDGE).logit()
        for _ in range(MOST):
            above, activation = self.again(below), below.sigmoid()
            slant, slope = activation * (1 - activation), above * (1 - above)
            found = self._step(below, seen - above, slant, slope, along, noise, share)
            moved = (found - below).square().mean().sqrt()
            below = found
            if moved < SETTLED:
                break
        return below

    def _step(
        self, below: Tensor, misfit: Tensor, slant: Tensor, slope: Tensor, along: Tensor, noise: Tensor, share: Tensor
    ) -> Tensor:
        """Least squares of the linearised layer at ``below`` and the prior: its solution (d,).

        ``slant`` and ``slope``: the derivatives of the two sigmoids; ``share``: how much of the observation along the
        features is error of scale.
        """
        mean = self.mean.double()
        jacobian = slant.unsqueeze(1) * self.matrix * slope
        target = misfit + (below - mean) @ jacobian
        target = target - share * (along @ target) * along
        column = jacobian @ along
        normal = (jacobian @ jacobian.T - share * torch.outer(column, column)) / noise**2 + self.precision
        factor = torch.linalg.cholesky(normal)
        return mean + torch.cholesky_solve((jacobian @ target / noise**2).unsqueeze(1), factor).squeeze(1)
