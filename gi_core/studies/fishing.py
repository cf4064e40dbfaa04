"""One picture fished out of a large batch, and read by the row space."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import ClassVar

import torch
from torch import Tensor

from gi_core.client import gradient
from gi_core.components import option
from gi_core.data.samples import public_crops
from gi_core.errors import BadInput
from gi_core.run import Run, prepare
from gi_core.scenario import Scenario
from gi_core.seeds import stream_seed
from gi_core.servers.fishing import feature
from gi_core.studies.base import Cell, Row, Study, studies
from gi_core.studies.pictures import private_pictures

CASES = (("class", 64), ("class", 256), ("feature", 64))
SERVERS = {"class": "fishing:kind=class", "feature": "fishing:kind=feature,level=0.97"}
"""By feature the pictures above the window, and those of the class below it, pass in both answers and cancel to float32
rounding alone: so few lie above."""
DIRECTIONS = 8
"""Features that the server asks for at most, until one picture lies between its thresholds."""
CANDIDATES = 192


@studies.register("fishing")
@dataclass(frozen=True, kw_only=True)
class FishingStudy(Study):
    """The update of one picture, isolated by the server ``fishing``, against the lone picture's own gradient.

    ``residual``: their relative difference in the body; then an attack on it. By class, one picture of the batch is of
    the class asked for; by feature, one picture lies between the thresholds, the others are chosen beside them.
    """

    question: ClassVar[str] = "How well does a changed head isolate one picture of a large batch?"
    keys: ClassVar[tuple[str, ...]] = ("kind", "batch_size", "update")
    columns: ClassVar[tuple[str, ...]] = ("residual", "psnr", "ssim", "loss", "attack_seconds", "note")

    source: str = option("cifar10", "private pictures: a data set in GI_DATA")
    model: str = option("resnet18", "victim")
    attack: str = option("span", "what follows; none: the residual alone")
    updates: int = option(8, "pictures per case", low=1, high=1000)

    def cells(self) -> Iterator[Cell]:
        for update in range(self.updates):
            for kind, size in CASES:
                yield {"kind": kind, "batch_size": size, "update": update}

    def measure(self, cell: Cell) -> Row:
        attack = "dlg:steps=1" if self.attack == "none" else self.attack
        scenario = Scenario(
            model=self.model, batch_size=cell["batch_size"], server=SERVERS[cell["kind"]], attack=attack,
            seed=cell["update"],
        )  # fmt: skip
        try:
            run = self.fished(scenario, cell["update"])
        except BadInput as error:
            return dict.fromkeys(self.columns) | {"note": str(error)}
        row: Row = dict.fromkeys(self.columns) | {
            "residual": f"{residual(run):.3g}",
            "note": f"{len(run.truth)} let in; seed {run.scenario.seed}",
        }
        if self.attack != "none" and len(run.truth) == 1:
            for _ in run:
                pass
            trace = run.trace()
            row |= {"psnr": trace.scores[0]["psnr"], "ssim": trace.scores[0]["ssim"], "attack_seconds": trace.seconds}
            row["loss"] = f"{trace.history[-1]['loss']:.3g}"
        return row

    def fished(self, scenario: Scenario, update: int) -> Run:
        """The round that lets one picture through; by feature, of the first direction that does."""
        seeds = range(update, update + 1 if "feature" not in scenario.server else 1000 * DIRECTIONS, 1000)
        for seed in seeds:
            try:
                asked = scenario.replace(seed=seed)
                return prepare(asked, *self.batch(asked, update))
            except BadInput:
                if seed == seeds[-1]:
                    raise
        raise AssertionError("a range of seeds is never empty")

    def batch(self, scenario: Scenario, update: int) -> tuple[Tensor, Tensor]:
        """Pictures and labels of which exactly one is to come through."""
        count = scenario.batch_size
        first = 1000 + 4 * 256 * update
        images, _ = private_pictures(self.source, max(CANDIDATES, count), scenario.image_size, first)
        labels = torch.arange(count) % (scenario.num_classes - 1) + 1
        if "feature" not in scenario.server:
            labels[update % count] = 0
            return images[:count], labels
        between = self.between(scenario, images)
        inside, outside = images[between], images[~between]
        if not len(inside):
            raise BadInput("no picture lies between the thresholds")
        return torch.cat([inside[:1], outside[: count - 1]]), labels - 1

    def between(self, scenario: Scenario, images: Tensor) -> Tensor:
        """(N,) bool: pictures between the server's two thresholds."""
        run = scenario.replace(server="honest", batch_size=1, attack="dlg:steps=1")
        victim = prepare(run, public_crops(1, scenario.image_size, scenario.channels, 0)).victim
        sent = scenario.server_component.send(victim, stream_seed(scenario.seed, "server"))
        assert sent.facts is not None
        told = sent.facts.options
        with torch.no_grad():
            values = torch.cat([feature(victim, part, told["direction"]) for part in images.split(64)])
        return (values > told["low"]) & (values <= told["high"])


def residual(run: Run) -> float:
    """Relative distance, over the body, between the isolated update and the gradient of the pictures let through."""
    victim, seen = run.observation.victim, run.observation.update.tensors
    own = gradient(victim, run.truth, run.labels.new_full((len(run.labels),), int(run.scenario.server_component.label)))  # type: ignore[attr-defined]
    body = [name for name in own if not name.startswith("head.")]
    wrong = sum(float((seen[n].double() - own[n].double()).square().sum()) for n in body)
    return (wrong / sum(float(own[n].double().square().sum()) for n in body)) ** 0.5
