"""Reading the labels off the head's gradient, before any picture is rebuilt.

With logits W h + b, softmax p and cross-entropy averaged over B pictures,

    dL/db_j = mean_i p_ij - c_j / B        dL/dW_j = mean_i (p_ij - [y_i = j]) h_i

where c_j counts the pictures of class j: only the classes that are present pull their row down.
"""

from __future__ import annotations

import copy
from typing import Literal

import torch
from torch import Tensor

from gi_core.errors import BadInput
from gi_core.observation import Observation

Rule = Literal["auto", "known", "idlg", "bias-corrected", "ilrg"]


def recover(observation: Observation, rule: Rule = "auto") -> Tensor:
    """The batch's labels, (B,) class indices in ascending order (as given when known).

    Args:
        rule: ``known``: the labels that knowledge grants. ``idlg``: one picture, see :func:`idlg`.
            ``bias-corrected`` and ``ilrg``: batches, see there. ``auto``: known if granted, else idlg for one picture
            and ilrg for several.

    Raises:
        BadInput: labels are not granted, the rule does not fit the batch size, or the update shares no head.
    """
    if rule == "auto":
        rule = "known" if observation.labels is not None else "idlg" if observation.batch_size == 1 else "ilrg"
    if rule == "known":
        if observation.labels is None:
            raise BadInput("labels=known: this scenario's knowledge does not grant the labels; use auto or grant them")
        return observation.labels
    rules = {"idlg": idlg, "bias-corrected": bias_corrected, "ilrg": ilrg}
    if rule not in rules:
        raise BadInput(f"labels={rule}: allowed are auto, known, {', '.join(rules)}")
    return rules[rule](observation).sort().values.to(observation.targets[0].device)


def idlg(observation: Observation) -> Tensor:
    """The class whose row of the head's gradient points against the features; B = 1 only.

    Zhao, Mopuri, Bilen, "iDLG", 2020, eq. 5, whose code takes argmin_j sum_k dW_jk, right where features are positive.
    Here the rows are projected on the features that the victim answers with to pictures in general, instead of on
    ones: the same answer without noise, and also for features of either sign; under noise it is the matched filter
    (on a 32x32 LeNet with sigmoids it stands ten times the noise that argmin_j db_j stands).
    """
    if observation.batch_size != 1:
        raise BadInput(f"labels=idlg at batch_size={observation.batch_size}: it reads one label, for more use ilrg")
    return slopes(observation).argmin().view(1)


def bias_corrected(observation: Observation) -> Tensor:
    """Take each class with a negative bias gradient once, then again whichever stays the most negative.

    One picture pulls its class down by the same amount, estimated as the mean of what the negative entries hold per
    picture; scaling the update changes nothing, so this rule stands clipping. The rule of ``breaching`` (Geiping et
    al.); with more negative classes than pictures (noise) the most negative ones are kept.
    """
    left, batch_size = bias_gradient(observation).clone(), observation.batch_size
    pull = left.clamp_max(0).sum() / batch_size
    found = left.argsort()[: min(batch_size, max(1, int((left < 0).sum())))].tolist()
    left[found] -= pull
    while len(found) < batch_size:
        lowest = int(left.argmin())
        found.append(lowest)
        left[lowest] -= pull
    return torch.tensor(found)


def ilrg(observation: Observation) -> Tensor:
    """Class counts c from the linear system (P^T - (1-s) I) c = B (dL/db + s/K), sum c = B.

    Ma, Sun, Cui, Li, Wang, Fang, "Instance-wise Batch Label Restoration via Gradients", ICLR 2023: row j of P is the
    head's softmax at the class's mean feature, recovered as dL/dW_j : dL/db_j; least squares, then the nearest counts
    that sum to B. s is the amount of label smoothing, 0 unless knowledge grants it. Addition of ours: a clipped update,
    or a head without bias, has lost its scale, so the system is also solved at the scale at which absent classes count
    nought, and the solution closer to whole numbers is taken.
    """
    weight, bias = _head(observation)
    db, batch_size, classes = bias_gradient(observation), observation.batch_size, observation.num_classes
    smoothing = _label_smoothing(observation)
    with torch.no_grad():
        head = observation.victim.head
        logits = class_features(weight, bias, typical_features(observation)) @ head.weight.double().cpu().T
        p = (logits if head.bias is None else logits + head.bias.double().cpu()).softmax(1)
    system = torch.cat([p.T - (1 - smoothing) * torch.eye(classes).double(), torch.ones(1, classes).double()])
    inverse = torch.linalg.pinv(system)
    even = torch.full((classes,), batch_size * smoothing / classes)
    offset = inverse @ torch.cat([even, torch.tensor([batch_size])]).double()
    slope = inverse @ torch.cat([batch_size * db, torch.zeros(1).double()])
    solutions = [offset + slope, offset + slope * absent_scale(offset, slope, batch_size)]
    counts = [nearest_counts(solution, batch_size) for solution in solutions]
    best = min((0, 1), key=lambda i: float((solutions[i] - counts[i]).abs().max()))
    return torch.arange(classes).repeat_interleave(counts[best])


