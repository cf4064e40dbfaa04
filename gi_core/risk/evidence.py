"""Every recorded run in one table, and the strongest attack that was recorded on a setting: one answer for every room.

The table is ``assets/results/evidence.csv``, which ``gi evidence --collect`` makes of what the studies, comparisons,
replays and the atlas left (``collect.py``). CSV, as the studies' own tables: some 1,500 rows, whose changes one can
read in a review; Parquet would want 45 MB of pyarrow on every host. Where pyarrow is, pandas turns one into the other.
"""

from __future__ import annotations

import csv
import io
import json
import shlex
from dataclasses import dataclass, fields
from functools import lru_cache
from pathlib import Path
from typing import Any

from gi_core.errors import BadInput
from gi_core.evaluation.verdict import TOO_SHORT, WORDS, Likeness
from gi_core.paths import ASSETS
from gi_core.risk.set_up import setting_of
from gi_core.scenario import Scenario
from gi_core.store import address

RESULTS = ASSETS / "results"
TABLE = RESULTS / "evidence.csv"
RUN_TABLES = ("risk", "verdicts", "feasibility")
"""Tables of single runs on sample pictures, written by ``gi_core/studies/judged.py``."""


@dataclass(frozen=True)
class Measurement:
    """One recorded run, or the mean of a study's runs over pictures.

    Attributes:
        table: where it was recorded; command: what makes it (a run's own command, or the study's).
        scenario: what was run, the attack included.
        pictures: sample names; () where other pictures were attacked. source: they in words.
        count: pictures that the figures are means over.
        ssim, control_ssim, psnr: likeness to the truth; of a single run's batch SSIM is that of the picture that
            leaked most. ``control_ssim`` is None where the study has no control for this row.
        judged: what the verdict on a run weighs; None in tables that did not line pictures up.
        settled: whether the attack had ended by a plateau; False: too short to tell; None: not recorded.
        iterations, seconds: budget and cost; None where not recorded.
        version: abbreviated commit that recorded the table.
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
    judged: Likeness | None = None
    settled: bool | None = None
    iterations: int | None = None
    seconds: float | None = None
    version: str = ""

    @property
    def gain(self) -> float | None:
        """SSIM over the control's."""
        return None if self.control_ssim is None else self.ssim - self.control_ssim

    @property
    def structure(self) -> float:
        """Share of the control's missing SSIM that the attack adds; without a control the SSIM itself."""
        guess = self.control_ssim or 0.0
        return (self.ssim - guess) / max(1e-6, 1 - guess)

    def level(self, pictures: int = 0) -> int | None:
        """The verdict on a run, 0 to 3: by itself, or as one of so many ``pictures`` that share the 5 % of chance."""
        return None if self.judged is None else self.judged.level(max(pictures, self.count))

    @property
    def word(self) -> str | None:
        """The verdict's; an attack that had not ended and found nothing was too short to tell."""
        level = self.level()
        if level is None:
            return None
        return TOO_SHORT if level == 0 and self.settled is False else WORDS[level]

    @property
    def key(self) -> str | None:
        """Address in the run store; None for rows over pictures that do not ship."""
        return address(self.scenario, self.pictures) if self.pictures else None


# ---- what is known ---------------------------------------------------------------------------------------------------


@lru_cache(maxsize=1)
def measurements() -> tuple[Measurement, ...]:
    """All that was recorded. Raises BadInput if the table is missing."""
    return tuple(read(row) for row in rows("evidence"))


@lru_cache(maxsize=1)
def runs() -> tuple[Measurement, ...]:
    """Single runs of the studies, judged: each can be opened on the stage and repeated by its command."""
    return tuple(m for m in measurements() if m.table in RUN_TABLES)


@lru_cache(maxsize=1)
def judged_runs() -> tuple[Measurement, ...]:
    """Every run with a verdict of its own, of the studies, the atlas, the comparisons and the replays."""
    return tuple(m for m in measurements() if m.judged is not None)


@lru_cache(maxsize=1)
def tables() -> tuple[Measurement, ...]:
    """Rows of studies over many pictures, without a verdict of their own."""
    return tuple(m for m in measurements() if m.judged is None)


