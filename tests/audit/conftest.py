"""Small recorded updates, made here as a framework would leave them: plain PyTorch, plain files."""

import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from safetensors.torch import save_file
from torch import nn


class Net(nn.Module):
    """Convolution, BatchNorm, two linear layers; the head is not the last module."""

    def __init__(self) -> None:
        super().__init__()
        self.fc2 = nn.Linear(32, 10)
        self.conv = nn.Conv2d(3, 6, 5, 2)
        self.bn = nn.BatchNorm2d(6)
        self.fc1 = nn.Linear(6 * 14 * 14, 32)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self.fc2(F.relu(self.fc1(F.relu(self.bn(self.conv(x))).flatten(1))))


def perceptron() -> nn.Module:
    """As the tutorials have it, for pictures of 3 x 12 x 12."""
    return Layers(nn.Sequential(nn.Flatten(), nn.Linear(432, 24), nn.ReLU(), nn.Linear(24, 10)))


class Layers(nn.Module):
    def __init__(self, layers: nn.Module) -> None:
        super().__init__()
        self.layers = layers

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self.layers(x)


def train(net: nn.Module, images, labels, steps: int, batch: int, optimiser: str, lr: float, momentum: float) -> None:
    """The loop of every example: zero_grad, backward, step, batches in order."""
    kind = torch.optim.SGD if optimiser == "sgd" else torch.optim.Adam
    step = kind(net.parameters(), lr=lr, **({"momentum": momentum} if optimiser == "sgd" else {}))
    net.train()
    for number in range(steps):
        start = number * batch % len(images)
        step.zero_grad()
        chosen = slice(start, start + batch)
        F.cross_entropy(net((images[chosen] - 0.5) / 0.5), labels[chosen]).backward()
        step.step()


Rounds = Callable[..., Path]


@pytest.fixture
def recorded(tmp_path) -> Rounds:
    """Writes one client's round: ``recorded(net, model=..., pictures=1, ...)`` -> its folder."""

    def write(
        net: nn.Module, model, *, pictures=1, batch=None, steps=1, lr=0.1, optimiser="sgd", momentum=0.0, side=32,
        channels=3, seed=0, changed=None, sends="weights", name="round", buffers=True, **more,
    ) -> Path:  # fmt: skip
        generator = torch.Generator().manual_seed(seed)
        coarse = torch.rand(pictures, channels, 4, 4, generator=generator)
        images = F.interpolate(coarse, size=side, mode="bicubic").clamp(0, 1)
        images = (images * 255).round() / 255
        labels = torch.randint(10, (pictures,), generator=generator)
        before = {k: v.clone() for k, v in net.state_dict().items()}
        train(net, images, labels, steps, batch or pictures, optimiser, lr, momentum)
        after = {k: v.clone() for k, v in net.state_dict().items()}
        if not buffers:
            names = {n for n, _ in net.named_parameters()}
            after = {k: v for k, v in after.items() if k in names}
        if sends == "delta":
            after = {k: v - before[k] for k, v in after.items()}
        if changed is not None:
            after = changed(before, after)
        folder = tmp_path / name
        folder.mkdir()
        save_file(before, folder / "before.safetensors")
        save_file(after, folder / "sent.safetensors")
        pixels = (images * 255).round().to(torch.uint8).movedim(1, -1).numpy()
        np.savez(folder / "truth.npz", images=pixels, labels=labels.numpy())
        side_file = {
            "format": 1, "framework": "test", "sends": sends, "model": model, "steps": steps,
            "input": {"channels": channels, "side": side, "mean": [0.5] * channels, "std": [0.5] * channels},
            "training": {"pictures": pictures, "batch": batch or pictures, "epochs": 1, "optimiser": optimiser,
                         "lr": lr, "momentum": momentum, "mode": "train"},
            "files": {"before": "before.safetensors", "sent": "sent.safetensors", "truth": "truth.npz"}, **more,
        }  # fmt: skip
        (folder / "update.json").write_text(json.dumps(side_file))
        return folder

    return write


@pytest.fixture
def net() -> Net:
    torch.manual_seed(0)
    return Net()


@pytest.fixture
def mlp() -> nn.Module:
    torch.manual_seed(0)
    return perceptron()
