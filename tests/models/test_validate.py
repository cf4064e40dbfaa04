"""Obstacles: each is found where it is, absent where it is not, and its fix removes it."""

import pytest
import torch
from torch import nn
from torch.nn import functional as F

from gi_core import models
from gi_core.models.own import wrap
from gi_core.models.validate import obstacles

SHAPE = (3, 16, 16)


class Attention(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.fused_attn = True
        self.enter = nn.Linear(48, 24)
        self.head = nn.Linear(24, 4)

    def forward(self, x):
        tokens = self.enter(x.unfold(2, 4, 4).unfold(3, 4, 4).permute(0, 2, 3, 1, 4, 5).flatten(3).flatten(1, 2))
        q = tokens[:, None]
        if self.fused_attn:
            mixed = F.scaled_dot_product_attention(q, q, q)
        else:
            mixed = (q @ q.transpose(-1, -2) / 24**0.5).softmax(-1) @ q
        return self.head(mixed[:, 0].mean(1))


class Distances(nn.Module):
    """Distances to prototypes, whose kernel has no second derivative."""

    def forward(self, x):
        return torch.cdist(x.flatten(2), torch.eye(16)[None, :4].expand(len(x), 4, 16))


def linear_net(*layers):
    return wrap(nn.Sequential(nn.Conv2d(3, 8, 3, 4), *layers, nn.Flatten(), nn.Linear(128, 4)), SHAPE)


def whats(victim, batch=2):
    return [o.what for o in obstacles(victim, batch)]


def test_nothing_stands_in_the_way_of_a_smooth_net():
    assert whats(linear_net(nn.Sigmoid())) == []


@pytest.mark.parametrize(
    ("make", "words", "blocks"),
    [
        (lambda: wrap(Attention(), SHAPE), "fused kernel", True),
        (lambda: linear_net(nn.BatchNorm2d(8), nn.Sigmoid()).train(), "BatchNorm layers in training mode", False),
        (lambda: linear_net(nn.Sigmoid(), nn.Dropout(0.3)).train(), "active dropout", False),
        (lambda: linear_net(nn.ReLU()), "ReLU layers", False),
    ],
)
def test_found_and_fixed(make, words, blocks):
    victim = make()
    (found,) = [o for o in obstacles(victim, 2) if words in o.what]
    assert found.blocks is blocks
    found.fix()
    assert not [w for w in whats(victim) if words in w]


def test_found_and_explained():
    net = nn.Sequential(nn.Conv2d(3, 8, 3, 4), Distances(), nn.Sigmoid(), nn.Flatten(), nn.Linear(32, 4))
    (distances,) = obstacles(wrap(net, SHAPE))
    assert "no second derivative" in distances.what
    assert "cdist" in distances.what
    assert distances.blocks
    single = wrap(nn.Sequential(nn.Flatten(), nn.Linear(768, 8), nn.BatchNorm1d(8), nn.Linear(8, 4)), SHAPE).train()
    assert "one value per channel" in whats(single, 1)[0]
    assert "one value per channel" not in " ".join(whats(single, 2))
    detector = models.build("yolov8n", image_shape=(3, 32, 32), num_classes=2)
    assert any("not a linear layer" in w for w in whats(detector))


def test_looking_changes_nothing():
    victim = linear_net(nn.BatchNorm2d(8), nn.Sigmoid()).train()
    before = {n: b.clone() for n, b in victim.named_buffers()}
    obstacles(victim, 2)
    assert all(torch.equal(b, before[n]) for n, b in victim.named_buffers())
    assert victim.training
