import pytest
import torch

import gi_core.client as client
from gi_core.attacks import attacks
from gi_core.errors import BadInput
from gi_core.models import build
from gi_core.observation import Observation, Training


def observe(picture: torch.Tensor, kind: str = "gradient") -> Observation:
    victim = build("lenet:init=default", image_shape=(3, 32, 32), num_classes=10)
    training = Training(steps=3, epochs=3, batch=1, lr=1e-3) if kind == "delta" else Training()
    released = client.release(victim, picture, torch.tensor([3]), training=training, kind=kind)  # type: ignore[arg-type]
    return Observation(victim, released.defended, 1, labels=torch.tensor([3]), training=training)


@pytest.mark.parametrize("kind", ["gradient", "delta"])
def test_it_finds_the_picture(picture: torch.Tensor, kind: str) -> None:
    """Against what the prior alone arrives at: no matching step to speak of."""
    text = "pnp-flow:steps=20,net=gaussian,draws=1"
    *_, frame = attacks.parse(text).run(observe(picture, kind), 0)
    *_, blind = attacks.parse(text + ",lr=1e-6").run(observe(picture, kind), 0)
    assert frame.iteration == 19
    assert (frame.images - picture).square().mean() < 0.7 * (blind.images - picture).square().mean()
    *_, again = attacks.parse(text).run(observe(picture, kind), 0)
    assert torch.equal(frame.images, again.images)


def test_unknown_networks_are_refused() -> None:
    with pytest.raises(BadInput, match="gaussian"):
        attacks.parse("pnp-flow:net=magic")
