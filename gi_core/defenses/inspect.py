"""What a client can see of the model it was sent, before it trains: the weights, and its own gradients.

None of it needs another client or the server. A red finding is one that no honest model of the study ``inspect`` shows;
an amber one asks for a look. A server that knows the checks can avoid some of them (docs/honest-or-not.md).
"""

from __future__ import annotations

import hashlib
import math
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from typing import Any, Literal

import torch
from torch import Tensor, nn

from gi_core.models.base import Victim
from gi_core.models.batchnorm import batchnorm_layers, statistics_kept

Level = Literal["green", "amber", "red"]

ROWS = 256
"""Rows of a layer that are looked at."""
LEAST = 16
"""Rows and entries from which a layer has statistics to speak of."""
REPEATED, RANK, LADDER, NEGATIVE, PAIRED = 0.5, 0.05, 0.9, 0.5, 0.5
"""Share of repeated rows, effective rank, order of biases, negative rows and paired rows that are no accident."""
SPREAD = 10.0
"""Difference between head biases that no training leaves."""
SILENT = 18.0
"""-log of a class's probability, on every picture, that no training leaves."""
UNEXPLAINED = 8.0
"""Deviations of a logit's difference under random weights, beyond which they do not explain it: large features alone
make classes improbable, as in a fresh LeNet at 224 pixels."""
STANDS_OUT = 1.0
DROWNS = 1000.0
"""Disaggregation signal to noise: from 1 on one picture is seen through a batch, from 1000 on the others are gone."""


@dataclass(frozen=True)
class Finding:
    """One thing that is odd.

    Attributes:
        check: its name; layer: where, "" for the whole model; value: what was measured; level: how odd.
        says: one sentence for the client.
    """

    check: str
    layer: str
    value: float
    level: Level
    says: str


@dataclass(frozen=True)
class Inspection:
    """The answer.

    Attributes:
        level: that of the worst finding, "green" without one; findings: the worst first.
        statistics: per layer, every number that was looked at; loss: mean over the own batch, None without one.
        fingerprint: sha256 of all parameters, for clients to compare.
    """

    level: Level
    findings: tuple[Finding, ...]
    statistics: dict[str, dict[str, float]]
    loss: float | None
    fingerprint: str

    def to_dict(self) -> dict[str, Any]:
        return asdict(self)


def inspect(
    victim: Victim, images: Tensor | None = None, labels: Tensor | None = None, *, agreed: nn.Module | None = None
) -> Inspection:
    """Look at the model one was sent.

    Args:
        images: (B,C,H,W) in [0,1] and labels (B,) of one's own, B >= 2, for the checks on gradients; None skips them.
        agreed: the architecture that was agreed on, where the client knows it.
    """
    statistics = dict(weight_statistics(victim))
    findings = list(judged_weights(victim, statistics))
    if agreed is not None:
        findings += changed_layers(victim, agreed)
    loss = None
    if images is not None and labels is not None:
        shares = Shares(victim, images, labels)
        loss = shares.loss
        findings += shares.findings()
        for name, value in shares.signal.items():
            statistics.setdefault(name, {})["signal to noise"] = value
    order: dict[Level, int] = {"red": 0, "amber": 1, "green": 2}
    findings.sort(key=lambda finding: order[finding.level])
    return Inspection(
        findings[0].level if findings else "green", tuple(findings), statistics, loss, fingerprint(victim)
    )


def fingerprint(model: nn.Module) -> str:
    """sha256 over names and values of all parameters and buffers."""
    digest = hashlib.sha256()
    for name, tensor in model.state_dict().items():
        digest.update(name.encode())
        digest.update(tensor.detach().cpu().contiguous().numpy().tobytes())
    return digest.hexdigest()


def layers(model: nn.Module) -> Iterator[tuple[str, nn.Linear | nn.Conv2d]]:
    """Linear layers and convolutions by name."""
    for name, module in model.named_modules():
        if isinstance(module, (nn.Linear, nn.Conv2d)):
            yield name, module


def weight_statistics(victim: Victim) -> Iterator[tuple[str, dict[str, float]]]:
    """Per layer: name, statistics of its rows and biases, or of its scale and shift."""
    for name, layer in layers(victim):
        weight = layer.weight.detach().flatten(1)[:ROWS].float()
        found = {"zero rows": float((weight == 0).all(1).float().mean())}
        if min(weight.shape) >= LEAST and found["zero rows"] < 1:
            found |= row_statistics(weight[(weight != 0).any(1)])
        if layer.bias is not None:
            bias = layer.bias.detach().float()
            found["bias spread"] = float(bias.max() - bias.min())
            if len(bias) >= LEAST and found["bias spread"] > 0:
                found["bias order"] = abs(float(bias[:ROWS].diff().sign().mean()))
        yield name, found
    for name, norm in batchnorm_layers(victim).items():
        if norm.affine:
            off = norm.bias.detach() < -4 * norm.weight.detach().abs()
            yield name, {"dead channels": float(off.float().mean())}


