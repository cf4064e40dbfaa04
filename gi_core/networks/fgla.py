"""FGLA: features by ratio of gradients, then a decoder trained on features."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from gi_core.models.base import Victim
from gi_core.networks.decoder import Decoder
from gi_core.networks.front import LinearFront


def separate(weight: Tensor, bias: Tensor, labels: Tensor) -> Tensor:
    """(B,d) features of a batch's pictures from the head's gradient (K,d), (K,), given their labels (B,).

    h = (dL/dW_y - o_W) / (dL/db_y - o_b), o the mean of the rows whose class is not in the batch, times (B-1)/B, so
    that B = 1 is the plain ratio. Not finite -> 0. Pictures that share a label share a feature.

    Xue et al., "Fast Generation-Based Gradient Leakage Attacks" (FGLA).
    """
    absent = torch.ones(len(bias), dtype=torch.bool)
    absent[labels] = False
    others = (len(labels) - 1) / len(labels)
    if absent.any():
        weight = weight - others * weight[absent].mean(0)
        bias = bias - others * bias[absent].mean()
    features = weight[labels] / bias[labels].unsqueeze(1)
    return torch.where(features.isfinite(), features, 0.0)


class FGLA(nn.Module):
    """Features -> picture. LinearFront with no noise model, decoder without a condition.

    Decoder sizes for 32x32 are a reconstruction: the paper gives them for 224x224 only.

    Args:
        undo: undo the victim's last layer before decoding, which FGLA does not.
    """

    def __init__(self, victim: Victim, width: int = 64, *, undo: bool = False) -> None:
        super().__init__()
        self.front = LinearFront(victim, undo=undo)
        self.decoder = Decoder(self.front.inputs, victim.image_shape, self.front.map_shape, width=width)

    def forward(self, features: Tensor) -> Tensor:
        """(N,d) -> (N,C,H,W), not clamped."""
        inputs, linear = self.inputs(features)
        return self.decoder(inputs, linear)

    def inputs(self, features: Tensor) -> tuple[Tensor, Tensor]:
        """Decoder inputs and linear picture, the same for any scale of the features.

        Where weight and bias were clipped separately their ratio is off by a factor; FGLA knows no clipping [R].
        Undoing a layer needs the exact scale: then the ratio is taken as it is.
        """
        features = self.front.rescaled(features) if self.front.below is None else features
        return self.front(features, torch.zeros(len(features)))
