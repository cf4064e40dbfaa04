import math

import pytest
import torch

from gi_core.bounds import Setting, bounds
from gi_core.bounds.jacobian import full, update_map
from gi_core.bounds.linear_gaussian import linearise
from gi_core.bounds.pictures import picture_prior
from gi_core.defenses import parse_stack
from gi_core.errors import BadInput
from gi_core.models import build

from .conftest import LinearVictim


def test_closed_form_on_a_linear_victim():
    victim, label = LinearVictim((1, 12, 12)), 1
    x = torch.rand(1, 1, 12, 12, generator=torch.Generator().manual_seed(0))
    prior = picture_prior((1, 12, 12))
    j, u = victim.jacobian(label).double(), prior.basis.flatten(1).T.double()
    sigma = 2.0
    precision = (j @ u).T @ (j @ u) / sigma**2 + torch.linalg.inv(prior.covariance.double())
    posterior = u @ torch.linalg.inv(precision) @ u.T
    outside = prior.variance.flatten().double() - (u @ prior.covariance.double() @ u.T).diagonal()
    mse = posterior.diagonal() + outside
    bits = 0.5 * torch.logdet(prior.covariance.double() @ precision) / math.log(2)
    needle = linearise(victim, x, torch.tensor([label])).at(sigma)
    assert needle.psnr.item() == pytest.approx(-10 * math.log10(mse.mean()), abs=1e-3)
    assert needle.bits == pytest.approx(bits.item(), rel=1e-3)
    expected = 1 - mse / prior.variance.flatten().double()
    assert torch.allclose(needle.seen.flatten().double(), expected, atol=1e-4)


def test_the_optimal_linear_attack_reaches_it_on_pictures_of_the_prior():
    """Monte Carlo: posterior mean of 12x12 pictures, all frequencies drawn, the fine ones treated as known to be 0."""
    victim, label = LinearVictim((1, 12, 12)), 1
    prior = picture_prior((1, 12, 12))
    g = torch.Generator().manual_seed(0)
    j, u = victim.jacobian(label), prior.basis.flatten(1).T
    coefficients = torch.randn(2000, 64, generator=g) @ torch.linalg.cholesky(prior.covariance).T
    y = coefficients @ (j @ u).T + 2.0 * torch.randn(2000, len(j), generator=g)
    precision = (j @ u).T @ (j @ u) / 4 + torch.linalg.inv(prior.covariance)
    estimate = y @ torch.linalg.solve(precision, (j @ u).T).T / 4
    inside = (estimate - coefficients).square().sum(1)
    outside = (prior.variance.sum() - prior.covariance.trace()).item()
    needle = linearise(victim, torch.zeros(1, 1, 12, 12), torch.tensor([label])).at(2.0)
    reached = 10 ** (-needle.psnr.item() / 10) * 144 - outside
    assert abs(inside.mean().item() - reached) < 3 * inside.std().item() / 2000**0.5


def test_the_fast_form_agrees_with_the_full_jacobian_on_lenet():
    victim = build("lenet", image_shape=(3, 16, 16), num_classes=10)
    x, y = torch.rand(1, 3, 16, 16, generator=torch.Generator().manual_seed(0)), torch.tensor([3])
    stack = parse_stack("clip:norm=1")
    prior = picture_prior((3, 16, 16))
    j = full(update_map(victim, y, stack), x).double() @ prior.basis.flatten(1).T.double()
    for sigma in (0.1, 0.01):
        posterior = torch.linalg.inv(j.T @ j / sigma**2 + torch.linalg.inv(prior.covariance.double()))
        outside = prior.variance.sum().item() - prior.covariance.trace().item()
        expected = -10 * math.log10((posterior.trace().item() + outside) / 768)
        assert linearise(victim, x, y, stack).at(sigma).psnr.item() == pytest.approx(expected, abs=0.02)


def test_noise_moves_it_from_ceiling_to_floor_and_batches_share():
    victim = build("lenet", image_shape=(3, 16, 16), num_classes=10)
    x, y = torch.rand(2, 3, 16, 16, generator=torch.Generator().manual_seed(0)), torch.tensor([3, 4])
    one, two = linearise(victim, x[:1], y[:1]), linearise(victim, x, y)
    values = [one.at(s).psnr.item() for s in (1e-6, 1e-3, 1e-1, 10, 1e6)]
    assert values == sorted(values, reverse=True)
    assert values[0] == pytest.approx(one.at(1e-6).ceiling, abs=0.01)
    floor = -10 * math.log10(picture_prior((3, 16, 16)).variance.mean().item())
    assert values[-1] == pytest.approx(floor, abs=1e-3)
    assert one.at(1e6).bits < 1e-6
    assert one.at(1e6).seen.max() < 1e-6
    assert two.at(0.01).psnr.shape == (2,)
    assert two.at(0.01).seen.shape == (2, 16, 16)
    assert two.at(0.01).psnr[0] < one.at(0.01).psnr[0]
    with pytest.raises(BadInput):
        one.at(0)


def test_bits_stay_below_the_universal_bound():
    victim = build("lenet", image_shape=(3, 16, 16), num_classes=10)
    x, y = torch.rand(1, 3, 16, 16, generator=torch.Generator().manual_seed(0)), torch.tensor([3])
    linear = linearise(victim, x, y, parse_stack("clip:norm=1"))
    for z in (0.01, 0.1, 1.0, 10.0):
        assert linear.at(z).bits < 1 / (2 * z**2) / math.log(2)


def test_the_rule_is_a_reference_and_says_when_it_saturates():
    victim = build("lenet", image_shape=(3, 20, 20), num_classes=10)
    x, y = torch.rand(1, 3, 20, 20, generator=torch.Generator().manual_seed(0)), torch.tensor([3])
    rule = bounds.get("needle")()
    shown = lambda stack: rule.of(Setting(victim, parse_stack(stack), 1, x, y))
    assert shown("none") is None
    assert shown("laplace:b=1") is None
    assert shown("clip+gaussian:sigma=0.1").kind == "reference"
    assert "or more" not in shown("clip+gaussian:sigma=0.1").says
    assert "or more" in shown("gaussian:sigma=1e-7").says
    assert rule.of(Setting(victim, parse_stack("gaussian:sigma=1"), 1)) is None
