"""Swin Transformer."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar

from gi_core.models.base import models
from gi_core.models.from_timm import TimmArchitecture, canonical, check_sides


def swin_arguments(name: str, image_shape: tuple[int, int, int], window: int) -> dict[str, Any]:
    """Patch 4 and the published window, or patch 2 and a window of 7 or 4 tokens for small pictures."""
    patch = 4 if canonical(image_shape) else 2
    check_sides(name, image_shape, patch)
    tokens = [side // patch for side in image_shape[1:]]
    if not canonical(image_shape):
        window = 7 if all(t % 7 == 0 for t in tokens) else 4
    return {"img_size": image_shape[1:], "patch_size": patch, "window_size": window, "drop_path_rate": 0.0}


@models.register("swin-tiny")
@dataclass(frozen=True, kw_only=True)
class SwinTiny(TimmArchitecture):
    """Swin-T: attention in shifted windows over four stages, LayerNorm throughout.

    Liu et al., "Swin Transformer", ICCV 2021: patch 4, window 7, 28,288,354 parameters at 224 pixels and 1000
    classes. Below 96 pixels: patch 2 and window 4 (7 where the token grid divides by it).
    """

    timm_name: ClassVar[str] = "swin_tiny_patch4_window7_224"

    def arguments(self, image_shape: tuple[int, int, int]) -> dict[str, Any]:
        return swin_arguments(self.name, image_shape, window=7)
