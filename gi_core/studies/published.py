"""Figures of the Venom paper, to stand beside ours: its Tables 1 and 2, as files of ``assets/published``."""

from __future__ import annotations

import csv
from dataclasses import dataclass
from functools import lru_cache

from gi_core.paths import ASSETS

FOLDER = ASSETS / "published"


@dataclass(frozen=True)
class Published:
    """Means over 50 pictures: PSNR in dB, SSIM, LPIPS, and ``asr``, the share of pictures with SSIM > 0.5."""

    psnr: float
    ssim: float
    lpips: float
    asr: float


@lru_cache(maxsize=1)
def venom_table() -> dict[tuple[str, str, int], Published]:
    """Table 1 by (data, attack, epsilon): delta 1e-5, C = 1, one picture an update, victims not told apart."""
    with (FOLDER / "venom-table-1.csv").open(newline="") as lines:
        return {
            (row["data"], row["attack"], int(row["epsilon"])): Published(
                *(float(row[name]) for name in ("psnr", "ssim", "lpips", "asr"))
            )
            for row in csv.DictReader(lines)
        }


@lru_cache(maxsize=1)
def venom_seconds() -> dict[tuple[str, str, str], float]:
    """Table 2 by (attack, model, data): seconds from update to picture, mean of ten runs on one RTX 4090."""
    with (FOLDER / "venom-table-2.csv").open(newline="") as lines:
        return {(row["attack"], row["model"], row["data"]): float(row["seconds"]) for row in csv.DictReader(lines)}
