"""The argument of docs/venom.md, step by step. Numbers of the real data are checked where the data are."""

import math
from pathlib import Path

import pytest
import torch

from gi_core.bounds.bits import gaussian_bits
from gi_core.bounds.rero import gaussian as rero
from gi_core.data.arrays import Pictures, load
from gi_core.defenses.accounting import classical_gaussian, gaussian_epsilon
from gi_core.models import build
from gi_core.studies.venom_audit import candidates_held, gaussian_source_psnr, impossible_cells

DATA = Path(__file__).parents[2].parent / "shared" / "data"
needs_data = pytest.mark.skipif(not (DATA / "cifar10.npz").is_file(), reason="CIFAR-10 is not on this machine")


@pytest.fixture(scope="module")
def lenet():
    return build("lenet", image_shape=(3, 32, 32), num_classes=10).requires_grad_(False)


@pytest.fixture(scope="module")
def smooth():
    coarse = torch.rand(50, 3, 5, 5, generator=torch.Generator().manual_seed(0))
    images = torch.nn.functional.interpolate(coarse, 32, mode="bilinear")
    return Pictures((images * 255).byte(), torch.arange(50) % 10)


@pytest.mark.parametrize(
    ("epsilon", "z", "weight", "both"),
    [(1, 4.845, 0.0307, 0.0615), (5, 0.969, 0.768, 1.54), (10, 0.4845, 3.07, 6.15)],
)
def test_step_1_the_stated_noise_carries_a_few_bits(epsilon, z, weight, both):
    assert classical_gaussian(epsilon, 1e-5) == pytest.approx(z, rel=1e-3)
    assert gaussian_bits(z) == pytest.approx(weight, rel=5e-3)
    assert gaussian_bits(z, 2) == pytest.approx(both, rel=5e-3)


def test_step_2_epsilon_10_of_the_formula_is_not_epsilon_10():
    z = classical_gaussian(10, 1e-5)
    assert gaussian_epsilon(z, 1e-5) == pytest.approx(10.39, abs=0.02)
    assert gaussian_epsilon(z / 2, 1e-5) == pytest.approx(25.4, abs=0.1)


@pytest.mark.parametrize(("epsilon", "cap"), [(1, 0.015), (5, 0.158), (10, 0.676)])
def test_step_3_rero_caps_the_share_of_successes_below_the_published_ones(epsilon, cap):
    z = classical_gaussian(epsilon, 1e-5)
    found = rero(0.0069, z, tensors=2)
    assert found == pytest.approx(cap, abs=0.001)
    assert found < {1: 0.72, 5: 0.86, 10: 0.88}[epsilon]


def test_step_4_eleven_cells_of_table_1_break_arithmetic():
    assert len(impossible_cells()) == 11
    assert ("cifar10", "venom", 1) not in impossible_cells()


@pytest.mark.parametrize("z", [4.845, 0.969, 0.4845, 0.12, 0.03])
def test_step_5_nobody_beats_the_bounds_not_even_with_the_candidates_in_hand(lenet, smooth, z):
    found = candidates_held(lenet, smooth, z, draws=20)
    spread = 4 * math.sqrt(0.25 / (50 * 20))
    assert found.identified <= rero(1 / 50, z, tensors=2) + spread
    assert found.bits <= gaussian_bits(z, 2) + 0.1
    assert found.bits <= math.log2(50) + 1e-6


def test_step_5_and_the_same_attacker_succeeds_once_the_noise_is_gone(lenet, smooth):
    quiet, stated = candidates_held(lenet, smooth, 0.003, draws=3), candidates_held(lenet, smooth, 4.845, draws=3)
    assert quiet.identified == 1
    assert quiet.psnr == 60
    assert quiet.bits == pytest.approx(math.log2(50), abs=1e-3)
    assert stated.identified < 0.1
    assert stated.psnr < 20 < quiet.psnr


def test_a_gaussian_source_needs_the_rate_that_the_formula_gives():
    white = torch.full((100,), 0.04, dtype=torch.float64)
    for bits in (0.0, 10.0, 332.0):
        distortion = 0.04 * 2 ** (-2 * bits / 100)
        assert gaussian_source_psnr(white, bits) == pytest.approx(-10 * math.log10(distortion), abs=1e-6)


@pytest.mark.data
@needs_data
def test_on_cifar10_the_published_figures_need_far_less_noise(lenet):
    test = load("cifar10", DATA)[2].take(slice(0, 50))
    stated = candidates_held(lenet, test, classical_gaussian(10, 1e-5), draws=20)
    assert stated.identified == pytest.approx(0.18, abs=0.06)
    assert stated.success < 0.12 < 0.88
    assert 0.4 < stated.label < 0.65
    assert candidates_held(lenet, test, 0.03, draws=5).success > 0.8


@pytest.mark.data
@needs_data
def test_a_picture_of_21_77_db_takes_about_195_bits():
    images = load("cifar10", DATA)[0].floats(slice(0, 5000)).flatten(1)
    variances = torch.linalg.eigvalsh(torch.cov(images.T)).double().clamp_min(1e-12)
    assert gaussian_source_psnr(variances, 195) == pytest.approx(21.77, abs=0.3)
    assert gaussian_source_psnr(variances, 6.15) == pytest.approx(14.89, abs=0.3)
