"""Mjolnir: the diffusion's bookkeeping, and the attack on top of it."""

import pytest
import torch

from gi_core.attacks import attacks
from gi_core.client import release
from gi_core.errors import BadInput
from gi_core.models import build
from gi_core.networks import weights
from gi_core.networks.gradient_diffusion import GradientDiffusion, noise_schedule
from gi_core.networks.sketch import flat
from gi_core.observation import Observation


@pytest.fixture
def small(tmp_path, monkeypatch):
    victim = build("lenet", image_shape=(1, 16, 16), num_classes=4)
    network = GradientDiffusion(victim, width=16)
    monkeypatch.setenv("GI_WEIGHTS", str(tmp_path))
    card = {
        "name": "mjolnir", "model": "lenet", "weights": "init", "data": "mnist", "pictures": 1, "command": "train it",
        "fingerprint": weights.fingerprint(victim),
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
    with pytest.raises(BadInput, match="another attack"):
        attacks.parse("mjolnir:then=(mjolnir)")
