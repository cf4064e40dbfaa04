"""What every study, comparison and replay and the atlas recorded, as rows of one table (``evidence.py``)."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

from gi_core.evaluation.settled import still_falling
from gi_core.evaluation.verdict import Likeness
from gi_core.paths import ASSETS
from gi_core.risk.evidence import (
    RUN_TABLES,
    TABLE,
    Measurement,
    frontier_scenario,
    rows,
    run_command,
    study_command,
    write_records,
    written,
)
from gi_core.scenario import Scenario
from gi_core.studies.feasibility import doubled_run
from gi_core.studies.fm_table import SETTINGS


def collect() -> None:
    """Write the table, and the runs where the store looks for them."""
    write_records()
    TABLE.write_text(written(list(everything())))


def everything() -> Iterator[Measurement]:
    """Every recorded run."""
    for table in RUN_TABLES:
        yield from dated(_runs(table), f"results/{table}.csv")
    for name, found in (("tradeoff", _tradeoff), ("fm-table", _flow)):
        yield from dated(found(), f"results/{name}.csv")
    for name in VENOM:
        yield from dated(_venom(name), f"results/{name}.csv")
    yield from dated(_span(), "results/span-limits.csv")
    for file in sorted((ASSETS / "comparisons").glob("*.json")):
        yield from dated(_compared(json.loads(file.read_text())), f"comparisons/{file.name}")
    for file in sorted((ASSETS / "replays").glob("*.json")):
        yield from dated(_staged("replays", json.loads(file.read_text())), f"replays/{file.name}")
    if (ASSETS / "atlas" / "index.json").exists():
        yield from dated(_atlas(), "atlas/index.json")


def dated(found: Iterator[Measurement], file: str) -> Iterator[Measurement]:
    """With the commit that last changed the file below ``assets``, where this is a checkout."""
    asked = ["git", "log", "-1", "--format=%h", "--", str(ASSETS / file)]
    try:
        version = subprocess.run(asked, cwd=ASSETS, capture_output=True, text=True, check=False).stdout.strip()
    except OSError:
        version = ""
    for one in found:
        yield replace(one, version=version)


def ended(scenario: Scenario) -> bool | None:
    """An attack in a single pass has always ended; of another one its losses tell."""
    return True if scenario.attack_component.single_pass else None


def not_falling(losses: list[list[float]]) -> bool | None:
    """Of (iteration, loss, ...) per moment: whether the loss had stopped to fall."""
    falling = still_falling([(int(i), float(loss)) for i, loss, *_ in losses if loss is not None])
    return None if falling is None else not falling


def number(text: str) -> float | None:
    return float(text) if text else None


# ---- studies ---------------------------------------------------------------------------------------------------------


def _runs(table: str) -> Iterator[Measurement]:
    for row in rows(table):
        if not row["word"]:
            continue
        scenario, pictures = Scenario.from_url(row["url"]), tuple(row["samples"].split("+"))
        judged = Likeness(
            ssim=float(row["ssim"]), mse=float(row["mse"]), control_ssim=float(row["control_ssim"]),
            control_mse=float(row["control_mse"]), rank=int(row["rank"]), control_rank=int(row["control_rank"]),
            candidates=int(row["candidates"]),
        )  # fmt: skip
        yield Measurement(
            table, scenario, pictures, "sample pictures: " + ", ".join(pictures), len(pictures), judged.ssim,
            judged.control_ssim, float(row["psnr"]), run_command(scenario, pictures), judged,
            settled=doubled_run(row).told_nothing_new() if table == "feasibility" else ended(scenario),
            iterations=int(row["iterations"]) if "iterations" in row else None, seconds=float(row["seconds"]),
        )  # fmt: skip


def _tradeoff() -> Iterator[Measurement]:
    for row in rows("tradeoff"):
        scenario = frontier_scenario(row)
        yield Measurement(
            "tradeoff", scenario, (), f"{row['attacked']} test pictures of MNIST", int(row["attacked"]),
            float(row["ssim"]), float(row["control_ssim"]), float(row["psnr"]), study_command("tradeoff"),
        )  # fmt: skip


DATA: dict[str, dict[str, Any]] = {"cifar10": {}, "mnist": {"channels": 1, "image_size": 28}}


VENOM = ("venom-table", "venom-table-resnet18", "venom-table-resnet18-longer", "venom-clean-200")


def _venom(table: str) -> Iterator[Measurement]:
    for row in rows(table):
        if row["convention"] == "control" or not row["ssim"]:
            continue
        scenario = Scenario(
            model=row["model"],
            defense=row["defense"],
            attack=row.get("budget") or row["attack"],
            knowledge="none",
            **DATA[row["data"]],
        )
        yield Measurement(
            table, scenario, (), f"{row['count']} test pictures of {row['data']}", int(row["count"]),
            float(row["ssim"]), number(row["control_ssim"]), float(row["psnr"]), study_command(table),
            settled=ended(scenario),
        )  # fmt: skip


def _span() -> Iterator[Measurement]:
    for row in rows("span-limits"):
        scenario = Scenario.from_dict({key: row[key] for key in ("model", "batch_size", "defense", "mode")})
        scenario = scenario.replace(attack="span")
        if row["ssim"]:
            yield Measurement(
                "span-limits", scenario, (), f"{row['batch_size']} test pictures of CIFAR-10", int(row["batch_size"]),
                float(row["ssim"]), float(row["ssim_others"]), float(row["psnr"]), study_command("span-limits"),
                iterations=int(row["iterations"]), seconds=float(row["cpu_seconds"]),
            )  # fmt: skip


def _flow() -> Iterator[Measurement]:
    found = rows("fm-table")
    controls = {row["setting"]: float(row["ssim"]) for row in found if row["method"].startswith("control")}
    for row in found:
        if row["method"].startswith("control"):
            continue
        scenario = Scenario.from_dict({**SETTINGS[row["setting"]], "attack": row["attack"]})
        control = controls.get(row["setting"]) if row["method"].startswith("flow") else None
        yield Measurement(
            "fm-table", scenario, (), f"{row['count']} test pictures of CIFAR-10", int(row["count"]),
            float(row["ssim"]), control, float(row["psnr"]), study_command("fm-table"),
        )  # fmt: skip


# ---- recorded on the stage -------------------------------------------------------------------------------------------


def _compared(kept: dict[str, Any]) -> Iterator[Measurement]:
    """Lanes of a comparison; one that was stopped is not what its Scenario says."""
    for lane in kept["compare"]["lanes"]:
        if lane["state"] == "done":
            yield from _staged("comparisons", lane["run"])


def _staged(table: str, run: dict[str, Any]) -> Iterator[Measurement]:
    """A run as the stage shows it, where its verdict holds what it weighed."""
    if not run.get("verdict") or "reason" not in run["verdict"]:
        return
    scenario, pictures = Scenario.from_dict(run["scenario"]), tuple(run["pictures"])
    reason, history = run["verdict"]["reason"], run["history"]
    judged = Likeness(**{name: reason[name] for name in Likeness.__annotations__})
    losses = [list(pair) for pair in zip(history["iteration"], history["loss"], strict=True)]
    yield Measurement(
        table, scenario, pictures, "sample pictures: " + ", ".join(pictures), len(pictures), judged.ssim,
        judged.control_ssim, history["psnr"][-1], run_command(scenario, pictures), judged,
        ended(scenario) or not_falling(losses), history["iteration"][-1] + 1, run["seconds"],
    )  # fmt: skip


def _atlas() -> Iterator[Measurement]:
    for one in json.loads((ASSETS / "atlas" / "index.json").read_text())["sets"]:
        for cell in one["cells"]:
            scenario, pictures = Scenario.from_dict(cell["scenario"]), tuple(one["pictures"])
            judged = [Likeness(**likeness) for likeness in cell["evidence"]]
            best = max(judged, key=lambda likeness: (likeness.level(len(judged)), likeness.structure))
            yield Measurement(
                "atlas", scenario, pictures, "sample pictures: " + ", ".join(pictures), len(pictures), best.ssim,
                best.control_ssim, sum(s["psnr"] for s in cell["scores"]) / len(cell["scores"]),
                run_command(scenario, pictures), best, ended(scenario) or cell["settled"], cell["steps"],
                cell["seconds"],
            )  # fmt: skip
