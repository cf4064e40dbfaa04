import math

import numpy as np
import pytest
import torch
from scipy.stats import laplace as laplace_law
from scipy.stats import norm

from gi_core.bounds import Setting, bounds, rero
from gi_core.defenses import parse_stack
from gi_core.errors import BadInput
from gi_core.models import build

KAPPAS = [1e-4, 0.01, 0.069, 0.3, 0.5, 0.7]


def best_event(law, shift, kappa):
    """sup {P(E) under law shifted : P(E) under law = kappa} on a fine grid, by Neyman and Pearson."""
    y = np.linspace(-40, 40, 2_000_001)
    null, other = law.pdf(y), law.pdf(y - shift)
    order = np.lexsort((-y, -np.round(np.log(other + 1e-300) - np.log(null + 1e-300), 9)))
    mass = np.cumsum(null[order]) * (y[1] - y[0])
    return other[order][: np.searchsorted(mass, kappa)].sum() * (y[1] - y[0])


@pytest.mark.parametrize("kappa", KAPPAS)
@pytest.mark.parametrize("z", [0.5, 1.0, 3.0])
def test_gaussian_and_laplace_are_the_best_event(kappa, z):
    assert rero.gaussian(kappa, z) == pytest.approx(best_event(norm, 1 / z, kappa), abs=2e-4)
    assert rero.laplace(kappa, z) == pytest.approx(best_event(laplace_law, 1 / z, kappa), abs=2e-4)


@pytest.mark.parametrize("z", [0.3, 0.5, 1.0, 2.0])
def test_no_optimal_attack_identifies_more_often(z):
    """Maximum likelihood over N orthogonal unit updates is the best attack; kappa = 1/N exactly."""
    n, trials = 20, 20_000
    noise = z * torch.randn(trials, n, generator=torch.Generator().manual_seed(0))
    noise[:, 0] += 1
    success = (noise.argmax(1) == 0).double().mean().item()
    assert success - 3 * 0.5 / trials**0.5 <= rero.gaussian(1 / n, z)


def test_one_of_two_opposite_updates_attains_it():
    z, trials = 1.0, 200_000
    sign = (z * torch.randn(trials, generator=torch.Generator().manual_seed(0)) + 1 > 0).double().mean().item()
    assert sign == pytest.approx(rero.gaussian(0.5, z), abs=4e-3)


def test_laplace_over_two_coordinates_is_no_easier_than_over_one():
    g = torch.Generator().manual_seed(0)
    mu, trials = 2.0, 400_000
    u = torch.rand(4, trials, generator=g).clamp_min(1e-12).log()
    null = torch.stack([u[0] - u[1], u[2] - u[3]])
    shift = torch.tensor([[mu / 2], [mu / 2]])
    ratio = lambda y: (y.abs() - (y - shift).abs()).sum(0)
    for kappa in (0.01, 0.1, 0.5):
        threshold = ratio(null).quantile(1 - kappa)
        assert (ratio(null + shift) > threshold).double().mean().item() < rero.laplace(kappa, 1 / mu) + 0.005


@pytest.mark.parametrize("kappa", [0.001, 0.01, 0.2])
def test_looser_forms_are_looser(kappa):
    for z in (1.0, 3.0):
        alphas = np.linspace(1.01, 200, 2000)
        assert min(rero.renyi(kappa, a / (2 * z**2), a) for a in alphas) >= rero.gaussian(kappa, z)
        assert rero.pure(kappa, 1 / z) >= rero.laplace(kappa, z) - 1e-12
    assert rero.pure(0.5, 800) == 1.0


@pytest.mark.parametrize(("steps", "z"), [(1, 1.0), (4, 2.0), (9, 5.0)])
def test_nearly_full_sampling_is_nearly_the_gaussian_case(steps, z):
    exact = rero.gaussian(0.05, z, releases=steps)
    assert rero.dp_sgd(0.05, z, 1.0, steps) == exact
    assert exact - 1e-3 <= rero.dp_sgd(0.05, z, 0.9999, steps) <= exact + 1e-3


