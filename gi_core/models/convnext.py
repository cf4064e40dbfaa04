"""ConvNeXt."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar

from gi_core.models.base import models
from gi_core.models.from_timm import TimmArchitecture


@dataclass(frozen=True, kw_only=True)
class ConvNeXt(TimmArchitecture):
    """Depthwise 7x7 convolutions, LayerNorm and GELU. Liu et al., "A ConvNet for the 2020s", CVPR 2022.

    Below 96 pixels the 4x4 stem has stride 2 and padding 1 in place of stride 4: the weights keep their shapes.
    """

    def arguments(self, image_shape: tuple[int, int, int]) -> dict[str, Any]:
        return {"drop_path_rate": 0.0}

    def adapt(self, net: Any, image_shape: tuple[int, int, int]) -> None:
        stem = net.stem[0]
        stem.stride, stem.padding = (2, 2), (1, 1)


@models.register("convnext-tiny")
@dataclass(frozen=True, kw_only=True)
class ConvNeXtTiny(ConvNeXt):
    """ConvNeXt-T: 28,589,128 parameters at 1000 classes (Liu et al., CVPR 2022)."""

    timm_name: ClassVar[str] = "convnext_tiny"


@models.register("convnext-atto")
@dataclass(frozen=True, kw_only=True)
class ConvNeXtAtto(ConvNeXt):
    """ConvNeXt-Atto: widths 40 to 320, 3.7 M parameters at 1000 classes (timm); small enough for a classroom."""

    timm_name: ClassVar[str] = "convnext_atto"
