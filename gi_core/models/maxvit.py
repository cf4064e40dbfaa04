"""MaxViT."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar

from gi_core.models.base import models
from gi_core.models.from_timm import TimmArchitecture, canonical, check_sides


@models.register("maxvit-tiny")
@dataclass(frozen=True, kw_only=True)
class MaxViTTiny(TimmArchitecture):
    """MaxViT-T: each block is an inverted-bottleneck convolution, window attention, and grid attention.

    Tu et al., "MaxViT", ECCV 2022: 31 M parameters (30,916,528 in timm) at 224 pixels and 1000 classes;
    the convolutions carry BatchNorm. Below 96 pixels the stem has stride 1 and windows and grids 1/16 of the side.
    """

    timm_name: ClassVar[str] = "maxvit_tiny_tf_224"

    def arguments(self, image_shape: tuple[int, int, int]) -> dict[str, Any]:
        check_sides(self.name, image_shape, 32)
        small = {} if canonical(image_shape) else {"transformer_partition_ratio": 16}
        return {"img_size": image_shape[1:], "drop_path_rate": 0.0, **small}

    def adapt(self, net: Any, image_shape: tuple[int, int, int]) -> None:
        net.stem.conv1.stride = (1, 1)
