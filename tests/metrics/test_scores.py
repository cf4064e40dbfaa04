from itertools import pairwise

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from gi_core.errors import BadInput
from gi_core.metrics import METRICS, psnr, score, ssim, ssim_fits_success, success_rate
from gi_core.models import build


def test_scores_stand_in_the_order_of_the_truth():
    g = torch.Generator().manual_seed(0)
    truth = torch.rand(3, 3, 32, 32, generator=g)
    scale = torch.tensor([0.0, 0.05, 0.5]).view(-1, 1, 1, 1)
    noisy = (truth + scale * torch.randn(truth.shape, generator=g)).clamp(0, 1)
    victim = build("lenet", image_shape=(3, 32, 32), num_classes=10)
    rows = score(noisy[[2, 0, 1]], truth, victim)
    assert [row["psnr"] for row in rows] == pytest.approx(psnr(noisy, truth).tolist(), rel=1e-5)
    assert [row["ssim"] for row in rows] == pytest.approx(ssim(noisy, truth).tolist(), rel=1e-5)
    assert rows[0] | {"psnr": 100.0, "mse": 0.0, "lpips": 0.0, "fmse": 0.0, "success": True} == rows[0]
    for better, worse in pairwise(rows):
        assert better["psnr"] > worse["psnr"]
        assert better["ssim"] > worse["ssim"]
        assert better["mse"] < worse["mse"]
        assert better["lpips"] < worse["lpips"]
        assert better["fmse"] < worse["fmse"]
    assert set(rows[0]) == {m.name for m in METRICS}


def test_what_was_not_asked_for_is_none():
    x = torch.zeros(2, 1, 28, 28)
    assert [(row["lpips"], row["fmse"]) for row in score(x, x, lpips=False)] == [(None, None)] * 2


def test_wilson_interval_against_the_published_formula():
    rate = success_rate([True] * 3 + [False] * 7)
    z, n, p = 1.959963984540054, 10, 0.3
    centre = (p + z * z / (2 * n)) / (1 + z * z / n)
    half = z / (1 + z * z / n) * (p * (1 - p) / n + z * z / (4 * n * n)) ** 0.5
    assert (rate.rate, rate.n) == (0.3, 10)
    assert (rate.low, rate.high) == pytest.approx((centre - half, centre + half))
    with pytest.raises(BadInput):
        success_rate([])


@given(st.lists(st.floats(-1, 1), min_size=1, max_size=40))
def test_every_set_of_ssims_fits_its_success_rate(values):
    assert ssim_fits_success(sum(values) / len(values), sum(v > 0.5 for v in values) / len(values))


def test_impossible_published_cells_are_found():
    assert not ssim_fits_success(0.602, 0.12)
    assert not ssim_fits_success(0.658, 0.3)
    assert ssim_fits_success(0.65, 0.3)


def test_bands_cover_every_value_in_ascending_order():
    for metric in METRICS:
        starts = [start for start, _ in metric.bands]
        assert starts == sorted(starts)
    by_name = {m.name: m for m in METRICS}
    assert by_name["psnr"].words(-3)
    assert by_name["psnr"].words(12.7) == by_name["psnr"].words(-3)
    assert by_name["ssim"].words(0.7) == "counted as a success"
    assert by_name["mse"].words(0.1) == ""
