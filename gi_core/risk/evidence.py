"""What was measured, as evidence: single runs that anybody can repeat, and rows of tables over many pictures."""

from __future__ import annotations

import csv
import json
import shlex
from collections.abc import Iterator
from dataclasses import dataclass, fields, replace
from functools import lru_cache
from pathlib import Path
from typing import Any

from gi_core.errors import BadInput
from gi_core.evaluation.verdict import Likeness as Judged
from gi_core.paths import ASSETS
from gi_core.scenario import Scenario
from gi_core.store import address
from gi_core.studies.feasibility import scenario_of as feasibility_scenario
from gi_core.studies.fm_table import SETTINGS

RESULTS = ASSETS / "results"
RUN_TABLES = ("risk", "verdicts")
"""Tables of single runs on sample pictures, written by ``gi_core/studies/judged.py``."""


@dataclass(frozen=True)
class Evidence:
    """One measurement.

    Attributes:
        table: the study; command: what makes it (a run's own command, or the study's).
        scenario: what was run, the attack included.
        pictures: sample names; () where other pictures were attacked. source: they in words.
        count: pictures that the figures are means over.
        ssim, control_ssim, psnr: likeness to the truth; of a single run's batch SSIM is that of the picture that
            leaked most. ``control_ssim`` is None where the study has no control for this row.
        judged: what the verdict on a run weighs; None in tables that did not line pictures up.
    """

    table: str
    scenario: Scenario
    pictures: tuple[str, ...]
    source: str
    count: int
    ssim: float
    control_ssim: float | None
    psnr: float
    command: str
    judged: Judged | None = None

    @property
    def gain(self) -> float | None:
        """SSIM over the control's."""
        return None if self.control_ssim is None else self.ssim - self.control_ssim

    def level(self, pictures: int = 0) -> int | None:
        """The verdict on a run, 0 to 3: by itself, or as one of so many ``pictures`` that share the 5 % of chance."""
        return None if self.judged is None else self.judged.level(max(pictures, self.count))

    @property
    def key(self) -> str | None:
        """Address in the run store; None for rows over pictures that do not ship."""
        return address(self.scenario, self.pictures) if self.pictures else None


@lru_cache(maxsize=1)
def runs() -> tuple[Evidence, ...]:
    """Single runs, judged: each can be opened in the Lab and repeated by its command."""
    return tuple(run for table in RUN_TABLES for run in _runs(table))


def _runs(table: str) -> Iterator[Evidence]:
    for row in rows(table):
        if not row["word"]:
            continue
        scenario, pictures = Scenario.from_url(row["url"]), tuple(row["samples"].split("+"))
        judged = Judged(
            ssim=float(row["ssim"]), mse=float(row["mse"]), control_ssim=float(row["control_ssim"]),
            control_mse=float(row["control_mse"]), rank=int(row["rank"]), control_rank=int(row["control_rank"]),
            candidates=int(row["candidates"]),
        )  # fmt: skip
        yield Evidence(
            table, scenario, pictures, "sample pictures: " + ", ".join(pictures), len(pictures), judged.ssim,
            judged.control_ssim, float(row["psnr"]), run_command(scenario, pictures), judged,
        )  # fmt: skip


@lru_cache(maxsize=1)
def tables() -> tuple[Evidence, ...]:
    """Rows of the other studies: means over pictures, without a verdict of their own."""
    return (*_tradeoff(), *_feasibility(), *_venom(), *_flow())


def _tradeoff() -> Iterator[Evidence]:
    for row in rows("tradeoff"):
        scenario = frontier_scenario(row)
        yield Evidence(
            "tradeoff", scenario, (), f"{row['attacked']} test pictures of MNIST", int(row["attacked"]),
            float(row["ssim"]), float(row["control_ssim"]), float(row["psnr"]), study_command("tradeoff"),
        )  # fmt: skip


def frontier_scenario(row: dict[str, str]) -> Scenario:
    """The scenario of a point of the trade-off, as ``study risk`` repeated it on a handwritten digit."""
    return Scenario(
        model="mlp:width=64,depth=1", image_size=28, channels=1, knowledge="labels+defense", defense=row["defense"],
        attack=row["oracle_attack"],
    )  # fmt: skip


