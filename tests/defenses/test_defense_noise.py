"""Gaussian and Laplace noise of a given scale, against scipy's laws."""

import pytest
import torch
from scipy import stats

from gi_core.defenses import Batch, parse_stack


@pytest.mark.parametrize(
    ("text", "law"),
    [("gaussian:sigma=0.3", stats.norm(scale=0.3)), ("laplace:b=0.3", stats.laplace(scale=0.3))],
)
def test_noise_follows_its_law(text, law):
    (defense,) = parse_stack(text)
    tensors = {"a": torch.linspace(-1, 1, 12_000).view(30, 400), "b": torch.tensor(2.0)}
    batch = Batch(None, torch.zeros(3, 1, 1, 1), torch.zeros(3), torch.Generator().manual_seed(5))
    released = defense.on_update(tensors, batch)
    noise = (released["a"] - tensors["a"]).flatten().double().numpy()
    assert stats.kstest(noise, law.cdf).pvalue > 1e-3
    n, spread = noise.size, noise.var() / law.var()
    kurtosis = 3 + law.stats(moments="k")
    assert abs(spread - 1) < 4 * ((kurtosis - 1) / n) ** 0.5
    assert abs(stats.pearsonr(noise[:-1], noise[1:]).statistic) < 4 / n**0.5
    assert released["b"].shape == ()
    assert released["b"] != 2.0
    assert not defense.per_example
    assert defense.privacy(3) is None


@pytest.mark.parametrize("text", ["gaussian:sigma=0", "laplace:b=0"])
def test_no_noise_changes_nothing(text):
    tensors = {"a": torch.randn(5, generator=torch.Generator().manual_seed(0))}
    batch = Batch(None, torch.zeros(1, 1, 1, 1), torch.zeros(1), torch.Generator())
    assert torch.equal(parse_stack(text)[0].on_update(tensors, batch)["a"], tensors["a"])
