"""Privacy against utility: what does each defense cost, and what does it buy?"""

from __future__ import annotations

import contextlib
import copy
import dataclasses
import math
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar

import torch
from torch import Tensor
from torch.func import functional_call, grad, vmap

from gi_core.attacks import attacks
from gi_core.bounds import Setting
from gi_core.bounds.bits import gaussian_bits, laplace_bits
from gi_core.bounds.rero import ReconstructionRobustness
from gi_core.client import release
from gi_core.components import option
from gi_core.data.arrays import Pictures, load
from gi_core.defenses import Batch, Defense, parse_stack, privacy_of
from gi_core.errors import BadInput
from gi_core.evaluation.controls import answer, gain
from gi_core.evaluation.judge import Judgement, judge_pictures
from gi_core.models import build
from gi_core.models.base import LossOf, Victim
from gi_core.observation import Observation, Update
from gi_core.seeds import stream_seed
from gi_core.studies.base import Cell, Row, Study, studies
from gi_core.studies.measure import noise_like
from gi_core.training.victim import accuracy

if TYPE_CHECKING:
    from matplotlib.figure import Figure

FAMILIES: dict[str, tuple[str, ...]] = {
    "none": ("none",),
    "gaussian": tuple(f"gaussian:sigma={s}" for s in ("0.001", "0.01", "0.1", "1")),
    "clip + gaussian": tuple(f"clip:norm=1+gaussian:sigma={s}" for s in ("0.001", "0.01", "0.1", "1")),
    "dp-gaussian": tuple(f"dp-gaussian:epsilon={e}" for e in ("1000", "100", "10", "1")),
    "topk": tuple(f"topk:keep={k}" for k in ("0.3", "0.1", "0.03", "0.01")),
    "prune": tuple(f"prune:p={p}" for p in ("0.5", "0.9", "0.99")),
    "quantize": tuple(f"quantize:bits={b}" for b in ("8", "4", "2")),
    "sign": ("sign",),
    "dropout": tuple(f"dropout:p={p}" for p in ("0.2", "0.5", "0.9")),
    "dp-laplace": tuple(f"dp-laplace:epsilon={e}" for e in ("10000", "1000", "100")),
}
CANDIDATES = 100
ATTACKS = ("analytic", "ig:steps={steps},tv=1e-3")


