"""Victims whose architecture comes from timm: canonical at 96 pixels and more, adapted below."""

from __future__ import annotations

from abc import abstractmethod
from dataclasses import dataclass
from typing import Any, ClassVar

from gi_core.errors import BadInput
from gi_core.models.base import CIFAR_MEAN, CIFAR_STD, Architecture, Victim
from gi_core.torch_setup import make_torchvision_importable

CANONICAL = 96  # pixels: from this side on a victim is the published one


def canonical(image_shape: tuple[int, int, int]) -> bool:
    """Whether pictures of this shape get the published stem, patch and window sizes."""
    return min(image_shape[1:]) >= CANONICAL


@dataclass(frozen=True, kw_only=True)
class TimmArchitecture(Architecture):
    """An architecture of timm, split into body and linear head.

    Below 96 pixels only the stem's stride, the patch and the window shrink; width and depth stay as published.
    Stochastic depth and dropout are off. Attention runs unfused, since fused kernels have no double backward.
    """

    timm_name: ClassVar[str] = ""

    @abstractmethod
    def arguments(self, image_shape: tuple[int, int, int]) -> dict[str, Any]:
        """What ``timm.create_model`` is told about pictures of this shape."""

    def adapt(self, net: Any, image_shape: tuple[int, int, int]) -> None:
        """Change the stem in place for small pictures, where ``create_model`` has no argument for it."""

    def create(
        self, image_shape: tuple[int, int, int], num_classes: int, *, pretrained: dict[str, str] | None = None
    ) -> Any:
        """The timm network with its own initial weights, or with those of ``pretrained["file"]`` (safetensors)."""
        make_torchvision_importable()
        import timm
        from timm.layers import set_fused_attn

        set_fused_attn(False)
        net = timm.create_model(
            self.timm_name, pretrained=pretrained is not None, pretrained_cfg_overlay=pretrained,
            num_classes=num_classes, in_chans=image_shape[0], **self.arguments(image_shape),
        )  # fmt: skip
        if not canonical(image_shape):
            self.adapt(net, image_shape)
        return net

    def build(self, image_shape: tuple[int, int, int], num_classes: int) -> Victim:
        return self.split(self.create(image_shape, num_classes), image_shape)

    def split(self, net: Any, image_shape: tuple[int, int, int]) -> Victim:
        """``net`` as a victim: everything before the classifier is the body."""
        head = net.get_classifier()
        net.reset_classifier(0)
        pixels = net.default_cfg if canonical(image_shape) else {"mean": CIFAR_MEAN, "std": CIFAR_STD}
        return Victim(net, head, image_shape=image_shape, mean=pixels["mean"], std=pixels["std"])


def check_sides(name: str, image_shape: tuple[int, int, int], multiple: int) -> None:
    """Raises BadInput unless height and width are multiples of ``multiple``."""
    height, width = image_shape[1:]
    if height % multiple or width % multiple:
        raise BadInput(f"model {name!r} needs pictures whose sides are multiples of {multiple}, not {height}x{width}")
