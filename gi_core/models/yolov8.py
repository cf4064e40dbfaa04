"""YOLOv8-n, a detector, written from the architecture's description.

Backbone: convolutions of stride 2 alternate with cross-stage-partial (CSP) blocks, then spatial pyramid pooling.
Neck: top-down and bottom-up paths over strides 8, 16, 32. Head: per location, class scores and the distances to a
box's four sides, each as a distribution over 16 bins.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Literal

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from gi_core.components import option
from gi_core.errors import BadInput
from gi_core.models.base import Architecture, Victim, models
from gi_core.models.detection import BINS, Prediction, detection_loss
from gi_core.models.from_timm import check_sides

STRIDES = (8, 16, 32)
WIDTHS = (64, 128, 256)


class Unit(nn.Module):
    """Convolution, BatchNorm and SiLU; pre-activation puts the norm and SiLU before the convolution."""

    def __init__(self, fan_in: int, fan_out: int, size: int = 1, stride: int = 1, *, pre: bool = False) -> None:
        super().__init__()
        self.pre = pre
        self.conv = nn.Conv2d(fan_in, fan_out, size, stride, size // 2, bias=False)
        self.norm = nn.BatchNorm2d(fan_in if pre else fan_out, eps=1e-3, momentum=0.03)

    def forward(self, x: Tensor) -> Tensor:
        return self.conv(F.silu(self.norm(x))) if self.pre else F.silu(self.norm(self.conv(x)))


class Bottleneck(nn.Module):
    """Two 3x3 units, with a skip where the paper's backbone has one."""

    def __init__(self, width: int, *, skip: bool, pre: bool) -> None:
        super().__init__()
        self.first = Unit(width, width, 3, pre=pre)
        self.second = Unit(width, width, 3, pre=pre)
        self.skip = skip

    def forward(self, x: Tensor) -> Tensor:
        out = self.second(self.first(x))
        return x + out if self.skip else out


class CSP(nn.Module):
    """Half of the channels run through ``depth`` bottlenecks; all halves are joined by a 1x1 unit."""

    def __init__(self, fan_in: int, fan_out: int, depth: int, *, skip: bool, pre: bool) -> None:
        super().__init__()
        half = fan_out // 2
        self.enter = Unit(fan_in, fan_out, pre=pre)
        self.blocks = nn.ModuleList(Bottleneck(half, skip=skip, pre=pre) for _ in range(depth))
        self.leave = Unit((2 + depth) * half, fan_out, pre=pre)

    def forward(self, x: Tensor) -> Tensor:
        parts = list(self.enter(x).chunk(2, 1))
        for block in self.blocks:
            parts.append(block(parts[-1]))
        return self.leave(torch.cat(parts, 1))


class BasicStage(nn.Module):
    """What stands in place of a CSP block in the paper's variant: ``depth`` full-width residual blocks."""

    def __init__(self, fan_in: int, fan_out: int, depth: int, *, pre: bool) -> None:
        super().__init__()
        self.enter = Unit(fan_in, fan_out, pre=pre) if fan_in != fan_out else nn.Identity()
        self.blocks = nn.Sequential(*(Bottleneck(fan_out, skip=True, pre=pre) for _ in range(depth)))

    def forward(self, x: Tensor) -> Tensor:
        return self.blocks(self.enter(x))


