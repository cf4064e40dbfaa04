"""LTI: a plain network from the whole gradient to the picture."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from gi_core.models.base import Victim
from gi_core.networks.sketch import LONG, Sketch, scales


class LTI(nn.Module):
    """MLP P -> hidden -> hidden -> pixels, ReLU, sigmoid.

    Wu, Chen, Guo, Weinberger, "Learning To Invert", UAI 2023: hidden 3000 and 3000. Ours are narrower so that the
    file stays under 10 MB and the size matches :class:`gi_core.networks.git.CoarseGIT`; inputs are divided by their
    root mean square over training gradients.
    """

    scale: Tensor

    def __init__(self, victim: Victim, first: int = 192, second: int = 512) -> None:
        super().__init__()
        self.image_shape = victim.image_shape
        length = sum(p.numel() for p in victim.parameters())
        self.sketch = Sketch(length, 16_384 if length < LONG else 8192, seed=0)
        self.register_buffer("scale", torch.ones(self.sketch.bins))
        pixels = victim.image_shape[0] * victim.image_shape[1] * victim.image_shape[2]
        self.first = nn.Linear(self.sketch.bins, first)
        self.second = nn.Linear(first, second)
        self.last = nn.Linear(second, pixels)

    @property
    def counts(self) -> Tensor:
        """(L,) how many of the gradient's numbers each number of :meth:`look` adds up."""
        return self.sketch.counts

    def look(self, gradients: Tensor) -> Tensor:
        """(N,P) gradients, all tensors flattened in the victim's order -> (N,L): all that the network sees of them."""
        return self.sketch(gradients)

    @torch.no_grad()
    def fit(self, looks: Tensor, pictures: Tensor) -> None:
        """Input scale from looks at training gradients (N,L); the last bias starts at the mean picture."""
        self.scale.copy_(scales(looks))
        self.last.bias.copy_(torch.logit(pictures.flatten(1).mean(0).clamp(0.01, 0.99)))

    def decode(self, looks: Tensor) -> Tensor:
        """(N,L) -> (N,C,H,W) in [0,1]."""
        hidden = self.first(looks / self.scale).relu()
        return self.last(self.second(hidden).relu()).sigmoid().view(-1, *self.image_shape)

    def forward(self, gradients: Tensor) -> Tensor:
        """(N,P) gradients, all tensors flattened in the victim's order -> (N,C,H,W) in [0,1]."""
        return self.decode(self.look(gradients))
