"""What :class:`gi_core.networks.undo.Undo` would find, were the layer linear: cheap enough to train behind."""

from __future__ import annotations

from dataclasses import dataclass
from weakref import WeakKeyDictionary

import torch
from torch import Tensor

from gi_core.networks.undo import Undo


@dataclass(frozen=True)
class LinearUndo:
    """The posterior mean of p = mean + out t, t ~ N(0, I), seen as sqrt(gains) t + noise.

    The layer is linearised once, at the mean; one eigendecomposition then serves every noise level.

    Attributes:
        mean: (d,) of the pre-activations. out: (d,d). into: (d,d), features' errors -> the axes of t times sqrt(gains).
        gains: (d,) squared signal of each axis.
    """

    mean: Tensor
    out: Tensor
    into: Tensor
    gains: Tensor

    @classmethod
    def of(cls, undo: Undo) -> LinearUndo:
        """The one for this fitted network part; worked out once."""
        if undo not in _known:
            mean = undo.mean.double()
            above = undo.again(mean)
            activation = mean.sigmoid()
            jacobian = (activation * (1 - activation)).unsqueeze(1) * undo.matrix * (above * (1 - above))
            root = undo.axes.double() * undo.variances.double().sqrt()
            seen = root.T @ jacobian
            gains, turn = torch.linalg.eigh(seen @ seen.T)
            parts = undo.mean, root @ turn, turn.T @ seen, gains.clamp_min(0)
            _known[undo] = cls(*(part.float() for part in parts))
        return _known[undo]

    def __call__(self, below: Tensor, error: Tensor, noise: Tensor) -> Tensor:
        """(N,d) estimates for true pre-activations ``below`` (N,d), errors of the features (N,d) of std ``noise`` (N,).

        ``below`` must come from the distribution that the prior was fitted to.
        """
        place = torch.linalg.solve(self.out, (below - self.mean).T).T
        seen = self.gains * place + error @ self.into.T
        return self.mean + seen / (self.gains + noise.square().clamp_min(1e-12).unsqueeze(1)) @ self.out.T


_known: WeakKeyDictionary[Undo, LinearUndo] = WeakKeyDictionary()
