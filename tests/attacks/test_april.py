"""april: patches from the position embedding's gradient, exactly, and what it refuses."""

import pytest
import torch
from torch import nn

import gi_core as gi
from gi_core.attacks import Frame, attacks
from gi_core.attacks.april import solved
from gi_core.data.samples import sample
from gi_core.errors import BadInput
from gi_core.metrics.image import psnr
from gi_core.models.base import Victim
from gi_core.observation import Observation, Update
from gi_core.run import prepare

NAMES = ("cat", "coffee", "rocket")


def attacked(name: str, **fields: object) -> tuple[Frame, float]:
    scenario = gi.Scenario(model="vit-tiny", attack="april", knowledge="none", **fields)  # type: ignore[arg-type]
    picture = sample(name, 32, 3).unsqueeze(0)
    (frame,) = prepare(scenario, picture, torch.tensor([3]), device="cpu")
    return frame, float(psnr(frame.images, picture))


@pytest.mark.parametrize("name", NAMES)
def test_a_transformer_gives_its_picture_and_label(name: str) -> None:
    frame, decibels = attacked(name)
    assert decibels > 50
    assert frame.labels is not None and frame.labels.tolist() == [3]


@pytest.mark.parametrize(
    ("fields", "least"),
    [({"defense": "clip:norm=0.1"}, 50), ({"local_steps": 4}, 22), ({"weights": "init:seed=5"}, 50)],
)
def test_clipping_local_steps_and_other_weights_change_little(fields: dict[str, object], least: float) -> None:
    assert attacked("coffee", **fields)[1] > least


def test_noise_takes_it_away_bit_by_bit() -> None:
    found = [attacked("coffee", defense=f"gaussian:sigma={sigma}")[1] for sigma in ("1e-7", "1e-5", "1e-2")]
    assert found == sorted(found, reverse=True) and found[0] > found[2] + 10


def test_least_squares_without_noise_are_exact() -> None:
    generator = torch.Generator().manual_seed(0)
    derivative = torch.randn(20, 50, generator=generator).double()
    patches = torch.randn(20, 12, generator=generator).double()
    torch.testing.assert_close(solved(derivative, derivative.t() @ patches, 0.0)[0], patches)


def test_batches_and_networks_without_positions_are_refused() -> None:
    with pytest.raises(BadInput, match="batch_size=2"):
        attacked_batch()
    picture = torch.rand(1, 3, 32, 32, generator=torch.Generator().manual_seed(0))
    for model in ("lenet", "convnet", "mlp"):
        run = prepare(gi.Scenario(model=model, attack="april"), picture, device="cpu")
        with pytest.raises(BadInput, match="position embedding"):
            next(iter(run))


def attacked_batch() -> None:
    scenario = gi.Scenario(model="vit-tiny", attack="april", batch_size=2)
    next(iter(prepare(scenario, torch.stack([sample(n, 32, 3) for n in NAMES[:2]]), device="cpu")))


class Embedded(nn.Module):
    """Patches, positions and one layer: a transformer as somebody else would write it."""

    def __init__(self) -> None:
        super().__init__()
        self.cut = nn.Conv2d(3, 32, 4, 4, bias=False)
        self.where = nn.Parameter(torch.randn(16, 32) * 0.1)
        self.mix = nn.Linear(32, 24)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        tokens = self.cut(x).flatten(2).transpose(1, 2) + self.where
        weights = torch.linspace(0.5, 1, 16).view(1, -1, 1)
        return (nn.functional.gelu(self.mix(tokens)) * weights).mean(1)


def test_positions_are_found_by_their_shape() -> None:
    with torch.random.fork_rng():
        torch.manual_seed(0)
        victim = Victim(Embedded(), nn.Linear(24, 10), image_shape=(3, 16, 16))
    picture = torch.rand(1, 3, 16, 16, generator=torch.Generator().manual_seed(1))
    found = torch.autograd.grad(victim.loss(picture, torch.tensor([2])), list(victim.parameters()))
    update = Update(dict(zip((n for n, _ in victim.named_parameters()), found, strict=True)))
    (frame,) = attacks.parse("april").run(Observation(victim=victim, update=update, batch_size=1), 0)
    assert float(psnr(frame.images, picture)) > 45