@studies.register("tradeoff")
@dataclass(frozen=True, kw_only=True)
class Tradeoff(Study):
    """Train a victim under each defense, and attack its first round under the same defense at the same strength.

    Federated learning of real pictures: each round ``clients`` clients send the defended gradient of one picture each,
    the server averages them and takes an Adam step. ``accuracy``: on held-out pictures, after the last round. The
    attacks see one client's update at the first round's weights, know its label and the defense's public parameters.
    ``gain``: mean SSIM over the control on noise of the same size, of the attack with the greatest (the truth chooses
    it: a suite's upper end, written ``oracle_attack``), with a 95 % bootstrap interval. ``top1``: share of pictures
    named among 100 pictures of the same test split. ``bits`` and ``cap`` (percent of pictures that any attack can name)
    are theorems where they apply; ``epsilon`` is of one release, adding or removing its picture.
    """

    question: ClassVar[str] = "How much accuracy does each defense cost, and how much of the pictures does it hide?"
    keys: ClassVar[tuple[str, ...]] = ("family", "defense")
    columns: ClassVar[tuple[str, ...]] = (
        "accuracy", "oracle_attack", "gain", "gain_low", "gain_high", "ssim", "control_ssim", "psnr", "top1",
        "rank_median", "epsilon", "delta", "z", "bits", "cap", "attacked", "rounds",
    )  # fmt: skip

    data: str = option("mnist", "data set in GI_DATA")
    model: str = option("mlp:width=64,depth=1", "victim")
    rounds: int = option(300, "rounds of training", low=1, high=1_000_000)
    clients: int = option(64, "clients per round, one picture each", low=1, high=4096)
    lr: float = option(3e-3, "the server's learning rate (Adam)", low=1e-6, high=10)
    count: int = option(20, "pictures attacked", low=1, high=1000)
    steps: int = option(200, "iterations of ig", low=1, high=100_000)
    seed: int = option(0, "of the training and the attacks", low=0, high=2**31 - 1)

    def cells(self) -> Iterator[Cell]:
        deepest = max(map(len, FAMILIES.values()))
        for strength in range(deepest):
            for family, texts in FAMILIES.items():
                if strength < len(texts):
                    yield {"family": family, "defense": texts[strength]}

    def measure(self, cell: Cell) -> Row:
        train, held_out, test = load(self.data)
        channels, height, width = train.images.shape[1:]
        classes = int(train.labels.max()) + 1
        victim = build(self.model, image_shape=(channels, height, width), num_classes=classes)
        stack = parse_stack(cell["defense"])
        best, found = self.best(victim, stack, test, self.count)
        trained = federated(victim, stack, train, self.rounds, self.clients, self.lr, self.seed)
        return {
            "accuracy": accuracy(trained, held_out),
            "oracle_attack": best,
            **summary(found),
            **guarantees(victim, stack),
            "attacked": self.count,
            "rounds": self.rounds,
            "pictures": {slug(cell["defense"]): strip(test.floats(slice(0, 1)), found[0])},
        }

    def figure(self, rows: list[Row]) -> Figure:
        """Gain over control against accuracy, one curve per defense; hollow where a theorem caps identification."""
        from matplotlib.figure import Figure

        figure = Figure(figsize=(7.5, 4.8), layout="constrained")
        axes = figure.add_subplot(xlabel="accuracy, held-out pictures", ylabel="best attack's gain over control (SSIM)")
        for family in FAMILIES:
            own = [r for r in rows if r["family"] == family]
            x, y = [float(r["accuracy"]) for r in own], [float(r["gain"]) for r in own]
            (line,) = axes.plot(x, y, "o-", label=family, markersize=5)
            capped = [(a, b, float(r["cap"])) for a, b, r in zip(x, y, own, strict=True) if r["cap"]]
            for a, b, cap in capped:
                axes.plot(a, b, "o", color=line.get_color(), markerfacecolor="white", markersize=5)
                axes.annotate(f"≤ {cap:.0f} %", (a, b), (4, 4), textcoords="offset points", fontsize=7)
        axes.axhline(0, color="grey", linewidth=0.8)
        axes.legend(fontsize=8, frameon=False)
        return figure

    def best(
        self, victim: Victim, stack: tuple[Defense, ...], test: Pictures, count: int
    ) -> tuple[str, list[Judgement]]:
        """The attack of the suite with the greatest mean gain, and what it reached on the first ``count`` pictures."""
        found = {}
        for attack in (text.format(steps=self.steps) for text in ATTACKS):
            if attack == "analytic" and next(victim.body.parameters()).dim() != 2:
                continue  # it reads the first layer, which must be fully connected
            with contextlib.suppress(BadInput):  # the defense left this attack nothing to read: the others stay
                found[attack] = self.attacked(attack, victim, stack, test, count)
        best = max(found, key=lambda attack: gain_of(found[attack]).mean)
        return best, found[best]

    def attacked(
        self, attack: str, victim: Victim, stack: tuple[Defense, ...], test: Pictures, count: int
    ) -> list[Judgement]:
        """One judgement per picture; the line-up is the picture and 99 others of the test split."""
        component, others = attacks.parse(attack), test.floats(slice(self.count, self.count + CANDIDATES - 1))
        facts = tuple(d.facts() for d in stack)
        found = []
        for i in range(count):
            truth, label = test.floats(slice(i, i + 1)), test.labels[i : i + 1]
            seed = stream_seed(self.seed, f"{attack} {i}")
            update: Update = release(victim, truth, label, stack=stack, seed=seed).defended
            seen = Observation(victim=victim, update=update, batch_size=1, labels=label, defense=facts)
            blank = dataclasses.replace(seen, update=noise_like(update, seed))
            images, control = answer(component, seen, seed), answer(component, blank, seed)
            found.append(judge_pictures(images, truth, {"noise": control}, others))
        return found


def strip(truth: Tensor, judgement: Judgement) -> Tensor:
    """(C,H,3W): truth, reconstruction and control of one picture."""
    return torch.cat([truth, judgement.images, judgement.controls["noise"]], dim=3)[0]


