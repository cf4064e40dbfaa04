"""The shipped flows: found, checked, better the more they know."""

import pytest
import torch

from gi_core.data.samples import public_crops
from gi_core.errors import BadInput
from gi_core.networks import weights
from gi_core.networks.flow import per_image, to_flow
from gi_core.networks.flows import load_flow
from gi_core.networks.gaussian_flow import GaussianFlow
from gi_core.networks.velocity import VelocityNet

CPU = torch.device("cpu")


def errors(net: str, t: float) -> float:
    """Squared velocity error on crops of the bundled photographs, which no flow has seen."""
    z = to_flow(public_crops(24, 32, 3, 0))
    noise = torch.randn(z.shape, generator=torch.Generator().manual_seed(0))
    time = per_image(t, z)
    velocity = load_flow(net, (3, 32, 32), CPU).velocity(time * z + (1 - time) * noise, time)
    return float((velocity - (z - noise)).square().mean())


@pytest.mark.parametrize("t", [0.5, 0.7, 0.9])
def test_the_network_knows_more_than_the_gaussian_and_that_more_than_white_noise(t: float) -> None:
    white = 0.25 / (0.25 * t**2 + (1 - t) ** 2)
    assert errors("unet", t) < 0.95 * errors("gaussian", t)
    assert errors("gaussian", t) < 0.5 * white


def test_auto_takes_the_network_where_it_fits() -> None:
    assert isinstance(load_flow("auto", (3, 32, 32), CPU), VelocityNet)
    for shape in ((1, 28, 28), (3, 64, 64), (3, 16, 16)):
        flow = load_flow("auto", shape, CPU)
        assert isinstance(flow, GaussianFlow)
        assert flow.image_shape == shape
        assert flow.sample(2, seed=0, steps=4).shape == (2, *shape)


def test_samples_differ_and_repeat() -> None:
    flow = load_flow("unet", (3, 32, 32), CPU)
    first, again = flow.sample(3, seed=5, steps=4), flow.sample(3, seed=5, steps=4)
    assert torch.equal(first, again)
    assert not torch.allclose(first[0], first[1], atol=0.1)


def test_an_altered_file_is_refused(tmp_path, monkeypatch) -> None:
    for name in ("flow-cifar10", "gaussian-flow-cifar10"):
        for suffix in (".json", ".safetensors"):
            (tmp_path / (name + suffix)).write_bytes((weights.FOLDER / (name + suffix)).read_bytes())
    with (tmp_path / "gaussian-flow-cifar10.safetensors").open("ab") as file:
        file.write(b"x")
    monkeypatch.setenv("GI_WEIGHTS", str(tmp_path))
    load_flow.cache_clear()
    try:
        with pytest.raises(BadInput, match="sha256"):
            load_flow("gaussian", (3, 32, 32), CPU)
    finally:
        load_flow.cache_clear()
