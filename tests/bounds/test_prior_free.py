"""The best unbiased attack under noise, and the imprint that nearly is it."""

import math

import pytest
import torch

from gi_core.bounds import Setting, bounds
from gi_core.bounds.prior_free import chance_below, error_variance, psnr_without_prior
from gi_core.data.samples import public_crops
from gi_core.models import build
from gi_core.run import prepare
from gi_core.scenario import Scenario
from gi_core.studies.corridor import against_bound, corridor_scenario


def test_formulas_against_draws():
    n, variance = 48, 0.02
    noise = torch.randn(20_000, n, generator=torch.Generator().manual_seed(0), dtype=torch.float64) * variance**0.5
    mse = noise.square().mean(1)
    psnr = -10 * mse.log10()
    told = float(psnr_without_prior(torch.tensor(variance, dtype=torch.float64), n))
    assert abs(float(psnr.mean()) - told) < 5 * float(psnr.std()) / math.sqrt(len(psnr))
    for share in (0.05, 0.5, 0.95):
        assert chance_below(float(mse.quantile(share)), variance, n) == pytest.approx(share, abs=0.015)


@pytest.mark.parametrize("z", [1e-3, 1e-2])
def test_the_imprint_that_owns_the_gradient_touches_the_bound(z):
    images = public_crops(16, 32, 3, 5) * torch.linspace(0.4, 1, 16).view(-1, 1, 1, 1)
    server = "imprint:connect=logit,gain=4,checksum=false,bins=128"
    row = against_bound(prepare(corridor_scenario(z, 16, server=server), images), z)
    assert row["pictures_alone"] >= 8
    assert row["bound"] - 0.5 < row["norm_known"] < row["bound"] + 0.1
    assert row["ratio"] < row["norm_known"] + 0.1


def test_it_is_per_picture_and_independent_of_the_batch():
    values = []
    for count in (1, 4):
        s = Scenario(batch_size=count, defense=f"clip:norm=1,per=example+gaussian:sigma={0.01 / count}")
        images = public_crops(1, 32, 3, 0).expand(count, -1, -1, -1)
        victim = build("lenet", image_shape=(3, 32, 32), num_classes=10)
        setting = Setting.of(s, victim, images, torch.zeros(count, dtype=torch.long))
        values.append(bounds.get("prior-free")().of(setting).value)
    assert values[0] == pytest.approx(values[1], abs=1e-3)
    variance = error_variance(images[:1], 0.01, victim.mean, victim.std)
    assert values[0] == pytest.approx(float(psnr_without_prior(variance, 3072)[0]), abs=1e-3)


def test_without_clip_or_noise_there_is_none():
    victim = build("lenet", image_shape=(3, 32, 32), num_classes=10)
    for defense in ("none", "gaussian:sigma=0.1", "clip"):
        setting = Setting.of(Scenario(defense=defense), victim, public_crops(1, 32, 3, 0), torch.tensor([1]))
        assert bounds.get("prior-free")().of(setting) is None
