"""The identities of methods.md 1.3, in float64, for an arbitrary velocity field."""

import pytest
import torch
from torch import Tensor, nn

from gi_core.networks.flow import Flow, NoiseAtOne, per_image, to_flow, to_pixels
from gi_core.networks.gaussian_flow import GaussianFlow

TIMES = (0.1, 0.4, 0.75, 0.95)


class Wavy(Flow):
    """Some smooth non-linear field."""

    image_shape = (3, 4, 4)

    def velocity(self, z_t: Tensor, t: Tensor) -> Tensor:
        return torch.sin(2 * z_t) * (1 + t) - z_t.roll(1, dims=-1)


def draw(count: int = 5, shape: tuple[int, ...] = (3, 4, 4)) -> tuple[Tensor, Tensor]:
    generator = torch.Generator().manual_seed(0)
    z = torch.rand(count, *shape, generator=generator, dtype=torch.float64) * 2 - 1
    return z, torch.randn(z.shape, generator=generator, dtype=torch.float64)


def small_gaussian(seed: int = 0) -> GaussianFlow:
    """A 3x2x2 Gaussian with 5 principal axes, float64."""
    generator = torch.Generator().manual_seed(seed)
    axes = torch.randn(12, 5, generator=generator, dtype=torch.float64)
    mean = 0.3 * torch.randn(3, 2, 2, generator=generator, dtype=torch.float64)
    return GaussianFlow(
        mean, axes, torch.tensor([2.0, 1.0, 0.5, 0.3, 0.2]).double(), torch.tensor(0.05, dtype=torch.float64)
    )


@pytest.mark.parametrize("t", TIMES)
def test_velocity_denoiser_and_noise_are_one(t: float) -> None:
    flow, (z, noise) = Wavy(), draw()
    time = per_image(t, z)
    z_t = time * z + (1 - time) * noise
    u, v = z - noise, flow.velocity(z_t, time)
    torch.testing.assert_close(z - flow.denoise(z_t, time), (1 - t) * (u - v), rtol=0, atol=1e-10)
    torch.testing.assert_close(flow.noise(z_t, time) - noise, t * (u - v), rtol=0, atol=1e-10)
    together = t * flow.denoise(z_t, time) + (1 - t) * flow.noise(z_t, time)
    torch.testing.assert_close(together, z_t, rtol=0, atol=1e-10)


@pytest.mark.parametrize("t", TIMES)
def test_data_at_time_zero_is_adapted(t: float) -> None:
    """z_s = (1-s) z + s e with the Gaussian's own field, written for that convention from its score."""
    gaussian = small_gaussian()
    dense = gaussian.axes @ torch.diag(gaussian.variances - gaussian.rest) @ gaussian.axes.T
    dense = dense + gaussian.rest * torch.eye(12).double()

    class Other(nn.Module):
        def forward(self, z_s: Tensor, s: Tensor) -> Tensor:
            rows, s = z_s.flatten(1), float(s[0])
            covariance = (1 - s) ** 2 * dense + s**2 * torch.eye(12).double()
            score = -torch.linalg.solve(covariance, (rows - (1 - s) * gaussian.mean.flatten()).T).T
            noise = -s * score  # E[e | z_s] = -s score
            return (noise - (rows - s * noise) / (1 - s)).view_as(z_s)  # v = E[e] - E[z]

    adapted = NoiseAtOne(Other(), (3, 2, 2))
    z, noise = draw(shape=(3, 2, 2))
    time = per_image(t, z)
    z_t = time * z + (1 - time) * noise
    torch.testing.assert_close(adapted.velocity(z_t, time), gaussian.velocity(z_t, time), rtol=0, atol=1e-9)
    torch.testing.assert_close(adapted.denoise(z_t, time), gaussian.denoise(z_t, time), rtol=0, atol=1e-9)


def test_sampling_is_seeded_and_has_the_moments_of_the_data() -> None:
    gaussian = small_gaussian()
    gaussian.variances *= 0.02  # well inside [0,1], where pixels are not clamped
    gaussian.rest *= 0.02
    gaussian.mean *= 0.3
    pictures = gaussian.sample(4000, seed=1, steps=100)
    assert torch.equal(pictures[:0], gaussian.sample(0, seed=1))
    assert torch.equal(gaussian.sample(3, seed=2), gaussian.sample(3, seed=2))
    rows = to_flow(pictures).flatten(1)
    torch.testing.assert_close(rows.mean(0), gaussian.mean.flatten(), rtol=0, atol=0.01)
    along = ((rows - rows.mean(0)) @ gaussian.axes).var(0)
    torch.testing.assert_close(along, gaussian.variances, rtol=0.1, atol=0)


def test_pixels_and_flow_space_are_inverse() -> None:
    z, _ = draw()
    torch.testing.assert_close(to_flow(to_pixels(z)), z)
    assert to_flow(torch.tensor([0.0, 0.5, 1.0])).tolist() == [-1.0, 0.0, 1.0]
