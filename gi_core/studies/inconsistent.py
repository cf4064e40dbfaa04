"""Each attack behind the server that isolates one client of many, beside the same attack on that client alone."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import ClassVar

from gi_core.components import option
from gi_core.errors import BadInput
from gi_core.run import Run, prepare
from gi_core.scenario import Scenario
from gi_core.studies.base import Cell, Row, Study, studies
from gi_core.studies.pictures import private_pictures

ATTACKS = (
    ("mlp", "analytic"), ("lenet", "dlg:steps=100"), ("lenet", "idlg:steps=100"), ("lenet", "ig:steps=200"),
    ("lenet", "gradinversion:steps=100"), ("lenet", "fgla"), ("lenet", "grnn:steps=50"), ("convnet", "ig:steps=100"),
    ("resnet18", "ig:steps=60"), ("resnet18", "span"), ("vit-tiny", "ig:steps=60"), ("lenet", "lti"),
    ("lenet", "git-exact"), ("lenet", "venom"),
)  # fmt: skip


@studies.register("inconsistent")
@dataclass(frozen=True, kw_only=True)
class InconsistentStudy(Study):
    """One picture of the target among several clients, the server ``inconsistent``, against the target alone.

    ``residual``: relative difference of the two updates over the tensors that both have; ``left_out``: the others.
    ``blind``: the same attack on the same sum with an honest server.
    """

    question: ClassVar[str] = "Does an attack score behind an inconsistent server as if there were one client?"
    keys: ClassVar[tuple[str, ...]] = ("model", "attack", "update")
    columns: ClassVar[tuple[str, ...]] = (
        "residual", "left_out", "alone", "inconsistent", "blind", "ssim_alone", "ssim_inconsistent", "note",
    )  # fmt: skip

    source: str = option("samples", "private pictures: samples, or a data set in GI_DATA")
    clients: int = option(16, "clients of the sum", low=2, high=256)
    updates: int = option(2, "pictures per attack", low=1, high=100)

    def cells(self) -> Iterator[Cell]:
        for update in range(self.updates):
            for model, attack in ATTACKS:
                yield {"model": model, "attack": attack, "update": update}

    def measure(self, cell: Cell) -> Row:
        alone = Scenario(model=cell["model"], attack=cell["attack"], seed=cell["update"])
        many = alone.replace(clients=self.clients)
        row: Row = dict.fromkeys(self.columns)
        try:
            first, second = self.ran(alone, cell), self.ran(many.replace(server="inconsistent"), cell)
            blind = self.ran(many, cell)
        except BadInput as error:
            return row | {"note": str(error)}
        own, seen = (run.observation.update.tensors for run in (first, second))
        both = [name for name in own if name in seen]
        wrong = sum(float((own[n].double() - seen[n].double()).square().sum()) for n in both)
        scores = [run.trace().scores[0] for run in (first, second, blind)]
        return row | {
            "residual": f"{(wrong / sum(float(own[n].double().square().sum()) for n in both)) ** 0.5:.3g}",
            "left_out": " ".join(name for name in own if name not in seen),
            "alone": scores[0]["psnr"], "inconsistent": scores[1]["psnr"], "blind": scores[2]["psnr"],
            "ssim_alone": scores[0]["ssim"], "ssim_inconsistent": scores[1]["ssim"],
        }  # fmt: skip

    def ran(self, scenario: Scenario, cell: Cell) -> Run:
        """The run to its end."""
        run = prepare(scenario, *private_pictures(self.source, 1, scenario.image_size, cell["update"]))
        for _ in run:
            pass
        return run
