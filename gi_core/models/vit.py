"""Vision Transformer."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar

from gi_core.models.base import models
from gi_core.models.from_timm import TimmArchitecture, canonical, check_sides


@dataclass(frozen=True, kw_only=True)
class ViT(TimmArchitecture):
    """Patches, a class token and twelve pre-norm blocks. Dosovitskiy et al., ICLR 2021.

    Patch 16; 4 below 96 pixels, which gives 64 tokens at 32 pixels.
    """

    def arguments(self, image_shape: tuple[int, int, int]) -> dict[str, Any]:
        patch = 16 if canonical(image_shape) else 4
        check_sides(self.name, image_shape, patch)
        return {"img_size": image_shape[1:], "patch_size": patch}


@models.register("vit-base-16")
@dataclass(frozen=True, kw_only=True)
class ViTBase(ViT):
    """ViT-B/16: width 768, 86,567,656 parameters at 224 pixels and 1000 classes; patch 4 below 96 pixels.

    Dosovitskiy et al., "An Image is Worth 16x16 Words", ICLR 2021.
    """

    timm_name: ClassVar[str] = "vit_base_patch16_224"


@models.register("vit-tiny")
@dataclass(frozen=True, kw_only=True)
class ViTTiny(ViT):
    """ViT-Ti/16: width 192, 5,717,416 parameters at 224 pixels and 1000 classes; patch 4 below 96 pixels.

    Touvron et al., "Training data-efficient image transformers", ICML 2021.
    """

    timm_name: ClassVar[str] = "vit_tiny_patch16_224"
