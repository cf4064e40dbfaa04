import pytest
import torch

from gi_core.bounds.pictures import picture_prior
from gi_core.errors import BadInput


@pytest.mark.parametrize("shape", [(3, 32, 32), (1, 28, 28), (3, 64, 64)])
def test_the_basis_is_orthonormal_and_holds_most_of_the_variance(shape):
    prior = picture_prior(shape)
    flat = prior.basis.flatten(1)
    assert torch.allclose(flat @ flat.T, torch.eye(len(flat)), atol=1e-5)
    assert 0.85 < prior.covariance.trace() / prior.variance.sum() < 0.95
    assert 0.04 < prior.variance.mean() < 0.07


def test_cifar_figures():
    prior = picture_prior((3, 32, 32))
    assert prior.variance.mean().item() == pytest.approx(0.06198, abs=1e-4)
    assert prior.mean.mean((1, 2)).tolist() == pytest.approx([0.4914, 0.4822, 0.4465], abs=1e-3)
    assert len(prior.basis) == 192


def test_draws_have_the_stated_law():
    prior = picture_prior((3, 12, 12))
    x = prior.draw(20_000, torch.Generator().manual_seed(0)) - prior.mean
    assert torch.allclose(x.var(0), prior.variance, rtol=0.06)
    coefficients = x.flatten(1) @ prior.basis.flatten(1).T
    scale = prior.covariance.diagonal().sqrt()
    difference = (coefficients.T.cov() - prior.covariance) / torch.outer(scale, scale)
    assert difference.abs().max() < 0.06


def test_other_shapes_are_refused():
    with pytest.raises(BadInput):
        picture_prior((2, 32, 32))
    with pytest.raises(BadInput):
        picture_prior((1, 4, 4))
