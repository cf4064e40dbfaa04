import torch
from torch import nn

from gi_core.models import Victim


class LinearVictim(Victim):
    """A victim whose gradient is linear in the picture: the loss is linear in logits of two linear layers."""

    def __init__(self, image_shape=(1, 8, 8), hidden=6, classes=4, seed=0):
        size = image_shape[0] * image_shape[1] * image_shape[2]
        super().__init__(
            nn.Sequential(nn.Flatten(), nn.Linear(size, hidden, bias=False)),
            nn.Linear(hidden, classes, bias=False),
            image_shape=image_shape,
        )
        generator = torch.Generator().manual_seed(seed)
        for parameter in self.parameters():
            parameter.data = torch.randn(parameter.shape, generator=generator)
        self.register_buffer("costs", torch.randn(classes, classes, generator=generator))

    def loss(self, images, targets):
        return (self(images) * self.costs[targets]).sum(1).mean()

    def jacobian(self, label):
        """Closed form: d(W2^T c x^T)/dx stacked on d(c (W1 x)^T)/dx."""
        c, w1, w2 = self.costs[label], self.body[1].weight.detach(), self.head.weight.detach()
        size = w1.shape[1]
        first = torch.einsum("h,ij->hij", w2.T @ c, torch.eye(size).to(c)).reshape(-1, size)
        second = torch.einsum("k,hj->khj", c, w1).reshape(-1, size)
        return torch.cat([first, second])
