"""Controlled initialisation: how near the truth must an attack start?"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, ClassVar, Literal

import torch
from torch import Tensor

from gi_core.client import release
from gi_core.components import option
from gi_core.inversion.descent import Steps, descend
from gi_core.inversion.frame import Evaluation, Frame
from gi_core.inversion.lbfgs import minimise
from gi_core.inversion.matching import Matcher
from gi_core.inversion.objectives import objectives
from gi_core.metrics.image import psnr, ssim
from gi_core.models import build
from gi_core.models.base import Victim
from gi_core.observation import Observation
from gi_core.priors.base import PriorContext
from gi_core.priors.tv import TotalVariation
from gi_core.studies.base import Cell, Row, Study, studies
from gi_core.studies.pictures import private_pictures

if TYPE_CHECKING:
    from matplotlib.figure import Figure

ARCHITECTURES = ("swinv2-tiny", "swin-tiny", "convnext-tiny", "maxvit-tiny", "vit-base-16")
FACTORS = (0.3, 0.6, 1.0, 0.0, 0.1, 0.2, 0.4, 0.5, 0.7, 0.8, 0.9)

CONTROL_STEPS = 100
UNTIL_NAN = 1_000_000  # outer steps without progress: only divergence ends a descent early
LINES = (
    ("ssim_start", "start", "k:"),
    ("ssim_loss", "matching, lowest loss", "o-C0"),
    ("ssim_oracle", "matching, oracle", "^--C0"),
    ("ssim_tv_oracle", "smoothing alone, oracle", "s--C1"),
    ("published_final", "paper, Fig. 4", "x-C7"),
)

# Figure 4 of the paper, read off: SSIM of the start and of the result for factors 0.0, 0.1, ..., 1.0.
PUBLISHED = {
    "start": (1, 0.66, 0.46, 0.36, 0.22, 0.16, 0.10, 0.05, 0.02, 0.01, 0.00),
    "maxvit-tiny": (0.52, 0.45, 0.40, 0.34, 0.30, 0.36, 0.19, 0.22, 0.14, 0.14, 0.07),
    "vit-base-16": (0.73, 0.65, 0.29, 0.38, 0.34, 0.45, 0.25, 0.23, 0.20, 0.12, 0.06),
    "convnext-tiny": (1, 0.78, 0.68, 0.59, 0.48, 0.32, 0.39, 0.17, 0.26, 0.17, 0.11),
    "swinv2-tiny": (1, 1, 1, 1, 0.99, 1, 0.99, 0.99, 0.99, 0.98, 1),
    "swin-tiny": (1, 1, 1, 1, 0.99, 1, 1, 1, 1, 1, 0.87),
}


def disturbed(truth: Tensor, factor: float, victim: Victim, seed: int) -> Tensor:
    """Each pixel, all its channels together, replaced with probability ``factor`` by N(0,1) in normalised units.

    (B,C,H,W) in [0,1]. The draws nest: a pixel replaced at one factor is replaced by the same value at larger ones.
    """
    generator = torch.Generator().manual_seed(seed)
    replaced = torch.rand(truth[:, :1].shape, generator=generator) < factor
    noise = torch.randn(truth.shape, generator=generator) * victim.std + victim.mean
    return torch.where(replaced, noise.clamp(0, 1), truth)


@studies.register("controlled-init")
@dataclass(frozen=True, kw_only=True)
class ControlledInit(Study):
    """From starts between truth and noise, what does gradient matching add to total variation alone?

    Figure 4 of "Practical Feasibility of Gradient Inversion Attacks in Federated Learning": victims adapted to 32
    pixels, one picture, labels known. The paper starts from the truth with a growing share of noise pixels; the
    control that it lacks smooths the same start by total variation alone, without the gradient (signed Adam 0.03).
    ``ssim_loss`` is the picture of lowest attack loss, which an attacker can choose; ``ssim_oracle`` the best of all
    steps by the truth, which no attacker can choose; so is ``ssim_tv_oracle``, in the control's favour.

    The paper spends 10,000 steps of Adam per run. L-BFGS gets further in the hundreds of evaluations that a CPU
    affords, which is why it is the default here.
    """

    question: ClassVar[str] = "How near the truth must an attack start, and is what it gains due to the gradient?"
    keys: ClassVar[tuple[str, ...]] = ("model", "factor", "picture", "seed")
    columns: ClassVar[tuple[str, ...]] = (
        "ssim_start", "ssim_loss", "ssim_oracle", "ssim_tv_last", "ssim_tv_oracle", "psnr_start", "psnr_loss",
        "psnr_tv_last", "matching_start", "matching_end", "published_start", "published_final", "evaluations",
    )  # fmt: skip

    source: str = option("cifar10", "where the private pictures come from: samples, or a data set in GI_DATA")
    models: str = option("all", "one victim, or all five of the figure")
    evaluations: int = option(100, "of the objective per run", low=20, high=100_000)
    optimiser: Literal["lbfgs", "adam"] = option("lbfgs", "L-BFGS with step 1, or signed Adam as in the paper")
    lr: float = option(0.1, "Adam's learning rate in normalised pixel units", low=1e-6, high=100)
    tv: float = option(1e-4, "weight of total variation in the attack", low=0, high=1e3)
    count: int = option(1, "pictures", low=1, high=1000)
    seeds: int = option(1, "draws of the noise", low=1, high=100)
    mode: Literal["eval", "train"] = option("eval", "mode of BatchNorm, where the victim has it")

    def cells(self) -> Iterator[Cell]:
        names = ARCHITECTURES if self.models == "all" else (self.models,)
        for seed in range(self.seeds):
            for picture in range(self.count):
                for factor in FACTORS:
                    for model in names:
                        yield {"model": model, "factor": factor, "picture": picture, "seed": seed}

    def measure(self, cell: Cell) -> Row:
        truth, labels = private_pictures(self.source, 1, 32, first=cell["picture"])
        victim = build(cell["model"], image_shape=(3, 32, 32), num_classes=10, mode=self.mode)
        observation = Observation(victim, release(victim, truth, labels).defended, 1, labels)
        start = disturbed(truth, cell["factor"], victim, cell["seed"])
        smooth = TotalVariation(weight=self.tv)
        matcher = Matcher(observation, objectives.parse("cosine"), (smooth,))

        def smoothing(x: Tensor, progress: float) -> Evaluation:
            moment = PriorContext(observation, progress, matcher.generator, torch.zeros_like(x))
            value, gradient = smooth.pull(x, moment)
            return Evaluation(value, {smooth.name: value}, gradient)

        def attack(evaluate: Callable[[Tensor, float], Evaluation]) -> Iterator[Frame]:
            if self.optimiser == "adam":
                return descend(evaluate, start, observation, Steps(self.evaluations, self.lr))
            return minimise(
                lambda v: evaluate(v[0], 0.0), [start], steps=self.evaluations // 20, box=True, patience=UNTIL_NAN
            )

        attacked = follow(attack, lambda x, p: matcher.evaluate(x, labels, p), truth)
        control = follow(lambda e: descend(e, start, observation, Steps(CONTROL_STEPS, 0.03)), smoothing, truth)
        published = PUBLISHED.get(cell["model"])
        place = round(10 * cell["factor"])
        return {
            "ssim_start": attacked.ssims[0],
            "ssim_loss": float(ssim(attacked.best, truth)),
            "ssim_oracle": max(attacked.ssims),
            "ssim_tv_last": control.ssims[-1],
            "ssim_tv_oracle": max(control.ssims),
            "psnr_start": float(psnr(start, truth)),
            "psnr_loss": float(psnr(attacked.best, truth)),
            "psnr_tv_last": float(psnr(control.last, truth)),
            "matching_start": attacked.matching[0],
            "matching_end": min(attacked.matching),
            "published_start": float(PUBLISHED["start"][place]),
            "published_final": float(published[place]) if published else None,
            "evaluations": len(attacked.ssims),
        }

    def figure(self, rows: list[Row]) -> Figure:
        """SSIM against the share of noise in the start, one panel per victim."""
        from matplotlib.figure import Figure

        names = [m for m in ARCHITECTURES if any(r["model"] == m for r in rows)]
        figure = Figure(figsize=(2.6 * len(names), 3.0), layout="constrained")
        for i, name in enumerate(names):
            axes = figure.add_subplot(1, len(names), i + 1, title=name, ylim=(-0.05, 1.05), xlim=(-0.05, 1.05))
            own = sorted((r for r in rows if r["model"] == name), key=lambda r: float(r["factor"]))
            for column, label, style in LINES:
                axes.plot(
                    [float(r["factor"]) for r in own],
                    [float(r[column]) for r in own],
                    style,
                    label=label,
                    markersize=4,
                )
            axes.set_xlabel("share of noise in the start")
            if i == 0:
                axes.set_ylabel("SSIM to the truth")
        handles, labels = figure.axes[0].get_legend_handles_labels()
        figure.legend(handles, labels, loc="outside lower center", ncols=len(LINES), frameon=False, fontsize=8)
        return figure


@dataclass
class Path:
    """One descent, seen by someone who knows the truth."""

    best: Tensor
    last: Tensor
    ssims: list[float] = field(default_factory=list)
    matching: list[float] = field(default_factory=list)


def follow(
    descent: Callable[[Callable[[Tensor, float], Evaluation]], Iterator[Frame]],
    evaluate: Callable[[Tensor, float], Evaluation],
    truth: Tensor,
) -> Path:
    """Run a descent and note each evaluated picture's SSIM to the truth; ``best`` is chosen by the attack's loss."""
    path = Path(truth, truth)

    def watched(x: Tensor, progress: float) -> Evaluation:
        path.last = x.nan_to_num(0.5).clamp(0, 1)  # a step that diverged is a grey picture
        path.ssims.append(float(ssim(path.last, truth)))
        return evaluate(x, progress)

    for frame in descent(watched):
        path.matching.append(float(frame.terms.get("cosine", frame.loss)))
        path.best = frame.images
    return path
