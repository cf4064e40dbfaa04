import torch

from gi_core.priors.tv import total_variation


def test_gradient_equals_autograd():
    x = torch.rand(2, 3, 7, 5, dtype=torch.float64, generator=torch.Generator().manual_seed(0), requires_grad=True)
    value = x.diff(dim=-1).abs().mean() + x.diff(dim=-2).abs().mean()
    (reference,) = torch.autograd.grad(value, x)
    own, gradient = total_variation(x.detach())
    assert torch.allclose(own, value.detach())
    assert torch.allclose(gradient, reference)


def test_grey_pictures_have_a_total_variation_too():
    """A peer hard-codes three channels."""
    value, gradient = total_variation(torch.rand(1, 1, 8, 8))
    assert value > 0
    assert gradient.shape == (1, 1, 8, 8)