@lru_cache(maxsize=1)
def by_setting() -> dict[Scenario, tuple[Measurement, ...]]:
    """Everything recorded, by :func:`gi_core.risk.set_up.setting_of`, the strongest first."""
    found: dict[Scenario, list[Measurement]] = {}
    for one in measurements():
        found.setdefault(setting_of(one.scenario), []).append(one)
    return {setting: tuple(sorted(those, key=order)) for setting, those in found.items()}


def order(one: Measurement) -> tuple[float, bool]:
    """The strongest first, to three digits, and of equals those that were judged."""
    return -round(one.structure, 3), one.judged is None


def strongest(setting: Scenario) -> Measurement | None:
    """What got most out of this setting, whatever the attack, its knowledge and seed; None where nothing was recorded.

    "Most" is the share of the control's missing SSIM (``structure``): an oracle's choice, made with the truth at hand.
    Every room asks here, so none can state another strongest result.
    """
    return next(iter(by_setting().get(setting_of(setting), ())), None)


def merit(e: Measurement, pictures: int) -> tuple[int, float]:
    """Order of single runs by what they found: the level first, then the gain."""
    return (e.level(pictures) or 0, e.gain or 0.0)


# ---- the table -------------------------------------------------------------------------------------------------------

LIKENESS = tuple(f.name for f in fields(Likeness))
PLAIN = ("count", "ssim", "control_ssim", "psnr", "settled", "iterations", "seconds", "version")


def row_of(one: Measurement) -> dict[str, str]:
    """A row of the table, values as text; six digits of numbers."""
    judged = {name: None if one.judged is None else getattr(one.judged, name) for name in LIKENESS}
    values = {
        "table": one.table, "scenario": one.scenario.to_url(), "pictures": "+".join(one.pictures),
        "source": one.source, **{name: getattr(one, name) for name in PLAIN},
        **{f"judged_{name}": value for name, value in judged.items()}, "word": one.word, "command": one.command,
    }  # fmt: skip
    return {name: _text(value) for name, value in values.items()}


def read(row: dict[str, str]) -> Measurement:
    """Inverse of :func:`row_of`."""
    kinds = Likeness.__annotations__
    judged = {n: (int if kinds[n] == "int" else float)(row[f"judged_{n}"]) for n in LIKENESS if row[f"judged_{n}"]}
    return Measurement(
        row["table"], Scenario.from_url(row["scenario"]), tuple(filter(None, row["pictures"].split("+"))),
        row["source"], int(row["count"]), float(row["ssim"]), _number(row["control_ssim"]), float(row["psnr"]),
        row["command"], Likeness(**judged) if judged else None,  # type: ignore[arg-type]
        {"": None, "yes": True, "no": False}[row["settled"]],
        int(row["iterations"]) if row["iterations"] else None, _number(row["seconds"]), row["version"],
    )  # fmt: skip


def written(found: list[Measurement]) -> str:
    """The table's text."""
    text = io.StringIO(newline="")
    writer = csv.DictWriter(text, list(row_of(found[0])), lineterminator="\n")
    writer.writeheader()
    writer.writerows(map(row_of, found))
    return text.getvalue()


def _text(value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, bool):
        return "yes" if value else "no"
    return f"{value:.6g}" if isinstance(value, float) else str(value)


def frontier_scenario(row: dict[str, str]) -> Scenario:
    """The scenario of a point of the trade-off, as ``study risk`` repeated it on a handwritten digit."""
    return Scenario(
        model="mlp:width=64,depth=1", image_size=28, channels=1, knowledge="labels+defense", defense=row["defense"],
        attack=row["oracle_attack"],
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


def strip_of(evidence: Measurement, folder: Path = RESULTS / "risk-pictures") -> Path | None:
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
    """Put the tables' runs where the store looks for them: ``gi evidence --collect``, after a study."""
    folder.mkdir(exist_ok=True)
    for table in RUN_TABLES:
        lines = [json.dumps(record_of(row), separators=(",", ":")) for row in rows(table) if row["word"]]
        (folder / f"{table}.jsonl").write_text("".join(line + "\n" for line in lines))
