"""Swin Transformer V2."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar

from gi_core.models.base import models
from gi_core.models.from_timm import TimmArchitecture
from gi_core.models.swin import swin_arguments


@models.register("swinv2-tiny")
@dataclass(frozen=True, kw_only=True)
class SwinV2Tiny(TimmArchitecture):
    """Swin V2-T: Swin with cosine attention, norm after each branch, and a continuous position bias.

    Liu et al., "Swin Transformer V2", CVPR 2022: patch 4, window 8, 28.35 M parameters at 1000 classes.
    Below 96 pixels: patch 2 and window 4 (7 where the token grid divides by it).
    """

    timm_name: ClassVar[str] = "swinv2_tiny_window8_256"

    def arguments(self, image_shape: tuple[int, int, int]) -> dict[str, Any]:
        return swin_arguments(self.name, image_shape, window=8)