def row_statistics(weight: Tensor) -> dict[str, float]:
    """Of rows (R,n), none of them zero.

    ``effective rank``: (sum s^2)^2 / sum s^4 over min(R,n), s the singular values. ``paired rows``: those whose
    negative entries, sorted, are proportional to the positive ones, as trap weights are made.
    """
    gram = (weight @ weight.t()).double()
    size = gram.diagonal().sqrt()
    cosines = (gram / (size[:, None] * size)).abs().fill_diagonal_(0)
    n = weight.shape[1]
    standing = weight.mean(1) / (weight.std(1) / n**0.5).clamp_min(1e-30)
    return {
        "repeated rows": float((cosines.max(1).values > 0.999).double().mean()),
        "effective rank": float(gram.trace().square() / gram.square().sum() / min(weight.shape)),
        "negative rows": float((standing < -3).float().mean()),
        "paired rows": paired(weight),
    }


def paired(weight: Tensor) -> float:
    """Share of rows (R,n) with as many negative as positive entries whose sorted sizes correlate above 0.9999."""
    half = weight.shape[1] // 2
    if half < LEAST:
        return 0.0
    ordered = weight.sort(1).values
    low, high = -ordered[:, :half].flip(1), ordered[:, -half:]
    halves = (low[:, 0] >= 0) & (high[:, 0] >= 0) & (low[:, -1] > low[:, 0])
    a, b = low - low.mean(1, keepdim=True), high - high.mean(1, keepdim=True)
    correlation = (a * b).sum(1) / (a.norm(dim=1) * b.norm(dim=1)).clamp_min(1e-30)
    return float((halves & (correlation > 0.9999)).float().mean())


def judged_weights(victim: Victim, statistics: dict[str, dict[str, float]]) -> Iterator[Finding]:
    head = next((name for name, module in victim.named_modules() if module is victim.head), "")
    for name, found in statistics.items():
        yield from _judged_layer(name, found, name == head)


def _judged_layer(name: str, found: dict[str, float], head: bool) -> Iterator[Finding]:
    def finding(check: str, level: Level, says: str) -> Finding:
        return Finding(check, name, found[check], level, says)

    if found.get("repeated rows", 0) > REPEATED:
        yield finding("repeated rows", "red", f"{found['repeated rows']:.0%} of the rows point where another does.")
    if found.get("effective rank", 1) < RANK:
        yield finding("effective rank", "red", f"The rows span {found['effective rank']:.1%} of what they could.")
    if found.get("bias order", 0) > LADDER:
        yield finding("bias order", "red", "The biases climb like a ladder, one threshold after another.")
    if found.get("paired rows", 0) > PAIRED:
        yield finding("paired rows", "red", "Each row's positive weights are its negative ones over again.")
    if found.get("negative rows", 0) > NEGATIVE:
        yield finding("negative rows", "amber", "Most rows are negative on average, so they rarely switch on.")
    if found.get("dead channels", 0) > REPEATED:
        yield finding("dead channels", "red", f"{found['dead channels']:.0%} of the channels are off for good.")
    if found.get("zero rows", 0) > REPEATED:
        forced = head and found.get("bias spread", 0) > SPREAD
        level: Level = "red" if forced or not head else "amber"
        yield finding("zero rows", level, f"{found['zero rows']:.0%} of the rows are zero.")
    if head and found.get("bias spread", 0) > SPREAD:
        yield finding("bias spread", "red", "The answer's biases differ by more than training could make them.")


def changed_layers(victim: nn.Module, agreed: nn.Module) -> list[Finding]:
    """Parameters that the agreed architecture does not have, or has in another shape or number."""
    shapes = lambda model: sorted(tuple(p.shape) for p in model.parameters())
    ours, theirs = shapes(agreed), shapes(victim)
    for shape in ours:
        if shape in theirs:
            theirs.remove(shape)
    if len(shapes(victim)) == len(ours) and not theirs:
        return []
    extra = sum(math.prod(shape) for shape in theirs)
    says = f"The model that was agreed on has no such layers: {extra:,} numbers too many."
    return [Finding("architecture", "", float(extra), "red", says)]


