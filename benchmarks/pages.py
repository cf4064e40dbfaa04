"""Tables of the docs from the records that they state: ``python benchmarks/pages.py`` writes every block marked
``<!-- NAME -->`` ... ``<!-- /NAME -->`` anew; a test holds the pages against what it would write."""

from __future__ import annotations

import csv
import re
from collections.abc import Callable
from pathlib import Path

import here  # noqa: F401

from gi_core.risk.evidence import rows
from gi_core.studies.published import Published, venom_seconds, venom_table

ROOT = Path(__file__).resolve().parents[1]
DOCS = ROOT / "docs"
NAMES = {
    "grnn": "GRNN", "ig": "IG", "dlg": "DLG", "fgla": "FGLA", "mjolnir": "Mjölnir", "venom-diff": "Venom-Diff",
    "venom": "Venom",
}  # fmt: skip
DATA = {"mnist": "MNIST", "cifar10": "CIFAR-10", "cifar100": "CIFAR-100", "imagenet": "ImageNet"}
OURS = (
    ("LeNet, Algorithm 1", ("venom-table",), "lenet", "alg1"),
    ("LeNet, 2C/m, m = 64", ("venom-table",), "lenet", "2C/64"),
    ("LeNet, as Mjölnir's code", ("venom-table",), "lenet", "mjolnir-code"),
    ("ResNet-18, Algorithm 1", ("venom-table-resnet18", "venom-table-resnet18-longer"), "resnet18", "alg1"),
)
"""Columns beside the published one: heading, tables (the first that has the cell), victim, noise convention."""
Row = dict[str, str]


def table(head: tuple[str, ...], body: list[tuple[str, ...]]) -> str:
    """A Markdown table."""
    lines = [head, ("---",) * len(head), *body]
    return "".join(f"| {' | '.join(line)} |\n" for line in lines)


def theirs(cell: Published) -> str:
    return f"{cell.psnr:.2f} {cell.ssim:.3f} {cell.lpips:.3f} {cell.asr:.0%}"


def ours(row: Row | None) -> str:
    """PSNR, SSIM, LPIPS, success; the control's PSNR in brackets; how many pictures where they are few."""
    if row is None or not row["psnr"]:
        return "not measured"
    perceived = f"{float(row['lpips']):.3f}" if row["lpips"] else "–"
    told = f"{float(row['psnr']):.2f} {float(row['ssim']):.3f} {perceived} {float(row['asr']):.0%}"
    guess = f" ({float(row['control_psnr']):.2f})" if row["control_psnr"] else ""
    few = f", n = {row['count']}" if int(row["count"]) < 50 else ""
    return told + guess + few


def cells() -> dict[tuple[str, ...], Row]:
    """Every row of our tables by (table, data, victim, convention, epsilon, attack)."""
    names = {name for _, tables, _, _ in OURS for name in tables}
    return {
        (name, *(row[key] for key in ("data", "model", "convention", "epsilon", "attack"))): row
        for name in names
        for row in rows(name)
    }


def venom_cells(data: str) -> str:
    """Table 1 of one data set: each published cell beside ours under each reading of the noise."""
    found = cells()
    body = []
    for (of, attack, epsilon), published in venom_table().items():
        if of == data:
            beside = [
                ours(
                    next(
                        (found[k] for t in tables if (k := (t, data, model, how, str(epsilon), attack)) in found), None
                    )
                )
                for _, tables, model, how in OURS
            ]
            body.append((NAMES[attack], str(epsilon), theirs(published), *beside))
    return table(("attack", "epsilon", "published", *(heading for heading, *_ in OURS)), body)


def venom_not_measured() -> str:
    """Table 1 of the data sets that we have no victims for."""
    body = [
        (DATA[data], NAMES[attack], str(epsilon), theirs(published))
        for (data, attack, epsilon), published in venom_table().items()
        if data in ("cifar100", "imagenet")
    ]
    return table(("data", "attack", "epsilon", "published"), body)


def venom_times() -> str:
    """Table 2 as ratios to DLG in the same column, and ours to DLG in one run on one core."""
    seconds = venom_seconds()
    places = [("lenet", "cifar100"), ("lenet", "imagenet"), ("resnet18", "cifar100"), ("resnet18", "imagenet")]
    measured = {row["attack"]: row for row in timed()}
    body = []
    for attack, name in NAMES.items():
        own = measured.get(attack)
        share = f"{float(own['times_as_long']):,.0f}x ({own['milliseconds']} ms)" if own else "–"
        ratios = [f"{seconds['dlg', *place] / seconds[attack, *place]:,.1f}x".replace(".0x", "x") for place in places]
        body.append((name, *ratios, share))
    heads = tuple(f"{m.replace('resnet18', 'ResNet').replace('lenet', 'LeNet')}, {DATA[d]}" for m, d in places)
    return table(("attack", *heads, "ours: LeNet, CIFAR-10"), body)


def timed() -> list[Row]:
    with (ROOT / "benchmarks" / "single_pass.csv").open(newline="") as lines:
        return list(csv.DictReader(lines))


def single_pass() -> str:
    """What one pass takes, and how many times as long the slow attack of the same run."""
    measured = timed()
    body = [
        (f"`{r['attack']}`", f"{float(r['milliseconds']):.1f} ms", f"{int(r['times_as_long']):,} times")
        for r in measured
    ]
    return table(("attack", "from update to picture", f"`{measured[0]['slow']}` takes as long"), body)


BLOCKS: dict[str, Callable[[], str]] = {
    "venom-mnist": lambda: venom_cells("mnist"),
    "venom-cifar10": lambda: venom_cells("cifar10"),
    "venom-elsewhere": venom_not_measured,
    "venom-times": venom_times,
    "single-pass": single_pass,
}


def filled(page: str) -> str:
    """The page with every block that is known here made anew."""
    for name, block in BLOCKS.items():
        pattern = re.compile(rf"(<!-- {name} -->\n).*?(<!-- /{name} -->)", re.DOTALL)
        page = pattern.sub(lambda found, text=block: found[1] + text() + found[2], page)
    return page


if __name__ == "__main__":
    for file in sorted(DOCS.glob("*.md")):
        file.write_text(filled(file.read_text(encoding="utf-8")), encoding="utf-8")