def _feasibility() -> Iterator[Evidence]:
    for row in rows("feasibility"):
        yield Evidence(
            "feasibility", replace(feasibility_scenario(row["regime"], int(row["seed"])), attack=row["attack"]), (),
            f"{row['batch_size']} sample picture{'s' if row['batch_size'] != '1' else ''}", int(row["batch_size"]),
            float(row["ssim"]), float(row["ssim_others"]), float(row["psnr"]), study_command("feasibility"),
        )  # fmt: skip


DATA: dict[str, dict[str, Any]] = {"cifar10": {}, "mnist": {"channels": 1, "image_size": 28}}


def _venom() -> Iterator[Evidence]:
    for table in ("venom-table", "venom-table-resnet18"):
        for row in rows(table):
            scenario = Scenario(
                model=row["model"], defense=row["defense"], attack=row["attack"], knowledge="none", **DATA[row["data"]]
            )
            yield Evidence(
                table, scenario, (), f"{row['count']} test pictures of {row['data']}", int(row["count"]),
                float(row["ssim"]), _number(row["control_ssim"]), float(row["psnr"]), study_command(table),
            )  # fmt: skip


def _flow() -> Iterator[Evidence]:
    found = rows("fm-table")
    controls = {row["setting"]: float(row["ssim"]) for row in found if row["method"].startswith("control")}
    for row in found:
        if row["method"].startswith("control"):
            continue
        scenario = Scenario.from_dict({**SETTINGS[row["setting"]], "attack": row["attack"]})
        control = controls.get(row["setting"]) if row["method"].startswith("flow") else None
        yield Evidence(
            "fm-table", scenario, (), f"{row['count']} test pictures of CIFAR-10", int(row["count"]),
            float(row["ssim"]), control, float(row["psnr"]), study_command("fm-table"),
        )  # fmt: skip


def rows(table: str) -> list[dict[str, str]]:
    """Rows of a committed table, values as text. Raises BadInput if it is missing."""
    file = RESULTS / f"{table}.csv"
    if not file.exists():
        raise BadInput(f"no table {table!r} among {RESULTS.name}")
    with file.open(newline="") as lines:
        return list(csv.DictReader(lines))


def _number(text: str) -> float | None:
    return float(text) if text else None


def study_command(table: str) -> str:
    """The command that makes a table, from the text beside it."""
    text = (RESULTS / f"{table}.txt").read_text().splitlines()[0]
    return f"python -m gi_core study {shlex.quote(text)} --out DIR"


def run_command(scenario: Scenario, pictures: tuple[str, ...]) -> str:
    """The command that repeats a run on sample pictures."""
    changed = {f.name: getattr(scenario, f.name) for f in fields(Scenario) if f.name != "batch_size"}
    options = [
        f"--{name.replace('_', '-')} {shlex.quote(str(value))}"
        for name, value in changed.items()
        if value != Scenario.__dataclass_fields__[name].default
    ]
    return " ".join(["python -m gi_core run", *options, *(f"--image {name}" for name in pictures)])


def strip_of(evidence: Evidence, folder: Path = RESULTS / "risk-pictures") -> Path | None:
    """PNG of a run: truth, reconstruction and control, one row each; None where none was kept."""
    file = folder / f"{evidence.key[:16]}.png" if evidence.key else None
    return file if file is not None and file.exists() else None


# ---- what the run store ships ---------------------------------------------------------------------------------------


def record_of(row: dict[str, str]) -> dict[str, Any]:
    """A run of a table as a line of ``assets/records``: scenario, pictures, and what was found."""
    scenario = Scenario.from_url(row["url"])
    scores = {name: float(row[name]) for name in ("psnr", "ssim", "mse")}
    verdict = {"level": int(row["level"]), "word": row["word"], "rank": int(row["rank"])}
    verdict["gain"] = round(float(row["psnr"]) - float(row["control_psnr"]), 4)
    summary = {"scores": scores, "verdict": verdict, "seconds": float(row["seconds"])}
    return {"scenario": scenario.to_dict(), "pictures": row["samples"].split("+"), "summary": summary}


def write_records(folder: Path = ASSETS / "records") -> None:
    """Put the tables' runs where the store looks for them: ``python -m gi_core.risk.evidence``, after a study."""
    folder.mkdir(exist_ok=True)
    for table in RUN_TABLES:
        lines = [json.dumps(record_of(row), separators=(",", ":")) for row in rows(table) if row["word"]]
        (folder / f"{table}.jsonl").write_text("".join(line + "\n" for line in lines))


if __name__ == "__main__":
    write_records()
