"""The detection loss of YOLOv8: task-aligned assignment, then BCE on classes, CIoU and DFL on boxes."""

from __future__ import annotations

import math
from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import Tensor

BINS = 16  # a side's distance is an expectation over 0..15 strides
BOX_GAIN, CLASS_GAIN, DFL_GAIN = 7.5, 0.5, 1.5
TOP, SCORE_POWER, OVERLAP_POWER = 10, 0.5, 6.0


@dataclass(frozen=True)
class Prediction:
    """A detector's raw output over A locations.

    Attributes:
        sides: (B,A,4*16) logits of the distances left, top, right, bottom in strides.
        scores: (B,A,K) class logits.
        centres: (A,2) x,y of the locations in pixels; strides: (A,).
    """

    sides: Tensor
    scores: Tensor
    centres: Tensor
    strides: Tensor

    def boxes(self) -> Tensor:
        """(B,A,4) corners x0,y0,x1,y1 in pixels: each side at its expected distance."""
        probabilities = self.sides.unflatten(2, (4, BINS)).softmax(-1)
        distances = probabilities @ torch.arange(BINS, dtype=probabilities.dtype, device=probabilities.device)
        distances = distances * self.strides[:, None]
        return torch.cat([self.centres - distances[..., :2], self.centres + distances[..., 2:]], -1)


def corners(targets: Tensor, image_size: tuple[int, int]) -> Tensor:
    """(B,N,5) class and centre-size rows in shares -> (B,N,4) corners in pixels of a (width, height) picture."""
    scale = torch.tensor(image_size, dtype=targets.dtype, device=targets.device)
    centre, size = targets[..., 1:3] * scale, targets[..., 3:5] * scale
    return torch.cat([centre - size / 2, centre + size / 2], -1)


def ciou(a: Tensor, b: Tensor) -> Tensor:
    """Complete IoU of corner boxes (...,4), broadcast. Zheng et al., AAAI 2020: IoU - d^2/c^2 - alpha v.

    d: distance of the centres, c: diagonal of the hull, v: difference of the aspect angles.
    """
    size_a, size_b = (a[..., 2:] - a[..., :2]).clamp_min(1e-7), (b[..., 2:] - b[..., :2]).clamp_min(1e-7)
    overlap = (torch.minimum(a[..., 2:], b[..., 2:]) - torch.maximum(a[..., :2], b[..., :2])).clamp_min(0).prod(-1)
    iou = overlap / (size_a.prod(-1) + size_b.prod(-1) - overlap + 1e-7)
    hull = torch.maximum(a[..., 2:], b[..., 2:]) - torch.minimum(a[..., :2], b[..., :2])
    apart = (a[..., :2] + a[..., 2:] - b[..., :2] - b[..., 2:]).square().sum(-1) / 4
    angle_a, angle_b = (torch.atan(s[..., 0] / s[..., 1]) for s in (size_a, size_b))
    v = (angle_b - angle_a).square() * (4 / math.pi**2)
    alpha = (v / (v - iou + 1 + 1e-7)).detach()
    return iou - apart / (hull.square().sum(-1) + 1e-7) - alpha * v


@dataclass(frozen=True)
class Assignment:
    """For each location: its box (B,A,4), the class scores it should reach (B,A,K), whether it has a box (B,A)."""

    boxes: Tensor
    scores: Tensor
    taken: Tensor


@torch.no_grad()
def assign(prediction: Prediction, targets: Tensor, image_size: tuple[int, int]) -> Assignment:
    """Task-aligned assignment (Feng et al., "TOOD", ICCV 2021).

    Alignment t = score^0.5 * CIoU^6. Each box takes its 10 best-aligned locations among those inside it; a location
    wanted twice goes to the box that it overlaps most. The score to reach is t, scaled so that a box's best location
    gets its overlap.
    """
    present = targets[..., 0] >= 0  # (B,N)
    truth = corners(targets, image_size)
    classes = targets[..., 0].long().clamp_min(0)
    predicted = prediction.boxes()
    low, high = truth[:, :, None, :2], truth[:, :, None, 2:]
    inside = ((prediction.centres > low) & (prediction.centres < high)).all(-1) & present[..., None]  # (B,N,A)
    overlap = ciou(truth[:, :, None], predicted[:, None]).clamp_min(0) * inside
    score = prediction.scores.sigmoid().transpose(1, 2).gather(
        1, classes[..., None].expand(-1, -1, prediction.scores.shape[1])
    )  # fmt: skip
    alignment = score.pow(SCORE_POWER) * overlap.pow(OVERLAP_POWER) * inside
    best = alignment.topk(min(TOP, alignment.shape[-1]), dim=-1)
    chosen = torch.zeros_like(alignment).scatter_(-1, best.indices, 1.0).bool() & inside
    owner = torch.where(chosen, overlap, -1.0).argmax(1)  # (B,A)
    chosen = chosen & (F.one_hot(owner, chosen.shape[1]).transpose(1, 2) > 0)
    taken = chosen.any(1)
    alignment, overlap = alignment * chosen, overlap * chosen
    scale = overlap.amax(-1, keepdim=True) / alignment.amax(-1, keepdim=True).clamp_min(1e-9)
    reach = (alignment * scale).amax(1)  # (B,A)
    own_class = classes.gather(1, owner)
    scores = F.one_hot(own_class, prediction.scores.shape[-1]) * (reach * taken)[..., None]
    boxes = truth.gather(1, owner[..., None].expand(-1, -1, 4))
    return Assignment(boxes, scores, taken)


def side_distribution_loss(prediction: Prediction, boxes: Tensor) -> Tensor:
    """Distribution focal loss (Li et al., NeurIPS 2020), (B,A): cross-entropy to the two bins around each distance."""
    distances = torch.cat([prediction.centres - boxes[..., :2], boxes[..., 2:] - prediction.centres], -1)
    distances = (distances / prediction.strides[:, None]).clamp(0, BINS - 1 - 0.01)
    lower = distances.floor()
    share = distances - lower
    log_p = prediction.sides.unflatten(2, (4, BINS)).log_softmax(-1)
    at_lower = log_p.gather(-1, lower.long()[..., None])[..., 0]
    at_upper = log_p.gather(-1, lower.long()[..., None] + 1)[..., 0]
    return -((1 - share) * at_lower + share * at_upper).mean(-1)


def detection_loss(prediction: Prediction, targets: Tensor, image_size: tuple[int, int]) -> Tensor:
    """7.5 CIoU + 0.5 BCE + 1.5 DFL, each divided by the sum of the scores to reach. 0-dim.

    Args:
        targets: (B,N,5) rows class, centre x, centre y, width, height in shares; class -1 is padding.
        image_size: (width, height) in pixels.
    """
    goal = assign(prediction, targets, image_size)
    total = goal.scores.sum().clamp_min(1.0)
    weight = goal.scores.sum(-1)
    classes = F.binary_cross_entropy_with_logits(prediction.scores, goal.scores, reduction="sum") / total
    boxes = ((1 - ciou(prediction.boxes(), goal.boxes)) * weight)[goal.taken].sum() / total
    sides = (side_distribution_loss(prediction, goal.boxes) * weight)[goal.taken].sum() / total
    return BOX_GAIN * boxes + CLASS_GAIN * classes + DFL_GAIN * sides