class Pyramid(nn.Module):
    """Spatial pyramid pooling: three 5x5 max-pools in a row, all outputs joined."""

    def __init__(self, width: int, *, pre: bool) -> None:
        super().__init__()
        self.enter = Unit(width, width // 2, pre=pre)
        self.leave = Unit(2 * width, width, pre=pre)

    def forward(self, x: Tensor) -> Tensor:
        parts = [self.enter(x)]
        for _ in range(3):
            parts.append(F.max_pool2d(parts[-1], 5, 1, 2))
        return self.leave(torch.cat(parts, 1))


class Backbone(nn.Module):
    """Picture -> feature maps of 64, 128 and 256 channels at strides 8, 16 and 32."""

    def __init__(self, channels: int, *, block: str, pre: bool) -> None:
        super().__init__()

        def stage(fan_in: int, fan_out: int, depth: int, skip: bool) -> nn.Module:
            if block == "csp":
                return CSP(fan_in, fan_out, depth, skip=skip, pre=pre)
            return BasicStage(fan_in, fan_out, depth, pre=pre)

        def down(fan_in: int, fan_out: int) -> Unit:
            return Unit(fan_in, fan_out, 3, 2, pre=pre)

        self.stem = nn.Sequential(Unit(channels, 16, 3, 2), down(16, 32), stage(32, 32, 1, True))
        self.to8 = nn.Sequential(down(32, 64), stage(64, 64, 2, True))
        self.to16 = nn.Sequential(down(64, 128), stage(128, 128, 2, True))
        self.to32 = nn.Sequential(down(128, 256), stage(256, 256, 1, True), Pyramid(256, pre=pre))
        self.up16 = stage(256 + 128, 128, 1, False)
        self.up8 = stage(128 + 64, 64, 1, False)
        self.down16 = down(64, 64)
        self.join16 = stage(64 + 128, 128, 1, False)
        self.down32 = down(128, 128)
        self.join32 = stage(128 + 256, 256, 1, False)

    def forward(self, x: Tensor) -> list[Tensor]:
        at8 = self.to8(self.stem(x))
        at16 = self.to16(at8)
        at32 = self.to32(at16)
        mid16 = self.up16(torch.cat([double(at32), at16], 1))
        out8 = self.up8(torch.cat([double(mid16), at8], 1))
        out16 = self.join16(torch.cat([self.down16(out8), mid16], 1))
        out32 = self.join32(torch.cat([self.down32(out16), at32], 1))
        return [out8, out16, out32]


def double(x: Tensor) -> Tensor:
    """Twice the resolution, nearest neighbour."""
    return F.interpolate(x, scale_factor=2.0, mode="nearest")


class DecoupledHead(nn.Module):
    """Two branches at each stride: 4 x 16 logits for a box's sides, K logits for its class."""

    def __init__(self, num_classes: int, *, pre: bool) -> None:
        super().__init__()
        box_width = max(16, WIDTHS[0] // 4, 4 * BINS)
        class_width = max(WIDTHS[0], min(num_classes, 100))

        def branch(fan_in: int, width: int, outputs: int) -> nn.Sequential:
            return nn.Sequential(
                Unit(fan_in, width, 3, pre=pre), Unit(width, width, 3, pre=pre), nn.Conv2d(width, outputs, 1)
            )

        self.boxes = nn.ModuleList(branch(w, box_width, 4 * BINS) for w in WIDTHS)
        self.classes = nn.ModuleList(branch(w, class_width, num_classes) for w in WIDTHS)
        for box, kind, stride in zip(self.boxes, self.classes, STRIDES, strict=True):
            nn.init.constant_(box.get_parameter("2.bias"), 1.0)
            nn.init.constant_(kind.get_parameter("2.bias"), prior_logit(num_classes, stride))

    def forward(self, maps: list[Tensor]) -> Prediction:
        sides = [branch(m) for branch, m in zip(self.boxes, maps, strict=True)]
        scores = [branch(m) for branch, m in zip(self.classes, maps, strict=True)]
        anchors = [grid(m, stride) for m, stride in zip(maps, STRIDES, strict=True)]
        return Prediction(
            sides=torch.cat([s.flatten(2) for s in sides], 2).transpose(1, 2),
            scores=torch.cat([s.flatten(2) for s in scores], 2).transpose(1, 2),
            centres=torch.cat([a for a, _ in anchors]),
            strides=torch.cat([s for _, s in anchors]),
        )


def prior_logit(num_classes: int, stride: int) -> float:
    """Bias that makes a fresh head expect about 5 objects per 640-pixel picture."""
    return math.log(5 / num_classes / (640 / stride) ** 2)


def grid(feature_map: Tensor, stride: int) -> tuple[Tensor, Tensor]:
    """Centres (A,2) as x,y in pixels and strides (A,) of a map's cells."""
    height, width = feature_map.shape[2:]
    y, x = torch.meshgrid(torch.arange(height), torch.arange(width), indexing="ij")
    centres = (torch.stack([x, y], -1).view(-1, 2) + 0.5) * stride
    return centres.to(feature_map), torch.full((height * width,), float(stride)).to(feature_map)


class Detector(Victim):
    """A victim that finds boxes. Targets: (B,N,5) rows (class, centre x, centre y, width, height).

    Boxes are in shares of the picture, as in COCO's YOLO files; rows of class -1 are padding. There is no linear
    head, so attacks that read the last layer's gradient do not apply, and labels must be known.
    """

    def __init__(
        self, body: Backbone, head: DecoupledHead, num_classes: int, image_shape: tuple[int, int, int]
    ) -> None:
        super().__init__(body, head, image_shape=image_shape)  # type: ignore[arg-type]
        self.classes = num_classes

    @property
    def num_classes(self) -> int:
        return self.classes

    def features(self, images: Tensor) -> Tensor:
        """(B,256): the stride-32 map, averaged over positions."""
        return self.body((images - self.mean) / self.std)[-1].mean((2, 3))

    def forward(self, images: Tensor) -> Prediction:  # type: ignore[override]
        """(B,C,H,W) in [0,1] -> class and side logits at every location."""
        return self.head(self.body((images - self.mean) / self.std))

    def loss(self, images: Tensor, targets: Tensor) -> Tensor:
        """Detection loss of YOLOv8, averaged over the batch."""
        return detection_loss(self(images), targets, image_size=(images.shape[3], images.shape[2]))

    def check_targets(self, targets: Tensor, batch_size: int) -> Tensor:
        """(B,N,5) boxes, class -1 for padding. Raises BadInput."""
        if targets.dim() != 3 or targets.shape[0] != batch_size or targets.shape[2] != 5:
            raise BadInput(
                f"labels of shape {tuple(targets.shape)}: a detector needs ({batch_size},N,5) rows of class, centre x,"
                " centre y, width, height"
            )
        classes, boxes = targets[..., 0], targets[..., 1:]
        if not bool(((classes >= -1) & (classes < self.num_classes) & (classes == classes.round())).all()):
            raise BadInput(f"a box's class must be a whole number from 0 to {self.num_classes - 1}, or -1 for padding")
        if not bool(((boxes >= 0) & (boxes <= 1)).all()):
            raise BadInput("boxes must be given in shares of the picture, from 0 to 1")
        return targets.float()

    def draw_targets(self, batch_size: int, generator: torch.Generator) -> Tensor:
        """One random box of random class per picture."""
        classes = torch.randint(self.num_classes, (batch_size, 1, 1), generator=generator).float()
        size = 0.2 + 0.5 * torch.rand(batch_size, 1, 2, generator=generator)
        centre = size / 2 + (1 - size) * torch.rand(batch_size, 1, 2, generator=generator)
        return torch.cat([classes, centre, size], 2)


@models.register("yolov8n")
@dataclass(frozen=True, kw_only=True)
class YOLOv8n(Architecture):
    """YOLOv8-n: detector with decoupled, anchor-free head; task-aligned assignment, CIoU, DFL and BCE losses.

    3,157,184 parameters at 80 classes; the published 3.2 M are 3,157,200 with the box decoder's 16 fixed bin values.
    Sides must be multiples of 32. Variants of "Practical Feasibility of Gradient Inversion Attacks in Federated
    Learning": norm and activation before each convolution, and residual basic blocks in place of CSP.
    """

    block: Literal["csp", "basic"] = option("csp", "cross-stage-partial blocks, or plain residual ones")
    preact: bool = option(False, "BatchNorm and SiLU before each convolution but the first")

    def build(self, image_shape: tuple[int, int, int], num_classes: int) -> Victim:
        check_sides(self.name, image_shape, 32)
        backbone = Backbone(image_shape[0], block=self.block, pre=self.preact)
        return Detector(backbone, DecoupledHead(num_classes, pre=self.preact), num_classes, image_shape)
