import math

import pytest
import torch
from scipy.integrate import quad

from gi_core.bounds import Setting, bounds
from gi_core.bounds.bits import gaussian_bits, laplace_bits
from gi_core.defenses import parse_stack
from gi_core.models import build
from gi_core.scenario import Scenario


def identification_bits(gradients, sigma, samples, seed, laplace=False):
    """Information between which of N pictures was used and the noisy release, by the exact posterior: mean, error."""
    g = torch.Generator().manual_seed(seed)
    n, size = gradients.shape
    truth = torch.randint(n, (samples,), generator=g)
    if laplace:
        u = torch.rand(2, samples, size, generator=g).clamp_min(1e-12).log()
        y = gradients[truth] + sigma * (u[0] - u[1])
        loglik = -torch.cdist(y, gradients, p=1) / sigma
    else:
        y = gradients[truth] + sigma * torch.randn(samples, size, generator=g)
        loglik = (y @ gradients.T - gradients.square().sum(1) / 2) / sigma**2
    own = loglik.log_softmax(1).gather(1, truth[:, None]).squeeze(1)
    values = (own.double() + math.log(n)) / math.log(2)
    return values.mean().item(), values.std().item() / samples**0.5


@pytest.mark.parametrize("z", [0.1, 0.2, 0.4845, 0.969, 2.0, 4.845, 10.0])
def test_fifty_way_identification_never_carries_more_bits(z):
    victim = build("lenet", image_shape=(3, 16, 16), num_classes=10)
    pictures = torch.rand(50, 3, 16, 16, generator=torch.Generator().manual_seed(0))
    rows = []
    for i in range(50):
        grads = torch.autograd.grad(victim.loss(pictures[i : i + 1], torch.tensor([i % 10])), list(victim.parameters()))
        rows.append(torch.cat([t.flatten() for t in grads]))
    gradients = torch.stack(rows)
    gradients = torch.linalg.qr(gradients.T).Q.T @ gradients.T  # the 50-dimensional span holds all that matters
    gradients = gradients.T / gradients.T.norm(dim=1, keepdim=True).clamp_min(1)
    measured, error = identification_bits(gradients, z, 20_000, seed=1)
    assert measured - 3 * error <= min(gaussian_bits(z), math.log2(50))


@pytest.mark.parametrize("z", [2.0, 4.0])
def test_orthogonal_updates_nearly_attain_it(z):
    measured, error = identification_bits(torch.eye(50), z, 100_000, seed=2)
    assert 0.75 * gaussian_bits(z) < measured < gaussian_bits(z) + 3 * error


@pytest.mark.parametrize("z", [0.5, 1.0, 4.0])
def test_laplace_releases_stay_below_theirs(z):
    measured, error = identification_bits(torch.eye(50), z, 20_000, seed=3, laplace=True)
    assert measured - 3 * error <= laplace_bits(z)


def test_laplace_divergence_against_quadrature():
    for mu in (0.1, 1.0, 3.0):
        kl = quad(lambda t, mu=mu: 0.5 * math.exp(-abs(t)) * (abs(t + mu) - abs(t)), -40, 40, points=[-mu, 0])[0]
        assert laplace_bits(1 / mu) == pytest.approx(kl / math.log(2), rel=1e-6)


def test_it_exceeds_the_capacity_of_the_linear_gaussian_channel():
    """1/2 sum log2(1 + l_i / sigma^2) <= sum l_i / (2 sigma^2 ln 2), with equality as sigma grows."""
    eigenvalues = torch.rand(20, generator=torch.Generator().manual_seed(0)).double()
    eigenvalues /= eigenvalues.sum()
    ratios = []
    for z in (0.1, 1.0, 10.0):
        capacity = 0.5 * torch.log2(1 + eigenvalues / z**2).sum().item()
        assert capacity < gaussian_bits(z)
        ratios.append(capacity / gaussian_bits(z))
    assert ratios == sorted(ratios)
    assert ratios[2] > 0.999


def test_published_table():
    """methods: 0.0307 / 0.768 / 3.07 bits at z = 4.845 / 0.969 / 0.4845, twice that for two tensors."""
    for z, expected in ((4.845, 0.0307), (0.969, 0.768), (0.4845, 3.07)):
        assert gaussian_bits(z) == pytest.approx(expected, rel=2e-3)
        assert gaussian_bits(z, tensors=2) == pytest.approx(2 * expected, rel=2e-3)
    assert gaussian_bits(2.0, releases=3) == pytest.approx(3 * gaussian_bits(2.0))


def bits(stack, batch=1):
    victim = build("lenet", image_shape=(3, 16, 16), num_classes=10)
    return bounds.get("bits")().of(Setting(victim, parse_stack(stack), batch))


def test_shown_only_for_clipped_and_noisy_releases():
    assert bits("none") is None
    assert bits("gaussian:sigma=0.1") is None
    assert bits("clip:norm=1") is None
    assert bits("gaussian:sigma=0.1+clip:norm=1,per=update") is None
    assert bits("dp-gaussian:epsilon=1,convention=mjolnir-code") is None
    assert bits("clip:norm=2+gaussian:sigma=1").value == pytest.approx(gaussian_bits(0.5))
    assert bits("clip:norm=2,scope=tensor+gaussian:sigma=1").value == pytest.approx(gaussian_bits(0.5, tensors=8))


def test_a_picture_in_a_batch_has_its_share():
    whole = bits("clip:norm=1+gaussian:sigma=1", batch=4)
    assert whole.value == pytest.approx(gaussian_bits(1.0))
    assert f"{gaussian_bits(4.0):.3g} about any one" in whole.says
    assert "any one" not in bits("clip:norm=1,per=update+gaussian:sigma=1", batch=4).says


def test_secure_aggregation_adds_noise_and_thins_each_share():
    victim = build("lenet", image_shape=(3, 16, 16), num_classes=10)
    stack = parse_stack("clip:norm=1+gaussian:sigma=1")
    release = Setting(victim, stack, 2, clients=4).release
    assert (release.z, release.z_of_one) == (0.5, 4.0)
    assert Setting(victim, parse_stack("dp-laplace"), 2, clients=4).release is None


def test_a_scenario_says_all_that_the_rules_need():
    scenario = Scenario(defense="clip:norm=1+gaussian:sigma=1+dropout:p=0.5", image_size=16)
    victim = build("lenet", image_shape=(3, 16, 16), num_classes=10)
    setting = Setting.of(scenario, victim, torch.rand(1, 3, 16, 16), torch.tensor([1]))
    assert setting.release.z == 1
    assert not setting.smooth
    assert Setting.of(scenario.replace(defense="clip+gaussian"), victim).smooth
    assert not Setting.of(Scenario(defense="gaussian", local_steps=3, image_size=16), victim).smooth
