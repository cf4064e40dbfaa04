"""Top-k, random mask, quantisation, sign."""

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from gi_core.defenses import Batch, parse_stack
from gi_core.defenses.quantize import Quantize
from gi_core.defenses.topk import TopK


def batch(seed=0):
    return Batch(None, torch.zeros(1, 1, 1, 1), torch.zeros(1), torch.Generator().manual_seed(seed))


def update(seed=0):
    g = torch.Generator().manual_seed(seed)
    shapes = {"w": (7, 9), "b": (11,), "s": ()}
    return {name: torch.randn(shape, generator=g) for name, shape in shapes.items()}


@settings(max_examples=60, deadline=None)
@given(st.integers(0, 10**6), st.floats(0, 1))
def test_topk_keeps_exactly_the_largest(seed, keep):
    tensors = update(seed)
    kept = TopK(keep=keep).on_update(tensors, batch())
    flat, out = (np.concatenate([t.numpy().reshape(-1) for t in d.values()]) for d in (tensors, kept))
    count = max(1, round(keep * flat.size))
    expected = np.zeros_like(flat)
    order = np.argsort(-np.abs(flat))[:count]
    expected[order] = flat[order]
    np.testing.assert_array_equal(out, expected)
    for name, t in TopK(keep=keep, scope="tensor").on_update(tensors, batch()).items():
        assert int((t != 0).sum()) == max(1, round(keep * t.numel()))
        assert t.shape == tensors[name].shape


def test_topk_keeps_the_count_among_ties():
    assert int(TopK(keep=0.3).on_update({"w": torch.ones(10)}, batch())["w"].sum()) == 3


@pytest.mark.parametrize("p", [0.1, 0.9])
def test_prune_is_an_independent_bernoulli_mask_without_rescaling(p):
    (defense,) = parse_stack(f"prune:p={p}")
    out = defense.on_update({"w": torch.full((200, 100), 2.5)}, batch())["w"]
    assert set(out.unique().tolist()) == {0.0, 2.5}
    zero = (out == 0).flatten().numpy()
    assert stats.binomtest(int(zero.sum()), zero.size, p).pvalue > 1e-3
    assert abs(np.corrcoef(zero[:-1], zero[1:])[0, 1]) < 4 / zero.size**0.5


@pytest.mark.parametrize(("p", "left"), [(0, 100), (1, 0)])
def test_prune_at_its_ends(p, left):
    out = parse_stack(f"prune:p={p}")[0].on_update({"w": torch.ones(100)}, batch())["w"]
    assert int(out.sum()) == left


@pytest.mark.parametrize("bits", [2, 4, 8])
@pytest.mark.parametrize("scale", ["max", "l2"])
def test_quantize_is_unbiased_and_on_its_grid(bits, scale):
    tensors = {"w": torch.randn(40, generator=torch.Generator().manual_seed(2), dtype=torch.float64)}
    defense, b = Quantize(bits=bits, scale=scale), batch()
    draws = torch.stack([defense.on_update(tensors, b)["w"] for _ in range(4000)])
    norm = float(tensors["w"].abs().max() if scale == "max" else tensors["w"].norm())
    step = norm / (2 ** (bits - 1) - 1)
    levels = draws / step
    assert (levels - levels.round()).abs().max() < 1e-9
    assert (draws - tensors["w"]).abs().max() < step * (1 + 1e-9)
    error = (draws.mean(0) - tensors["w"]).abs()
    assert bool((error <= 4.5 * step / 2 / 4000**0.5 + 1e-12).all())


def test_quantize_without_dither_takes_the_nearest_level():
    out = Quantize(bits=3, stochastic=False).on_update({"w": torch.tensor([3.0, 1.4, -1.6, 0.0])}, batch())["w"]
    torch.testing.assert_close(out, torch.tensor([3.0, 1.0, -2.0, 0.0]))
    assert torch.equal(Quantize().on_update({"w": torch.zeros(3)}, batch())["w"], torch.zeros(3))


def test_sign():
    out = parse_stack("sign")[0].on_update({"w": torch.tensor([-3.0, 0.0, 1e-9])}, batch())["w"]
    assert out.tolist() == [-1.0, 0.0, 1.0]
