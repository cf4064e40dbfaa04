"""Pixel metrics, one number per picture. Every picture is clamped to [0,1]; the data range is 1."""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor

from gi_core.errors import BadInput

PSNR_CAP = 100.0
"""dB reported for a mean squared error of 1e-10 or less: an exact copy would be infinite."""

SSIM_WINDOW = 11
SSIM_SIGMA = 1.5


def checked_pair(images: Tensor, truth: Tensor) -> tuple[Tensor, Tensor]:
    """Both (B,C,H,W), clamped to [0,1].

    Raises:
        BadInput: the shapes differ, or a value is not a number.
    """
    if images.shape != truth.shape or images.dim() != 4:
        raise BadInput(f"pictures of shape {tuple(images.shape)} and {tuple(truth.shape)}: equal (B,C,H,W) are needed")
    if images.isnan().any() or truth.isnan().any():
        raise BadInput("a picture holds NaN: finite pixels are needed")
    return images.detach().clamp(0, 1), truth.detach().clamp(0, 1)


def mse(images: Tensor, truth: Tensor) -> Tensor:
    """Mean squared error per picture, (B,C,H,W) x (B,C,H,W) -> (B,), 0 to 1."""
    a, b = checked_pair(images, truth)
    return (a - b).square().mean((1, 2, 3))


def psnr(images: Tensor, truth: Tensor) -> Tensor:
    """Peak signal-to-noise ratio per picture in dB, -10 log10(MSE), (B,). An exact copy is capped at 100 dB."""
    return -10 * mse(images, truth).clamp_min(10 ** (-PSNR_CAP / 10)).log10()


def ssim(images: Tensor, truth: Tensor) -> Tensor:
    """Structural similarity per picture, (B,), -1 to 1.

    Wang et al., "Image Quality Assessment", IEEE TIP 2004, with their 11x11 Gaussian window of sigma 1.5,
    K1 = 0.01, K2 = 0.03, biased covariances, averaged over the positions where the window fits and over channels.

    Raises:
        BadInput: a picture is smaller than the window.
    """
    a, b = checked_pair(images, truth)
    batch, _, height, width = a.shape
    if min(height, width) < SSIM_WINDOW:
        raise BadInput(f"SSIM of a {height}x{width} picture: at least {SSIM_WINDOW}x{SSIM_WINDOW} is needed")
    planes = torch.stack([a, b, a * a, b * b, a * b]).double().reshape(-1, 1, height, width)
    offsets = torch.arange(SSIM_WINDOW, dtype=planes.dtype, device=planes.device) - SSIM_WINDOW // 2
    window = torch.softmax(-offsets.square() / (2 * SSIM_SIGMA**2), dim=0)
    means = F.conv2d(F.conv2d(planes, window.view(1, 1, -1, 1)), window.view(1, 1, 1, -1))
    mean_a, mean_b, aa, bb, ab = means.reshape(5, batch, -1)
    var_a, var_b, cov = aa - mean_a**2, bb - mean_b**2, ab - mean_a * mean_b
    c1, c2 = 0.01**2, 0.03**2
    similarity = (2 * mean_a * mean_b + c1) * (2 * cov + c2)
    similarity /= (mean_a**2 + mean_b**2 + c1) * (var_a + var_b + c2)
    return similarity.mean(1).to(a.dtype)