def absent_scale(offset: Tensor, slope: Tensor, total: int) -> float:
    """The t for which ``offset + t slope`` is nought at the absent classes: first at the lowest one, then refitted."""
    falling = slope < 0
    if not falling.any():
        return 1.0
    t = float((offset / -slope)[falling].min())
    for _ in range(3):
        absent = nearest_counts(offset + t * slope, total) == 0
        if not absent.any():
            break
        t = float(-(offset @ (slope * absent)) / (slope.square() @ absent.double()).clamp_min(1e-300))
    return t


def class_features(weight: Tensor, bias: Tensor | None, typical: Tensor) -> Tensor:
    """(K,d) mean feature of each class, dL/dW_j : dL/db_j; where that ratio is ill-conditioned, the batch's mean.

    The mean over the batch is the rank-1 fit dW^T db / |db|^2; without biases it is the typical feature.
    """
    if bias is None:
        return typical.expand(weight.shape)
    mean = weight.T @ bias / bias.square().sum().clamp_min(1e-300)
    ratio = weight / torch.where(bias.abs() > 0, bias, torch.inf).unsqueeze(1)
    wild = (ratio - mean).norm(dim=1) > mean.norm()
    return torch.where(wild.unsqueeze(1) | (bias == 0).unsqueeze(1), mean, ratio)


def nearest_counts(solution: Tensor, total: int) -> Tensor:
    """Non-negative whole numbers that sum to ``total``, nearest to ``solution`` (K,)."""
    counts = solution.round().clamp_min(0)
    while counts.sum() < total:
        counts[(solution - counts).argmax()] += 1
    while counts.sum() > total:
        counts[torch.where(counts > 0, solution - counts, torch.inf).argmin()] -= 1
    return counts.long()


def bias_gradient(observation: Observation) -> Tensor:
    """(K,) dL/db in float64; for a head without bias, its estimate dW h / |h|^2 at the victim's typical features h."""
    _, bias = _head(observation)
    return slopes(observation) if bias is None else bias


def slopes(observation: Observation) -> Tensor:
    """(K,) least-squares estimate of dL/dlogits, averaged over the batch, given the typical feature h.

    G h' / |h'|^2 with G = [dW | db] and h' = (h, 1). Its sign follows db, where the head has a bias.
    """
    weight, bias = _head(observation)
    typical = typical_features(observation)
    if bias is None:
        return weight @ typical / typical.square().sum()
    estimate = (weight @ typical + bias) / (typical.square().sum() + 1)
    return estimate if estimate @ bias >= 0 else -estimate


def typical_features(observation: Observation, pictures: int = 16) -> Tensor:
    """(d,) mean feature, float64, of auxiliary pictures where granted, else of uniform noise from a fixed seed."""
    victim = copy.deepcopy(observation.victim)
    if observation.auxiliary is not None:
        images = observation.auxiliary[:pictures]
    else:
        images = torch.rand(pictures, *observation.image_shape, generator=torch.Generator().manual_seed(0))
    with torch.no_grad():
        return victim.features(images.to(victim.head.weight)).mean(0).double().cpu()


def _head(observation: Observation) -> tuple[Tensor, Tensor | None]:
    """Gradient of the head's weight (K,d) and bias (K,), float64 on the CPU."""
    names = [name for name, _ in observation.victim.named_parameters()]
    gradient = dict(zip(names, observation.targets, strict=True))
    if "head.weight" not in gradient:
        raise BadInput("labels can only be read off the gradient of a linear head, and this victim has none")
    bias = gradient.get("head.bias")
    return gradient["head.weight"].double().cpu(), None if bias is None else bias.double().cpu()


def _label_smoothing(observation: Observation) -> float:
    amounts = [float(d.options["amount"]) for d in observation.defense or () if d.name == "label-smoothing"]
    return amounts[-1] if amounts else 0.0
