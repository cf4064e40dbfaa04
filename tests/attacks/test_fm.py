"""fm is sme with a flow prior; what the prior does to a picture the update says little about."""

import torch

import gi_core.client as client
from gi_core.attacks import attacks
from gi_core.models import build
from gi_core.observation import Observation, Update


def observe(picture: torch.Tensor, noise: float = 0.0) -> Observation:
    victim = build("lenet:init=default", image_shape=(3, 32, 32), num_classes=10)
    labels = torch.tensor([3])
    update = client.release(victim, picture, labels).defended
    generator = torch.Generator().manual_seed(0)
    size = update.norm() / sum(t.numel() for t in update.tensors.values()) ** 0.5
    noisy = {n: t + noise * size * torch.randn(t.shape, generator=generator) for n, t in update.tensors.items()}
    return Observation(victim, Update(noisy), 1, labels=labels)


def last(text: str, observation: Observation) -> torch.Tensor:
    *_, frame = attacks.parse(text).run(observation, 0)
    return frame.images


def test_without_its_prior_it_is_sme(picture: torch.Tensor) -> None:
    observation = observe(picture)
    options = "steps=6,lr=0.1,signed=true,tv=0.001"
    bare = last(f"fm:{options},prior=(flow:weight=0,net=gaussian)", observation)
    torch.testing.assert_close(bare, last(f"sme:{options}", observation))
    pulled = last(f"fm:{options},prior=(flow:weight=2,net=gaussian)", observation)
    assert not torch.allclose(bare, pulled)


def test_the_prior_alone_is_blind_to_the_update(picture: torch.Tensor) -> None:
    """weight 1e6: two different updates, nearly the same picture (what is shared is prior, not leak)."""
    text = "fm:steps=40,tv=0,prior=(flow:weight=1e6,net=gaussian)"
    one, other = last(text, observe(picture)), last(text, observe(1 - picture))
    free = "fm:steps=40,tv=0,prior=(flow:weight=0,net=gaussian)"
    apart = (last(free, observe(picture)) - last(free, observe(1 - picture))).square().mean()
    assert (one - other).square().mean() < 0.2 * apart


def test_under_noise_the_prior_helps(picture: torch.Tensor) -> None:
    """A smooth picture, a noisy gradient: with the (analytic) prior the error is lower than without."""
    observation = observe(picture, noise=1.0)
    error = lambda weight: (
        last(f"fm:steps=100,tv=0,prior=(flow:weight={weight},net=gaussian)", observation) - picture
    ).square().mean()  # fmt: skip
    assert error(0.5) < 0.8 * error(0)
