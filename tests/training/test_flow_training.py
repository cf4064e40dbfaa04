"""Flow training on tiny data: it learns, resumes bit for bit, and its card says what it should."""

import json

import numpy as np
import pytest
import torch

from gi_core.networks.flows import unet
from gi_core.networks.gaussian_flow import GaussianFlow
from gi_core.training import train
from gi_core.training.flow import feature_distance, matching_loss

RECIPE = "flow:width=8,batch=16,every=10,samples=64,warmup=4,lr=0.01,average=0.5,steps={}"


@pytest.fixture
def few(tmp_path):
    coarse = torch.rand(120, 3, 4, 4, generator=torch.Generator().manual_seed(0))
    images = torch.nn.functional.interpolate(coarse, 16, mode="bilinear")
    arrays = (images * 255).byte().permute(0, 2, 3, 1).numpy()
    np.savez(tmp_path / "cifar10.npz", images=arrays, labels=np.arange(120) % 10, split=(np.arange(120) >= 100) * 1)
    return tmp_path


def run(text, folder, out):
    return list(train(text, data=folder, out=out))


def test_it_learns_resumes_and_writes_its_card(few, tmp_path, monkeypatch):
    monkeypatch.setattr("gi_core.training.flow.features", lambda pictures: pictures.flatten(1)[:, :32].double())
    monkeypatch.setattr(
        "gi_core.training.flow.samples", lambda flow, count, seed: flow.sample(count, seed=seed, steps=2)
    )
    whole = run(RECIPE.format(40), few, tmp_path / "a")
    assert whole[-1]["matching_loss"] < whole[0]["matching_loss"]
    text = RECIPE.format(40)
    stopped = train(text, data=few, out=tmp_path / "b")
    next(stopped)
    stopped.close()
    run(text, few, tmp_path / "b")
    name = "flow-cifar10.safetensors"
    assert (tmp_path / "a" / name).read_bytes() == (tmp_path / "b" / name).read_bytes()
    card = json.loads((tmp_path / "a" / "flow-cifar10.json").read_text())
    assert card["pictures"] == 90
    assert set(card["validation"][0]) == {"step", "matching_loss", "distance", "distance_of_training_pictures"}
    assert (tmp_path / "a" / "flow-cifar10.png").stat().st_size > 1000
    net = unet(card | {"path": str(tmp_path / "a" / "flow-cifar10.json")})
    assert net.sample(2, seed=0, steps=2).shape == (2, 3, 16, 16)


def test_the_loss_of_the_best_velocity_is_its_conditional_variance():
    """White Gaussian data of variance s^2: E|u - E[u|z_t]|^2 = s^2 / (t^2 s^2 + (1-t)^2), t = 0.6."""
    variance = torch.tensor(0.25)
    flow = GaussianFlow(torch.zeros(3, 4, 4), torch.eye(48)[:, :1], variance.view(1), variance)
    generator = torch.Generator().manual_seed(0)
    images = (0.5 * torch.randn(4000, 3, 4, 4, generator=generator) + 1) / 2
    loss = matching_loss(flow, images, torch.full((4000,), 0.6), torch.randn(images.shape, generator=generator))
    assert float(loss) == pytest.approx(0.25 / (0.36 * 0.25 + 0.16), rel=0.02)


def test_feature_distance_is_zero_between_alike_and_large_between_unlike(monkeypatch):
    monkeypatch.setattr("gi_core.training.flow.features", lambda pictures: pictures.flatten(1).double())
    generator = torch.Generator().manual_seed(0)
    draw = lambda shift: torch.randn(300, 1, 2, 2, generator=generator) + shift
    assert abs(feature_distance(draw(0), draw(0))) < 0.3
    assert feature_distance(draw(0), draw(1)) > 3
