import pytest
import torch

from gi_core.inversion.objectives import objectives

SHAPES = [(4, 3), (4,), (2, 3, 5, 5), (1,)]


def tensors(seed: int, scale: float = 1.0) -> list[torch.Tensor]:
    generator = torch.Generator().manual_seed(seed)
    return [scale * torch.randn(s, generator=generator, dtype=torch.float64) for s in SHAPES]


def flat(parts):
    return torch.cat([p.reshape(-1) for p in parts])


REFERENCE = {
    "cosine": lambda g, t: 1 - torch.nn.functional.cosine_similarity(g, t, dim=0),
    "l2": lambda g, t: ((g - t) ** 2).sum(),
    "l1": lambda g, t: (g - t).abs().sum(),
    "sign-alignment": lambda g, t: 1 - (g * t.sign()).sum() / g.abs().sum(),
}


def test_every_objective_has_a_reference():
    assert set(objectives.names()) == set(REFERENCE)


@pytest.mark.parametrize("name", sorted(REFERENCE))
def test_value_and_cotangent_equal_autograd(name):
    target = tensors(1)
    guess = tensors(2, scale=3.0)
    leaves = [g.clone().requires_grad_() for g in guess]
    expected = REFERENCE[name](flat(leaves), flat(target))
    gradient = torch.autograd.grad(expected, leaves)
    value, cotangent, scale = objectives.parse(name).to(target)(guess)
    assert torch.allclose(value, expected, rtol=1e-12)
    for own, reference in zip(cotangent, gradient, strict=True):
        assert torch.allclose(own * scale, reference, rtol=1e-10, atol=1e-14)


def test_cosine_ignores_scale_and_l2_does_not():
    target = tensors(1)
    scaled = [3 * t for t in target]
    assert objectives.parse("cosine").to(target)(scaled)[0].abs() < 1e-12
    assert objectives.parse("l2").to(target)(scaled)[0] > 1
