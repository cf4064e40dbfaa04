"""Clipping never lengthens, keeps direction, and means the same for one example as for its average."""

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from gi_core.defenses.base import norm_of
from gi_core.defenses.clip import Clip, clip


def random_tensors(seed, size, scale):
    g = torch.Generator().manual_seed(seed)
    shapes = {"w": (size, 3, 2), "b": (size, 4), "s": (size,)}
    return {name: torch.randn(shape, generator=g, dtype=torch.float64) * scale for name, shape in shapes.items()}


@settings(max_examples=100, deadline=None)
@given(
    seed=st.integers(0, 10**6), size=st.integers(1, 4), scale=st.floats(1e-6, 1e6), norm=st.floats(1e-6, 1e6),
    order=st.sampled_from([1.0, 2.0]), separate=st.booleans(),
)  # fmt: skip
def test_never_longer_than_allowed_nor_than_before(seed, size, scale, norm, order, separate):
    tensors = random_tensors(seed, size, scale)
    clipped = clip(tensors, norm, order=order, separate=separate, keep_examples=True)
    for i in range(size):
        groups = [[name] for name in tensors] if separate else [list(tensors)]
        for names in groups:
            before = torch.cat([tensors[n][i].reshape(-1) for n in names])
            after = torch.cat([clipped[n][i].reshape(-1) for n in names])
            length = float(before.norm(order))
            assert float(after.norm(order)) <= min(norm, length) * (1 + 1e-12)
            torch.testing.assert_close(after, before * min(1.0, norm / length))


def test_zero_gradient_stays_zero():
    assert torch.equal(clip({"w": torch.zeros(3)}, 1.0)["w"], torch.zeros(3))


@settings(max_examples=50, deadline=None)
@given(st.integers(0, 10**6), st.floats(1e-3, 1e3))
def test_one_example_equals_its_average(seed, norm):
    tensors = random_tensors(seed, 1, 1.0)
    by_example = Clip(norm=norm).on_example(tensors, None)
    by_update = Clip(norm=norm, per="update").on_update({n: t.mean(0) for n, t in tensors.items()}, None)
    for name in tensors:
        torch.testing.assert_close(by_example[name].mean(0), by_update[name])
    assert Clip(norm=norm).on_update(tensors, None) is tensors
    assert Clip(norm=norm).per_example
    assert not Clip(norm=norm, per="update").per_example


@pytest.mark.parametrize("order", [1.0, 2.0])
def test_joint_norm_is_that_of_the_concatenation(order):
    tensors = random_tensors(3, 5, 2.0)
    flat = torch.cat([t.reshape(5, -1) for t in tensors.values()], dim=1)
    torch.testing.assert_close(norm_of(tensors, order=order, keep_examples=True), flat.norm(order, dim=1))
    torch.testing.assert_close(norm_of(tensors, order=order), flat.norm(order))
