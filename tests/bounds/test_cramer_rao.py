import pytest
import torch

from gi_core.bounds import Setting, bounds
from gi_core.bounds.cramer_rao import bayesian_covariance, unbiased_covariance
from gi_core.bounds.fisher import unbiased_mse
from gi_core.bounds.jacobian import gram, squared_norm, update_map
from gi_core.defenses import parse_stack
from gi_core.models import build

from .conftest import LinearVictim

SIGMA = 0.3


@pytest.fixture(scope="module")
def linear():
    victim = LinearVictim().double()
    x = torch.rand(1, 1, 8, 8, generator=torch.Generator().manual_seed(3)).double()
    f = update_map(victim, torch.tensor([2]))
    directions = torch.eye(64, dtype=torch.float64).view(64, 1, 1, 8, 8)
    return victim.jacobian(2), x.flatten(), f, gram(f, x, directions)


def test_bound_matches_the_closed_form(linear):
    j, _, _, jtj = linear
    closed = SIGMA**2 * torch.linalg.pinv(j) @ torch.linalg.pinv(j).T
    assert (unbiased_covariance(jtj, SIGMA) - closed).abs().max() < 1e-6
    prior = torch.diag(torch.linspace(0.01, 0.3, 64).double())
    closed = torch.linalg.inv(j.T @ j / SIGMA**2 + torch.linalg.inv(prior))
    assert (bayesian_covariance(jtj, SIGMA, prior) - closed).abs().max() < 1e-6


def test_least_squares_meets_it_and_no_unbiased_attack_beats_it(linear):
    j, x, f, jtj = linear
    bound = unbiased_covariance(jtj, SIGMA).trace().item() / 64
    trials, g = 4000, torch.Generator().manual_seed(0)
    y = f(x.view(1, 1, 8, 8)) + SIGMA * torch.randn(trials, len(j), generator=g, dtype=torch.float64)

    def error(weights):
        attack = torch.linalg.solve(j.T @ (weights[:, None] * j), j.T * weights)
        assert torch.allclose(attack @ j, torch.eye(64, dtype=torch.float64), atol=1e-8)
        squares = (y @ attack.T - x).square().mean(1)
        return squares.mean().item(), squares.std().item() / trials**0.5

    mse, se = error(torch.ones(len(j), dtype=torch.float64))
    assert abs(mse - bound) < 3 * se
    assert se < 0.02 * bound
    for _ in range(5):
        mse, se = error(torch.rand(len(j), generator=g).double() + 0.01)
        assert mse > bound - 3 * se


def test_posterior_mean_attains_the_bayesian_bound_and_biased_shrinkage_does_not_beat_it(linear):
    j, _, _, jtj = linear
    prior = torch.diag(torch.linspace(0.01, 0.3, 64).double())
    posterior = bayesian_covariance(jtj, 3.0, prior)
    bound = posterior.trace().item() / 64
    trials, g = 4000, torch.Generator().manual_seed(0)
    x = torch.randn(trials, 64, generator=g).double() @ prior.sqrt()
    y = x @ j.T + 3.0 * torch.randn(trials, len(j), generator=g, dtype=torch.float64)
    for scale, meets in ((1.0, True), (0.5, False), (2.0, False)):
        covariance = bayesian_covariance(jtj, 3.0 * scale, prior)
        estimate = y @ (covariance @ j.T / (3.0 * scale) ** 2).T
        squares = (estimate - x).square().mean(1)
        mse, se = squares.mean().item(), squares.std().item() / trials**0.5
        assert mse > bound - 3 * se
        assert (abs(mse - bound) < 3 * se) == meets


def test_fisher_leakage_is_weaker_than_cramer_rao_and_tight_for_equal_singular_values(linear):
    _, _, f, jtj = linear
    trace, _ = squared_norm(f, torch.zeros(1, 1, 8, 8).double(), probes=512)
    assert trace == pytest.approx(jtj.trace().item(), rel=0.1)
    assert unbiased_mse(jtj.trace().item(), SIGMA, 64) <= unbiased_covariance(jtj, SIGMA).trace().item() / 64
    scaled = 4.0 * torch.eye(64).double()
    assert unbiased_mse(4.0 * 64, SIGMA, 64) == pytest.approx(unbiased_covariance(scaled, SIGMA).trace().item() / 64)


def test_rules_are_shown_only_where_they_hold():
    victim = build("lenet", image_shape=(3, 16, 16), num_classes=10)
    x, y = torch.rand(1, 3, 16, 16, generator=torch.Generator().manual_seed(0)), torch.tensor([1])
    shown = lambda name, stack, **more: bounds.parse(name).of(Setting(victim, parse_stack(stack), 1, x, y, **more))
    for name in ("cramer-rao:draws=2", "fisher"):
        assert shown(name, "none") is None
        assert shown(name, "laplace:b=0.1") is None
        assert shown(name, "topk+gaussian:sigma=0.1") is None
        assert shown(name, "gaussian:sigma=0.1+clip:per=update") is None
        assert shown(name, "gaussian:sigma=0.1", single_gradient=False) is None
        few, much = shown(name, "clip+gaussian:sigma=0.01"), shown(name, "clip+gaussian:sigma=1")
        assert few.value > much.value
        assert few.kind == "bound"
    no_prior = 10 * torch.log10(1 / torch.tensor(0.062)).item()
    assert shown("cramer-rao:draws=2", "clip+gaussian:sigma=100").value == pytest.approx(no_prior, abs=1.0)
