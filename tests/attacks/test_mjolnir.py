"""Mjolnir: the diffusion's bookkeeping, and the attack on top of it."""

from dataclasses import replace

import pytest
import torch

from gi_core.attacks import attacks
from gi_core.client import release
from gi_core.defenses import parse_stack
from gi_core.errors import BadInput
from gi_core.models import build
from gi_core.networks import weights
from gi_core.networks.gradient_diffusion import GradientDiffusion, gain, gain_name, noise_schedule
from gi_core.networks.sketch import flat
from gi_core.observation import Observation


@pytest.fixture
def small(tmp_path, monkeypatch):
    victim = build("lenet", image_shape=(1, 16, 16), num_classes=4)
    network = GradientDiffusion(victim, width=16)
    monkeypatch.setenv("GI_WEIGHTS", str(tmp_path))
    card = {
        "name": "mjolnir", "model": "lenet", "weights": "init", "data": "mnist", "pictures": 1, "command": "train it",
        "fingerprint": weights.fingerprint(victim), "validation_as_stored": {gain_name(0.3): 0.1, gain_name(1.0): -0.1},
    }  # fmt: skip
    weights.save(network, tmp_path / "mjolnir", card)
    picture = torch.rand(1, 1, 16, 16, generator=torch.Generator().manual_seed(0))
    return victim, network, release(victim, picture, torch.tensor([2])).defended


def test_schedule_is_ho_et_als_and_folding_pads_with_the_mean(small):
    victim, network, update = small
    products = noise_schedule()
    assert float(products[0]) == pytest.approx(1 - 1e-4)
    assert float(products[-1]) == pytest.approx(4.04e-5, rel=0.01)
    row = flat([update.tensors[n] for n, _ in victim.named_parameters()])
    square = network.fold(row)
    assert square.shape == (1, 1, network.side, network.side)
    assert torch.equal(square.view(1, -1)[:, : row.shape[1]], row)
    assert torch.allclose(square.view(-1)[row.shape[1] :], row.mean())


def test_without_noise_the_gradient_passes_and_with_it_the_seed_decides(small):
    victim, network, update = small
    row = flat([update.tensors[n] for n, _ in victim.named_parameters()])
    network.scale.copy_(row.square().mean().sqrt())
    network.eval()

    def denoise(sigma, seed):
        return network.denoise(row, sigma, torch.Generator().manual_seed(seed), most=5)

    assert torch.cosine_similarity(denoise(1e-6, 0), row) > 0.999
    noisy = float(network.scale)
    assert torch.equal(denoise(noisy, 1), denoise(noisy, 1))
    assert not torch.equal(denoise(noisy, 1), denoise(noisy, 2))


def test_a_perfect_denoiser_would_end_at_the_clean_gradient(small):
    victim, network, update = small
    clean = flat([update.tensors[n] for n, _ in victim.named_parameters()])
    network.scale.copy_(clean.square().mean().sqrt())
    target = network.fold(clean / network.scale)

    class Oracle(GradientDiffusion):
        def forward(self, squares, step):
            level = self.products[step].view(-1, 1, 1, 1)
            return (squares - level.sqrt() * target) / (1 - level).sqrt()

    network.__class__ = Oracle
    generator = torch.Generator().manual_seed(0)
    sigma = float(network.scale)
    noisy = clean + sigma * torch.randn(clean.shape, generator=generator)
    assert torch.allclose(network.denoise(noisy, sigma, generator), clean, atol=1e-3 * sigma)


def test_the_attack_that_follows_runs_on_the_denoised_gradient(small):
    victim, _, update = small
    observation = Observation(victim=victim, update=update, batch_size=1)
    frames = list(attacks.parse("mjolnir:then=(ig:steps=3)").run(observation, 0))
    assert len(frames) == 4
    assert frames[-1].images.shape == (1, 1, 16, 16)
    assert frames[-1].report["noise"] < 1e-4
    assert frames[-1].report["denoised"] is False
    with pytest.raises(BadInput, match="another attack"):
        attacks.parse("mjolnir:then=(mjolnir)")


def test_without_noise_or_without_a_gain_it_is_the_attack_that_it_feeds(small):
    victim, network, update = small
    names = list(update.tensors)
    generator = torch.Generator().manual_seed(0)
    for sigma, denoised in ((0.0, False), (1e-3, False), (0.5, True), (2.0, False)):
        size = sigma * float(network.scale)
        noisy = {n: update.tensors[n] + size * torch.randn(update.tensors[n].shape, generator=generator) for n in names}
        observation = Observation(victim=victim, update=replace(update, tensors=noisy), batch_size=1)
        *_, own = attacks.parse("mjolnir:steps=2,then=(ig:steps=3)").run(observation, 0)
        *_, bare = attacks.parse("ig:steps=3").run(observation, 0)
        assert own.report["denoised"] is denoised
        assert torch.equal(own.images, bare.images) is not denoised


def test_a_gain_counts_from_the_noise_on_at_which_it_was_measured():
    validation = {gain_name(0.3): 0.2, gain_name(1.0): -0.1}
    assert [gain(validation, ratio) for ratio in (0.0, 0.29, 0.3, 0.9, 1.5, 5.0)] == [0.0, 0.0, 0.2, 0.2, -0.1, 0.0]


@pytest.mark.parametrize("sigma", [0.0, 1e-4, 1e-3])
def test_as_shipped_it_passes_lenets_gradients_of_little_noise_on_as_they_came(sigma):
    victim = build("lenet", image_shape=(3, 32, 32), num_classes=10)
    picture = torch.rand(1, 3, 32, 32, generator=torch.Generator().manual_seed(0))
    stack = parse_stack(f"gaussian:sigma={sigma}" if sigma else "none")
    update = release(victim, picture, torch.tensor([3]), stack=stack).defended
    observation = Observation(victim=victim, update=update, batch_size=1)
    *_, own = attacks.parse("mjolnir:then=(dlg:steps=2)").run(observation, 0)
    *_, bare = attacks.parse("dlg:steps=2").run(observation, 0)
    assert torch.equal(own.images, bare.images)
