"""The analytic flow against dense formulas, torch.distributions and autograd, in float64."""

import pytest
import torch
from torch import Tensor
from torch.distributions import MultivariateNormal, kl_divergence

from gi_core.networks.flow import per_image, to_flow
from gi_core.networks.gaussian_flow import GaussianFlow

TIMES = (0.1, 0.4, 0.75, 0.95)
N = 12


@pytest.fixture
def flow() -> GaussianFlow:
    generator = torch.Generator().manual_seed(3)
    axes = torch.randn(N, 5, generator=generator, dtype=torch.float64)
    mean = 0.3 * torch.randn(3, 2, 2, generator=generator, dtype=torch.float64)
    variances = torch.tensor([2.0, 1.0, 0.5, 0.3, 0.2], dtype=torch.float64)
    return GaussianFlow(mean, axes, variances, torch.tensor(0.05, dtype=torch.float64))


def dense(flow: GaussianFlow) -> Tensor:
    eye = torch.eye(flow.axes.shape[0], dtype=torch.float64)
    return flow.axes @ torch.diag(flow.variances) @ flow.axes.T + flow.rest * (eye - flow.axes @ flow.axes.T)


def marginal(flow: GaussianFlow, t: float) -> MultivariateNormal:
    covariance = t**2 * dense(flow) + (1 - t) ** 2 * torch.eye(N, dtype=torch.float64)
    return MultivariateNormal(t * flow.mean.flatten(), covariance)


def points(count: int = 4) -> Tensor:
    return torch.randn(count, 3, 2, 2, generator=torch.Generator().manual_seed(5), dtype=torch.float64)


@pytest.mark.parametrize("t", TIMES)
def test_denoiser_is_the_conditional_mean(flow: GaussianFlow, t: float) -> None:
    z_t = points()
    s = dense(flow)
    inverse = torch.linalg.inv(t**2 * s + (1 - t) ** 2 * torch.eye(N, dtype=torch.float64))
    mean = flow.mean.flatten()
    expected = mean + (z_t.flatten(1) - t * mean) @ (t * s @ inverse).T
    torch.testing.assert_close(flow.denoise(z_t, per_image(t, z_t)).flatten(1), expected, rtol=0, atol=1e-10)


@pytest.mark.parametrize("t", TIMES)
def test_denoiser_obeys_tweedie(flow: GaussianFlow, t: float) -> None:
    z_t = points().flatten(1).requires_grad_()
    (score,) = torch.autograd.grad(marginal(flow, t).log_prob(z_t).sum(), z_t)
    expected = (z_t + (1 - t) ** 2 * score) / t
    got = flow.denoise(z_t.detach().view(-1, 3, 2, 2), per_image(t, z_t.view(-1, 3, 2, 2)))
    torch.testing.assert_close(got.flatten(1), expected.detach(), rtol=0, atol=1e-10)


@pytest.mark.parametrize("t", TIMES)
def test_log_density(flow: GaussianFlow, t: float) -> None:
    z_t = points()
    torch.testing.assert_close(flow.log_density(z_t, t), marginal(flow, t).log_prob(z_t.flatten(1)))


@pytest.mark.parametrize("t", TIMES)
def test_stopped_pull_is_a_gradient_of_kl_in_expectation(flow: GaussianFlow, t: float) -> None:
    """E_e[u - v] = ((1-t)/t^2) grad_z KL(N(t z, (1-t)^2 I) || p_t); v is affine, so E_e is its value at e = 0."""
    z = points()
    expected_pull = z - flow.velocity(t * z, per_image(t, z))
    centre = z.flatten(1).clone().requires_grad_()
    guess = MultivariateNormal(t * centre, (1 - t) ** 2 * torch.eye(N, dtype=torch.float64))
    (gradient,) = torch.autograd.grad(kl_divergence(guess, marginal(flow, t)).sum(), centre)
    torch.testing.assert_close(expected_pull.flatten(1), (1 - t) / t**2 * gradient, rtol=0, atol=1e-10)


def test_ends_of_the_path(flow: GaussianFlow) -> None:
    z = points()
    torch.testing.assert_close(flow.denoise(z, per_image(1.0, z)), z)
    torch.testing.assert_close(flow.denoise(z, per_image(0.0, z)), flow.mean.expand_as(z))


def test_fit_is_probabilistic_pca() -> None:
    """Against scikit-learn, which divides by N - 1."""
    pca = pytest.importorskip("sklearn.decomposition").PCA(4, svd_solver="full")
    generator = torch.Generator().manual_seed(0)
    low = torch.rand(60, 6, generator=generator) @ torch.rand(6, N, generator=generator)
    images = (low / low.max()).view(60, 3, 2, 2)
    flow = GaussianFlow.fit(images, 4)
    reference = pca.fit(to_flow(images).flatten(1).double().numpy())
    torch.testing.assert_close(flow.variances, torch.from_numpy(reference.explained_variance_) * 59 / 60)
    torch.testing.assert_close(flow.rest.item(), reference.noise_variance_ * 59 / 60)
    overlap = (torch.from_numpy(reference.components_) @ flow.axes).abs()
    torch.testing.assert_close(overlap, torch.eye(4, dtype=torch.float64), rtol=0, atol=1e-8)


def test_other_shapes_keep_the_belief() -> None:
    generator = torch.Generator().manual_seed(0)
    images = torch.rand(200, 3, 8, 8, generator=generator)
    images = torch.nn.functional.avg_pool2d(images, 5, 1, 2, count_include_pad=False)
    flow = GaussianFlow.fit(images, 60)
    grey = flow.to_shape((1, 4, 4))
    assert grey.image_shape == (1, 4, 4)
    small = torch.nn.functional.interpolate(to_flow(images).double().mean(1, keepdim=True), size=(4, 4),
                                            mode="bilinear", antialias=True)  # fmt: skip
    torch.testing.assert_close(grey.mean, small.mean(0))
    expected = torch.linalg.eigvalsh(small.flatten(1).T.cov(correction=0)).flip(0)
    torch.testing.assert_close(grey.variances[:3], expected[:3], rtol=0.1, atol=0)
    assert flow.to_shape((3, 8, 8)) is flow
    large = flow.to_shape((3, 12, 12))
    assert large.denoise(torch.zeros(2, 3, 12, 12).double(), torch.full((2, 1, 1, 1), 0.5)).isfinite().all()