@pytest.mark.parametrize("kappa", [0.05, 0.001, 1e-6])
def test_sampling_one_step_against_quadrature(kappa):
    """One step, rate q: the likelihood ratio grows with y, so E is a half-line: q Phi + (1-q) kappa."""
    z, q = 1.0, 0.3
    exact = q * rero.gaussian(kappa, z) + (1 - q) * kappa
    assert rero.dp_sgd(kappa, z, q, 1) == pytest.approx(exact, rel=0.02 if kappa < 1e-4 else 1e-4)


def test_less_sampling_and_fewer_rounds_protect_more():
    values = [rero.dp_sgd(0.02, 1.0, q, 10) for q in (0.01, 0.1, 0.5, 1.0)]
    assert values == sorted(values) and values[0] < 0.03
    assert rero.dp_sgd(0.02, 1.0, 0.1, 1) < rero.dp_sgd(0.02, 1.0, 0.1, 10)
    with pytest.raises(BadInput, match="rate=0"):
        rero.dp_sgd(0.02, 1.0, 0, 10)


def test_tensors_clipped_one_by_one_are_one_with_less_noise():
    assert rero.dp_sgd(0.02, 2.0, 0.1, 3, tensors=4) == rero.dp_sgd(0.02, 1.0, 0.1, 3)


def test_published_caps():
    """methods 3.5: kappa .0069, two tensors: 1.5 % / 15.8 % / 67.6 % at z 4.845 / .969 / .4845."""
    for z, expected in ((4.845, 0.015), (0.969, 0.158), (0.4845, 0.676)):
        assert rero.gaussian(0.0069, z, tensors=2) == pytest.approx(expected, abs=1.5e-3)


def test_kappa_is_the_best_guess_times_the_safety_factor():
    pictures = torch.tensor([0.0, 0.1, 0.1, 0.9]).view(-1, 1, 1, 1)
    guesses = [torch.full((1, 1, 1), v) for v in (0.0, 0.1, 0.5)]
    near = lambda a, b: (a - b).abs().flatten(1).amax(1) < 0.05
    assert rero.measured_kappa(guesses, pictures, near, safety=1) == 0.5
    assert rero.measured_kappa(guesses, pictures, near, safety=1.5) == 0.75
    assert rero.measured_kappa(guesses, pictures, near) == 1.0
    with pytest.raises(BadInput):
        rero.gaussian(1.5, 1.0)


def test_the_rule_reads_the_stack():
    victim = build("lenet", image_shape=(3, 16, 16), num_classes=10)
    of = lambda stack, batch=1: bounds.parse("rero:candidates=50").of(Setting(victim, parse_stack(stack), batch))
    assert of("none") is None
    assert of("gaussian:sigma=1") is None
    assert of("clip:norm=2+gaussian:sigma=1").value == pytest.approx(100 * rero.gaussian(0.02, 0.5))
    assert of("clip:norm=2+gaussian:sigma=1", 4).value == pytest.approx(100 * rero.gaussian(0.02, 2.0))
    assert of("dp-laplace:epsilon=1").value == pytest.approx(2 * math.e)
    rounds = bounds.parse("rero:candidates=50,rounds=10,rate=0.1")
    found = rounds.of(Setting(victim, parse_stack("clip:norm=2+gaussian:sigma=1"), 4))
    assert found.value == pytest.approx(100 * rero.dp_sgd(0.02, 2.0, 0.1, 10))
    assert rounds.of(Setting(victim, parse_stack("dp-laplace:epsilon=1"), 1)) is None, "not known, so not said"


def test_the_success_cap_is_for_pictures_like_those_measured():
    rule, stack = bounds.get("rero-ssim")(), parse_stack("clip:norm=1+gaussian:sigma=0.4845")
    small, large = (build("lenet", image_shape=(3, s, s), num_classes=10) for s in (16, 32))
    assert rule.of(Setting(small, stack, 1)) is None
    assert rule.of(Setting(large, (), 1)) is None
    assert rule.of(Setting(large, stack, 1)).value == pytest.approx(100 * rero.gaussian(5 * rero.KAPPA_SSIM, 0.4845))