class Shares:
    """How much of each tensor's gradient every single picture of the own batch holds.

    Args:
        images: (B,C,H,W); labels: (B,). B backward passes; only sums over rows are kept.

    ``signal``: per weight, max_i |g_i| / (sum of the other |g_j|): the disaggregation signal-to-noise ratio of Garov et
    al., "Hiding in Plain Sight" (SEER), ICLR 2024.
    """

    def __init__(self, victim: Victim, images: Tensor, labels: Tensor) -> None:
        self.victim = victim
        self.weights = {name: layer.weight for name, layer in layers(victim)}
        sizes: dict[str, list[Tensor]] = {name: [] for name in self.weights}
        rows: dict[str, list[Tensor]] = {n: [] for n, m in layers(victim) if isinstance(m, nn.Linear)}
        losses, surprise, seen = [], [], []
        with evaluating(victim), statistics_kept(victim):
            for image, label in zip(images, labels, strict=True):
                features = victim.features(image[None])
                seen.append(features.detach())
                logits = victim.head(features)
                loss = nn.functional.cross_entropy(logits, label[None])
                found = torch.autograd.grad(loss, list(self.weights.values()), materialize_grads=True)
                losses.append(float(loss.detach()))
                surprise.append(unexplained(logits.detach()[0], features.detach()[0], victim.head.weight.detach()))
                for name, gradient in zip(self.weights, found, strict=True):
                    sizes[name].append(gradient.norm())
                    if name in rows:
                        flat = gradient.flatten(1)
                        apart = torch.linalg.vector_norm(flat[:-1] - flat[1:], dim=1)
                        rows[name].append(torch.stack([torch.linalg.vector_norm(flat, dim=1)[:-1], apart]))
        self.loss = sum(losses) / len(losses)
        self.silent = float(torch.stack(surprise).min(0).values.max())
        self.blind = bool((torch.cat(seen) == seen[0]).all())
        self.sizes = {name: torch.stack(values) for name, values in sizes.items()}
        self.signal = {name: dominance(values) for name, values in self.sizes.items()}
        self.alone = {name: alone_in_rows(torch.stack(values)) for name, values in rows.items()}

    def findings(self) -> list[Finding]:
        found = []
        head = next((name for name, module in self.victim.named_modules() if module is self.victim.head), "")
        body = [values for name, values in self.sizes.items() if name != head]
        if body and not any(values.any() for values in body):
            level: Level = "red" if self.victim.head.weight.any() else "amber"
            says = "No picture changes the network: its answer does not depend on them."
            found.append(Finding("no gradient", "", 0.0, level, says))
        if self.blind:
            says = "The features before the answer are the same for every picture."
            found.append(Finding("constant features", head, 0.0, "red", says))
        if self.silent > SILENT:
            says = f"One class has a probability below e^-{self.silent:.0f} whatever the picture."
            found.append(Finding("silent class", head, self.silent, "red", says))
        name, value = max(self.signal.items(), key=lambda item: item[1])
        if value > STANDS_OUT:
            says = f"One picture holds {value:.3g} times as much of the gradient as all the others together."
            found.append(Finding("signal to noise", name, value, "red" if value > DROWNS else "amber", says))
        for name, value in self.alone.items():
            if value > REPEATED and name != head:
                says = f"{value:.0%} of the rows that move belong to one picture each."
                found.append(Finding("rows of one picture", name, value, "red", says))
        return found


def unexplained(logits: Tensor, features: Tensor, weight: Tensor) -> Tensor:
    """(K,): -log of each class's probability, 0 where random weights of the same size would explain it.

    The difference of two logits with independent weights over features h (n,) has deviation |w_a - w_b| |h| / sqrt(n).
    """
    surprise = -logits.log_softmax(0)
    deviation = (weight - weight[logits.argmax()]).norm(dim=1) * features.norm() / features.numel() ** 0.5
    return torch.where(surprise > UNEXPLAINED * deviation, surprise, 0.0)


def dominance(sizes: Tensor) -> float:
    """max_i s_i / sum of the others, of (B,) sizes; 0 where all are zero."""
    largest = sizes.max()
    return float(largest / (sizes.sum() - largest).clamp_min(1e-6 * largest)) if largest > 0 else 0.0


def alone_in_rows(rows: Tensor) -> float:
    """Share of the rows that move in which one picture holds more than 99 %; rows: (B,2,R), or differences of rows.

    The larger of both; few where fewer than four rows move. Of a head it says nothing: labels differ by picture.
    """
    total = rows.sum(0)
    moved = total > 1e-6 * total.max(1, keepdim=True).values
    shares = ((rows.max(0).values > 0.99 * total) & moved).sum(1) / moved.sum(1).clamp_min(4)
    return float(shares.max())


class evaluating:
    """Within, the model is in evaluation mode: each picture's gradient is its own."""

    def __init__(self, model: nn.Module) -> None:
        self.model, self.training = model, model.training

    def __enter__(self) -> None:
        self.model.eval()

    def __exit__(self, *_: object) -> None:
        self.model.train(self.training)
