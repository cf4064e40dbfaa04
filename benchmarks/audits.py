"""The audit of recorded updates against what they really were: one row per folder of GI_DATA/fl_updates.

    GI_DATA=FOLDER python benchmarks/audits.py [--minutes 5] [--only NAME] [--out benchmarks/audits.csv]

Rows that stand in the file already are kept, so that it can be stopped and go on.
"""

from __future__ import annotations

import csv
import os
import time
from pathlib import Path

import click
import here  # noqa: F401
import torch

import gi_core as gi
from gi_core.audit.run import Report
from gi_core.metrics.image import psnr

COLUMNS = (
    "update", "pictures", "steps", "level", "word", "attack", "psnr", "control_psnr", "fit", "settled", "tried",
    "minutes", "seconds", "cpu_seconds", "commit",
)  # fmt: skip


def row_of(name: str, report: Report, minutes: float, cpu: float, commit: str) -> dict[str, object]:
    best = report.judged
    told = best.judgement if best else None
    if best is None or told is None:
        return {"update": name, "word": "no attack", "minutes": minutes, "commit": commit}
    control = min(told.controls, key=lambda c: float((told.controls[c] - told.truth).square().mean()))
    return {
        "update": name, "pictures": len(told.truth), "steps": report.record.steps,
        "level": told.level, "word": told.word, "attack": best.attack,
        "psnr": round(float(psnr(told.images, told.truth).max()), 1),
        "control_psnr": round(float(psnr(told.controls[control], told.truth).max()), 1), "fit": f"{best.best.fit:.2g}",
        "settled": best.best.ended, "tried": " ".join(a.attack.partition(":")[0] for a in report.attempts),
        "minutes": minutes, "seconds": round(report.seconds), "cpu_seconds": round(cpu), "commit": commit,
    }  # fmt: skip


@click.command(help=__doc__)
@click.option("--minutes", type=float, default=5.0)
@click.option("--only", default="", help="updates whose names hold this")
@click.option("--out", type=click.Path(path_type=Path), default=Path(__file__).with_suffix(".csv"))
@click.option("--commit", default="", help="what the rows say of the code's version")
def main(minutes: float, only: str, out: Path, commit: str) -> None:
    rows = list(csv.DictReader(out.open())) if out.exists() else []
    room = Path(os.environ["GI_DATA"]) / "fl_updates"
    for folder in sorted(p.parent for p in room.glob(f"*{only}*/update.json")):
        if any(r["update"] == folder.name for r in rows):
            continue
        torch.manual_seed(0)
        record, before = gi.audit.read(folder), time.process_time()
        report = gi.audit.run(record, truth=record.truth, minutes=minutes)
        rows.append(row_of(folder.name, report, minutes, time.process_time() - before, commit))  # type: ignore[arg-type]
        with out.open("w", newline="") as file:
            writer = csv.DictWriter(file, COLUMNS, lineterminator="\n")
            writer.writeheader()
            writer.writerows(sorted(rows, key=lambda r: str(r["update"])))
        print(folder.name, rows[-1], flush=True)


if __name__ == "__main__":
    main()
