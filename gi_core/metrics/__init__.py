"""How close a reconstruction is to the truth, computed outside the attack."""

from gi_core.metrics.assignment import assign, match
from gi_core.metrics.features import fmse
from gi_core.metrics.image import PSNR_CAP, mse, psnr, ssim
from gi_core.metrics.lpips import lpips, why_unavailable
from gi_core.metrics.scores import METRICS, Metric, Rate, score, ssim_fits_success, success_rate

__all__ = [
    "METRICS",
    "PSNR_CAP",
    "Metric",
    "Rate",
    "assign",
    "fmse",
    "lpips",
    "match",
    "mse",
    "psnr",
    "score",
    "ssim",
    "ssim_fits_success",
    "success_rate",
    "why_unavailable",
]
