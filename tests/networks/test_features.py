"""SPE, the rank-one fit and the wavelet step against closed forms."""

import math

import numpy as np
import pytest
import torch

from gi_core.models import build
from gi_core.networks.features import (
    centred_cosine,
    noise_strength,
    rank_one,
    scale_evidence,
    signal_share,
    spe,
    wavelet_refine,
)


@pytest.fixture(scope="module")
def lenet():
    return build("lenet", image_shape=(3, 32, 32), num_classes=10).requires_grad_(False)


def head_gradients(victim, count, seed=0):
    """Features (N,d) of smooth random pictures and the head's gradient (N,K,d), (N,K), in float64."""
    generator = torch.Generator().manual_seed(seed)
    images = torch.nn.functional.interpolate(torch.rand(count, 3, 6, 6, generator=generator), 32, mode="bicubic")
    labels = torch.randint(10, (count,), generator=generator)
    features = victim.features(images.clamp(0, 1)).double()
    logits = features @ victim.head.weight.T.double() + victim.head.bias
    delta = torch.softmax(logits, 1) - torch.nn.functional.one_hot(labels, 10)
    return features, delta.unsqueeze(2) * features.unsqueeze(1), delta, labels


def test_rank_one_and_softmax_scale_recover_the_features_exactly_even_when_clipped_apart(lenet):
    features, weight, bias, labels = head_gradients(lenet, 16)
    found = rank_one(weight * 0.3, bias * 7)
    assert torch.equal(found.delta.argmin(1), labels)
    assert torch.allclose(found.direction * features.norm(dim=1, keepdim=True), features, atol=1e-9)
    top, precision = scale_evidence(found, lenet.head.weight.double(), lenet.head.bias.double())
    assert torch.allclose(top / precision, features.norm(dim=1), rtol=1e-6)


def test_spe_is_the_papers_formula(lenet):
    _, weight, bias, _ = head_gradients(lenet, 8)
    generator = torch.Generator().manual_seed(1)
    weight = weight + 0.01 * torch.randn(weight.shape, generator=generator)
    found = spe(weight, bias)
    for n in range(8):
        w, b = weight[n].numpy(), bias[n].numpy()
        energy = np.linalg.norm(w, axis=1) * abs(b)
        chosen = [j for j in range(10) if energy[j] > energy.mean() + math.sqrt(math.log(10)) * energy.std(ddof=1)]
        assert sorted(chosen) == found.classes[n].nonzero().flatten().tolist()
        used = chosen or [int(energy.argmax())]
        fused = sum(energy[j] / energy[used].sum() * w[j] / b[j] for j in used)
        assert np.allclose(found.direction[n].numpy(), fused / np.linalg.norm(fused))


def test_spe_takes_the_strongest_class_when_none_stands_out():
    weight, bias = torch.ones(1, 4, 6), torch.tensor([[1.0, 1.0, 1.0, 1.01]])
    found = spe(weight * torch.tensor([1.0, 1, 1, 1.01]).view(1, 4, 1), bias)
    assert bool(found.empty) == (not found.classes.any())
    assert torch.allclose(found.direction, torch.full((1, 6), 6**-0.5))


@pytest.mark.parametrize("sigma", [1e-4, 1e-3, 1e-2, 3e-2])
def test_rank_one_keeps_at_least_as_much_of_the_picture_as_spe(lenet, sigma):
    features, weight, bias, _ = head_gradients(lenet, 200)
    weight = weight / weight.flatten(1).norm(dim=1).clamp_min(1).view(-1, 1, 1)
    generator = torch.Generator().manual_seed(2)
    noisy = weight + sigma * torch.randn(weight.shape, generator=generator).double()
    noisy_bias = bias + sigma * torch.randn(bias.shape, generator=generator).double()
    mean = features.mean(0)
    best = centred_cosine(rank_one(noisy, noisy_bias).direction, features, mean).mean()
    published = centred_cosine(spe(noisy, noisy_bias).direction, features, mean).mean()
    assert best >= published - 0.01


def test_signal_share_is_the_squared_cosine_that_a_simulation_finds():
    generator = torch.Generator().manual_seed(0)
    u = torch.nn.functional.normalize(torch.randn(400, generator=generator), dim=0)
    v = torch.nn.functional.normalize(torch.randn(10, generator=generator), dim=0)
    for strength in (1.2, 2.0, 5.0):
        shares, cosines = [], []
        for _ in range(40):
            noisy = strength * torch.outer(v, u) + torch.randn(10, 400, generator=generator) / 20
            _, values, right = torch.linalg.svd(noisy, full_matrices=False)
            shares.append(float(signal_share(values[0], 10 / 400)))
            cosines.append(float((right[0] @ u).square()))
        assert np.mean(shares) == pytest.approx(np.mean(cosines), abs=0.02)
    assert float(signal_share(torch.tensor(1.1), 10 / 400)) == 0


def test_wavelets_pass_smooth_maps_and_remove_most_of_white_noise():
    smooth = torch.linspace(0, 1, 8).view(1, 1, 8, 1).expand(2, 12, 8, 8).reshape(2, 768)
    assert torch.allclose(wavelet_refine(smooth, (12, 8, 8)), smooth, atol=1e-5)
    noise = torch.randn(4, 768, generator=torch.Generator().manual_seed(0))
    for shape in ((12, 8, 8), None):
        left = wavelet_refine(noise, shape)
        assert (left.norm(dim=1) < 0.5 * noise.norm(dim=1)).all()
        assert (noise_strength(noise, left) > 1).all()
    assert torch.allclose(noise_strength(smooth, smooth), torch.zeros(2))


def test_centred_cosine_ignores_scale_and_does_not_reward_the_mean():
    generator = torch.Generator().manual_seed(0)
    mean = torch.full((768,), 5.0)
    truth = mean + torch.randn(50, 768, generator=generator)
    assert torch.allclose(centred_cosine(3 * truth, truth, mean), torch.ones(50), atol=1e-5)
    blind = mean + torch.randn(50, 768, generator=generator)
    assert torch.cosine_similarity(blind, truth).min() > 0.9
    assert centred_cosine(blind, truth, mean).abs().max() < 0.2
