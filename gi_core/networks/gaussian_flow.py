"""The flow of a Gaussian, in closed form: exact, training-free, and the reference for every learned one."""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor

from gi_core.networks.flow import Flow, per_image, to_flow

LARGEST = 20_000_000


class GaussianFlow(Flow):
    """z ~ N(mu, S), S = U diag(lambda) U^T + r (I - U U^T): principal axes, and one variance for all the rest.

    With s^2 = t^2 S + (1-t)^2 I (the covariance of z_t), Gaussian conditioning gives (methods.md 1.3; derived)

        D(z_t, t) = mu + t S s^-2 (z_t - t mu)
        v(z_t, t) = mu + (t S - (1-t) I) s^-2 (z_t - t mu)

    Args:
        mean: (C,H,W) in the flow's space. axes: (n,k), orthonormal columns up to rounding; they are made exact.
        variances: (k,) along the axes. rest: variance along every other direction, > 0.
    """

    mean: Tensor
    axes: Tensor
    variances: Tensor
    rest: Tensor

    def __init__(self, mean: Tensor, axes: Tensor, variances: Tensor, rest: Tensor) -> None:
        super().__init__()
        self.image_shape = (mean.shape[0], mean.shape[1], mean.shape[2])
        q, triangle = torch.linalg.qr(axes)
        self.register_buffer("mean", mean)
        self.register_buffer("axes", q * triangle.diagonal().sign())
        self.register_buffer("variances", variances)
        self.register_buffer("rest", rest)

    @classmethod
    def fit(cls, images: Tensor, rank: int) -> GaussianFlow:
        """Maximum-likelihood probabilistic PCA (Tipping, Bishop 1999) of pictures (N,C,H,W) in [0,1], in float64."""
        rows = to_flow(images).flatten(1).double()
        mean = rows.mean(0)
        covariance = (rows - mean).T @ (rows - mean) / len(rows)
        values, vectors = torch.linalg.eigh(covariance)
        return cls(
            mean.view(images.shape[1:]), vectors.flip(1)[:, :rank].contiguous(), values.flip(0)[:rank],
            values[: len(values) - rank].mean(),
        )  # fmt: skip

    def to_shape(self, image_shape: tuple[int, int, int]) -> GaussianFlow:
        """The same belief about pictures of another size or in grey: the axes resized, what they miss kept as ``rest``.

        Linear in the pictures, so still a Gaussian and still exact for it; finer detail than this flow's own size is
        believed to be white [R].
        """
        if image_shape == self.image_shape:
            return self
        rank = max(1, min(self.axes.shape[1], LARGEST // (image_shape[0] * image_shape[1] * image_shape[2])))
        scaled = self.axes[:, :rank] * (self.variances[:rank] - self.rest).clamp_min(0).sqrt()
        pictures = _resize(torch.cat([self.mean[None], scaled.T.reshape(rank, *self.image_shape)]), image_shape)
        u, s, _ = torch.linalg.svd(pictures[1:].flatten(1).T, full_matrices=False)
        return GaussianFlow(pictures[0], u, s.square() + self.rest, self.rest)

    def _apply_spectrum(self, rows: Tensor, gains: Tensor, rest_gain: Tensor) -> Tensor:
        """(U diag(gains) U^T + rest_gain (I - U U^T)) rows; rows (B,n), gains (B,k), rest_gain (B,1)."""
        return rest_gain * rows + (rows @ self.axes * (gains - rest_gain)) @ self.axes.T

    def velocity(self, z_t: Tensor, t: Tensor) -> Tensor:
        rows = (z_t - t * self.mean).flatten(1)
        time = t.reshape(-1, 1)
        gain = lambda variance: (time * variance - (1 - time)) / (time.square() * variance + (1 - time).square())
        return self.mean + self._apply_spectrum(rows, gain(self.variances), gain(self.rest)).view_as(z_t)

    def log_density(self, z_t: Tensor, t: Tensor | float) -> Tensor:
        """log p_t(z_t) of N(t mu, t^2 S + (1-t)^2 I), (B,)."""
        time = per_image(t, z_t)
        rows = (z_t - time * self.mean).flatten(1)
        n, k = self.axes.shape
        time = time.reshape(-1, 1)
        spread = lambda variance: time.square() * variance + (1 - time).square()
        along, other = spread(self.variances), spread(self.rest)
        square = (rows * self._apply_spectrum(rows, 1 / along, 1 / other)).sum(1)
        log_det = along.log().sum(1) + (n - k) * other.log().squeeze(1)
        return -0.5 * (square + log_det + n * torch.log(torch.tensor(2 * torch.pi)))


def _resize(pictures: Tensor, image_shape: tuple[int, int, int]) -> Tensor:
    """(N,C,H,W) -> (N, *image_shape): grey is the channels' mean, colour repeats grey; bilinear, antialiased."""
    if image_shape[0] != pictures.shape[1]:
        pictures = pictures.mean(1, keepdim=True).expand(-1, image_shape[0], -1, -1)
    return F.interpolate(pictures, size=image_shape[1:], mode="bilinear", antialias=True)