def slug(defense: str) -> str:
    return "".join(c if c.isalnum() or c in ".-" else "-" for c in defense)


def evidence(found: list[Judgement], key: str) -> list[float]:
    return [float(getattr(j.likenesses[0], key)) for j in found]


def gain_of(found: list[Judgement]) -> Any:
    return gain(evidence(found, "ssim"), evidence(found, "control_ssim"))


def summary(found: list[Judgement]) -> Row:
    """Means and ranks over pictures."""
    over = gain_of(found)
    middle = lambda values: float(torch.tensor(values, dtype=torch.float64).quantile(0.5))
    found_ranks = evidence(found, "rank")
    mean = lambda values: sum(values) / len(values)
    return {
        "gain": over.mean,
        "gain_low": over.low,
        "gain_high": over.high,
        "ssim": mean(evidence(found, "ssim")),
        "control_ssim": mean(evidence(found, "control_ssim")),
        "psnr": mean([-10 * math.log10(max(1e-10, m)) for m in evidence(found, "mse")]),
        "top1": mean([float(r == 1) for r in found_ranks]),
        "rank_median": middle(found_ranks),
    }


def guarantees(victim: Victim, stack: tuple[Defense, ...]) -> Row:
    """Epsilon of one release by the accounting library, noise multiplier, universal bits, cap on identification."""
    tensors = len(list(victim.parameters()))
    stated = privacy_of(stack, 1, tensors)
    setting = Setting(victim, stack, 1)
    cap = ReconstructionRobustness(candidates=CANDIDATES).of(setting)
    row: Row = {
        "epsilon": stated.epsilon if stated else None,
        "delta": stated.delta if stated else None,
        "z": None,
        "bits": None,
        "cap": cap.value if cap else None,
    }
    if setting.release is not None:
        formula = gaussian_bits if setting.release.noise.kind == "gaussian" else laplace_bits
        row |= {"z": setting.release.z, "bits": formula(setting.release.z, setting.release.tensors)}
    return row


def federated(
    victim: Victim,
    stack: tuple[Defense, ...],
    pictures: Pictures,
    rounds: int,
    clients: int,
    lr: float,
    seed: int = 0,
) -> Victim:
    """Train a copy of ``victim``: each round the mean of ``clients`` defended one-picture gradients, then Adam."""
    model = copy.deepcopy(victim).train()
    for defense in stack:
        defense.on_model(model)
    changes = any(
        type(d).on_example is not Defense.on_example or type(d).on_update is not Defense.on_update for d in stack
    )
    loss_of = LossOf(model)
    generator = torch.Generator().manual_seed(seed)
    optimiser = torch.optim.Adam(model.parameters(), lr=lr)
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        for _ in range(rounds):
            rows = torch.randint(len(pictures), (clients,), generator=generator)
            images, labels = pictures.floats(rows), pictures.labels[rows]
            parameters = {name: p.detach() for name, p in loss_of.named_parameters()}

            def loss(p: dict[str, Tensor], image: Tensor, label: Tensor) -> Tensor:
                return functional_call(loss_of, p, (image.unsqueeze(0), label.unsqueeze(0)))

            each = vmap(grad(loss), (None, 0, 0), randomness="different")(parameters, images, labels)
            sent = each
            if changes:
                parts = [
                    defended({n: t[i : i + 1] for n, t in each.items()}, stack, model, images[i], labels[i], generator)
                    for i in range(clients)
                ]
                sent = {name: torch.stack([part[name] for part in parts]) for name in each}
            for name, parameter in loss_of.named_parameters():
                parameter.grad = sent[name].mean(0)
            optimiser.step()
    return model.eval()


def defended(
    rows: dict[str, Tensor],
    stack: tuple[Defense, ...],
    model: Victim,
    image: Tensor,
    label: Tensor,
    generator: torch.Generator,
) -> dict[str, Tensor]:
    """One client's gradient (1, ...) per tensor -> what it sends."""
    batch = Batch(model, image.unsqueeze(0), label.unsqueeze(0), generator)
    for defense in stack:
        rows = defense.on_example(rows, batch)
    tensors = {name: t.mean(0) for name, t in rows.items()}
    for defense in stack:
        tensors = defense.on_update(tensors, batch)
    return tensors
