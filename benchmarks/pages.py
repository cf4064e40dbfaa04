"""Tables of the docs from the records that they state: ``python benchmarks/pages.py`` writes every block marked
``<!-- NAME -->`` ... ``<!-- /NAME -->`` anew; a test holds the pages against what it would write."""

from __future__ import annotations

import csv
import re
import statistics
from collections.abc import Callable
from pathlib import Path

import click
import here  # noqa: F401

from gi_core.attacks import attacks
from gi_core.evaluation.calibration import above, because, halves, left_out, viewed
from gi_core.evaluation.verdict import STRUCTURE
from gi_core.risk.evidence import rows
from gi_core.studies.feasibility import REGIMES, told
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
VICTIMS = ("lenet", "resnet18", "convnet")
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
    measured = {row["attack"]: row for row in benchmark("single_pass")}
    body = []
    for attack, name in NAMES.items():
        own = measured.get(attack)
        share = f"{float(own['times_as_long']):,.0f}x ({own['milliseconds']} ms)" if own else "–"
        ratios = [f"{seconds['dlg', *place] / seconds[attack, *place]:,.1f}x".replace(".0x", "x") for place in places]
        body.append((name, *ratios, share))
    heads = tuple(f"{m.replace('resnet18', 'ResNet').replace('lenet', 'LeNet')}, {DATA[d]}" for m, d in places)
    return table(("attack", *heads, "ours: LeNet, CIFAR-10"), body)


def benchmark(name: str) -> list[Row]:
    """Rows of ``benchmarks/NAME.csv``, values as text."""
    with (ROOT / "benchmarks" / f"{name}.csv").open(newline="") as lines:
        return list(csv.DictReader(lines))


def peers_speed() -> str:
    """Iterations of Inverting Gradients a second, ours over theirs, and memory."""
    found = {(r["model"], r["batch"], r["side"]): r for r in benchmark("peers_speed")}
    body = []
    for model in VICTIMS:
        for batch in ("1", "4", "16"):
            own, breaching, aijack = (found[model, batch, side] for side in ("ours", "breaching", "aijack"))
            three = (own, breaching, aijack)
            body.append((
                f"`{model}`, {batch}", *(f"{float(r['iterations_per_second']):.3g}" for r in three),
                *(f"**{float(r['times_ours']):.2f}**" for r in (breaching, aijack)),
                *(f"{float(r['mib']):.0f}" for r in three),
            ))  # fmt: skip
    return table((
        "victim, batch", "iterations per second: ours", "breaching", "AIJack", "times as long: breaching", "AIJack",
        "MiB: ours", "breaching", "AIJack",
    ), body)  # fmt: skip


def spread(values: list[float]) -> str:
    return f"{statistics.fmean(values):.1f} ± {statistics.stdev(values):.1f}"


def peers_picture() -> str:
    """Inverting Gradients and breaching, each as published: time of a step, and how good the picture gets."""
    body = []
    for model in VICTIMS:
        runs = [r for r in benchmark("peers") if r["model"] == model]
        numbers = {name: [float(r[name]) for r in runs] for name in runs[0] if name not in ("model", "picture")}
        middle = {name: statistics.median(values) for name, values in numbers.items()}
        body.append((
            f"`{model}`", f"{middle['ms']:.1f}", f"{middle['breaching_ms']:.1f}", f"**{middle['ratio']:.2f}**",
            f"{middle['cpu_seconds']:.0f}", f"**{spread(numbers['psnr'])}**",
            spread(numbers["psnr_equal_iterations"]), spread(numbers["breaching_psnr"]),
        ))  # fmt: skip
    return table((
        "victim", "ms per iteration, ours", "breaching", "ratio", "CPU seconds per run", "PSNR at equal seconds, ours",
        "PSNR at equal iterations, ours", "breaching",
    ), body)  # fmt: skip


def speed() -> str:
    """One iteration over the bare passes, by batch."""
    found = {(r["model"], r["batch"]): float(r["times_bare"]) for r in benchmark("speed")}
    body = [
        (f"`{model}`", *(f"{found[model, batch]:.2f}" for batch in ("1", "4", "16")))
        for model in ("lenet", "convnet", "resnet18")
    ]
    return table(("times the bare passes at batch", "1", "4", "16"), body)


def floor() -> str:
    """One iteration over the evaluations it makes, by attack; in brackets over the arithmetic floor."""
    found = {(r["model"], r["attack"]): r for r in benchmark("floor")}
    attacks = list(dict.fromkeys(attack for _, attack in found))
    told = lambda r: f"{float(r['times_bare']):.2f} ({float(r['times_arithmetic']):.2f})" if r else "no BatchNorm"
    body = [
        (f"`{model}`", *(told(found.get((model, attack))) for attack in attacks))
        for model in ("lenet", "convnet", "resnet18")
    ]
    return table(("times the bare passes", *(f"`{attack}`" for attack in attacks)), body)


def venom_noise() -> str:
    """PSNR against noise of what reads only the head, and the limit of that."""
    names = {"cifar10": "CIFAR-10", "imagenet-sample": "photographs"}
    body = [
        (
            f"{names[r['pictures']]} ({r['count']})", f"{float(r['z']):g}",
            f"**{float(r['venom']):.1f}** ± {float(r['ci']):.1f}",
            *(f"{float(r[key]):.1f}" for key in ("limit", "fgla", "mean")),
        )
        for r in benchmark("venom_noise")
    ]  # fmt: skip
    return table(("pictures", "z", "`venom`", "limit", "`fgla`", "mean picture"), body)


def single_pass() -> str:
    """What one pass takes, and how many times as long the slow attack of the same run."""
    measured = benchmark("single_pass")
    body = [
        (f"`{r['attack']}`", f"{float(r['milliseconds']):.1f} ms", f"{int(r['times_as_long']):,} times")
        for r in measured
    ]
    return table(("attack", "from update to picture", f"`{measured[0]['slow']}` takes as long"), body)


def grouped(name: str, *keys: str) -> dict[tuple[str, ...], list[Row]]:
    """Rows of a study's table by these coordinates, in the order of the table."""
    found: dict[tuple[str, ...], list[Row]] = {}
    for row in rows(name):
        found.setdefault(tuple(row[key] for key in keys), []).append(row)
    return found


def imprint_photographs() -> str:
    """Draws of photographs: share recovered beside theory, and how far its mean is from it in standard errors."""
    body = []
    for (model, clients, batch, server, by), draws in grouped(
        "imprint-photographs", "model", "clients", "batch_size", "server", "by"
    ).items():
        share = [float(r["recovered"]) for r in draws]
        expected, mean = float(draws[0]["expected"]), statistics.fmean(share)
        spread = statistics.stdev(share) if len(share) > 2 else 0.0
        off = (mean - expected) / (spread / len(share) ** 0.5) if spread else None
        told = [r for r in draws if r["decoding"]]
        body.append((
            f"`{model}`", f"{clients} x {batch}", f"`{server}`", by, str(len(draws)),
            f"{mean:.1%}" + (f" ± {100 * spread:.1f}" if spread else ""), f"{expected:.1%}",
            "–" if off is None or "questions=1" not in server else f"{off:+.1f}",
            f"{sum(s >= 0.7 for s in share)} of {len(share)}",
            f"{sum(int(r['trusted']) for r in told)}, {sum(int(r['false']) for r in told)}" if told else "–",
            str(sum(int(r["control"]) for r in told)) if told else "–",
            f"{statistics.median(float(r['decoding']) for r in told):.2f}" if told else "–",
        ))  # fmt: skip
    return table((
        "victim", "clients x photographs", "server", "by", "draws", "recovered ± deviation of a draw", "theory",
        "off, in standard errors", "draws from 70 % on", "trusted, falsely", "trusted in controls", "decoding, CPU s",
    ), body)  # fmt: skip


def inconsistent() -> str:
    """Attacks on one client of many: PSNR alone, behind the inconsistent server, and behind an honest one."""
    body: list[tuple[str, ...]] = []
    refused: list[str] = []
    for (model, attack), runs in grouped("inconsistent", "model", "attack").items():
        told = [r for r in runs if r["alone"]]
        if not told:
            refused.append(f"`{attack}` on `{model}`")
            continue
        means = [statistics.fmean(float(r[key]) for r in told) for key in ("alone", "inconsistent", "blind")]
        most = max(abs(float(r["alone"]) - float(r["inconsistent"])) for r in told)
        residual = max(float(r["residual"]) for r in told)
        body.append((f"`{model}`", f"`{attack}`", *(f"{m:.1f}" for m in means), f"{most:.2f}", f"{residual:.1g}"))
    head = ("victim", "attack", "alone, dB", "of 16, inconsistent", "of 16, honest", "largest difference", "residual")
    told = f"\nRefused with and without the server: {', '.join(refused)}.\n" if refused else ""
    return table(head, body) + told


def fishing() -> str:
    """Pictures fished out of a batch and read by the row space; those that failed are listed with the others."""
    body = []
    for (kind, batch), runs in grouped("fishing", "kind", "batch_size").items():
        read = [r for r in runs if r["psnr"]]
        body.append((
            kind, batch, str(len(runs)), f"{max((float(r['residual']) for r in runs if r['residual']), default=0):.1g}",
            ", ".join(f"{float(r['psnr']):.1f}" for r in read) or "–",
            f"{sum(float(r['psnr']) >= 45 for r in read)} of {len(read)}",
        ))  # fmt: skip
    return table(("by", "batch", "updates", "largest residual", "PSNR of `span`, dB", "from 45 dB on"), body)


def inspection_servers() -> str:
    """What the inspection says of each server, by victim."""
    found = grouped("inspection", "server", "model")
    victims = list(dict.fromkeys(m for s, m in found if s != "honest"))
    body = []
    for server in dict.fromkeys(s for s, _ in found if s != "honest"):
        levels = [found[server, m][0]["level"] if (server, m) in found else "not measured" for m in victims]
        body.append((f"`{server}`", *levels))
    return table(("server", *(f"`{m}`" for m in victims)), body)


def inspection_honest() -> str:
    """False alarms over the honest models, by where their weights come from."""
    says = {"fresh": "ours, fresh, 32 pixels", "fresh-224": "ours, fresh, 224 pixels", "trained": "ours, trained",
            "timm": "timm, random weights", "held-out": "held out: ours, fresh, other draws and widths",
            "held-out-trained": "held out: ours, trained for 30 or 150 steps",
            "held-out-timm": "held out: timm, others"}  # fmt: skip
    body = []
    for (kind,), models in grouped("inspection", "kind").items():
        if kind == "malicious":
            continue
        count = lambda level, models=models: sum(r["level"] == level for r in models)
        signals = sum(bool(r["signal"]) for r in models)
        body.append((
            says[kind], str(len(models)), str(signals), str(count("red")), str(count("amber")),
            ", ".join(f"`{r['model']}`" for r in models if r["level"] != "green") or "–",
        ))  # fmt: skip
    return table(("honest models", "models", "with gradients", "red", "amber", "which"), body)


def span_trained() -> str:
    """The attack span on a victim trained for some epochs, picture by picture."""
    body = [
        (
            epochs,
            row["update"],
            f"{float(row['psnr']):.1f}",
            f"{float(row['ssim']):.3f}",
            f"{float(row['ssim_others']):.3f}",
        )
        for epochs in ("1", "3")
        for row in rows(f"span-trained-epoch{epochs}")
    ]
    return table(("epochs", "picture", "PSNR, dB", "SSIM", "SSIM to other pictures"), body)


def percent(share: float | None) -> str:
    return "–" if share is None else f"{share:.1%}".replace("%", " %")


def calibration() -> str:
    """What the words are worth on pictures that chose no threshold."""
    held_out = halves(viewed(rows("calibration")))[1]
    named, faithful = above(held_out, STRUCTURE[1]), above(held_out, STRUCTURE[2])
    nothing = [v for v in held_out if v.likeness.level() == 0]
    body = [
        ("*Recognisable* or *Faithful*: named because of the update", "at least 80 %", percent(because(named)),
         str(len(named))),
        ("*Nothing*: named because of the update all the same", "at most 5 %", percent(because(nothing)),
         str(len(nothing))),
        ("*Faithful*: PSNR from 25 dB on and LPIPS up to 0.05", "at least 95 %",
         percent(sum(v.same for v in faithful) / len(faithful)), str(len(faithful))),
    ]  # fmt: skip
    return table(("on pictures that chose nothing", "asked", "found", "reconstructions"), body)


def calibration_by_attack() -> str:
    """The same, each attack against thresholds that it did not help to choose."""
    body = [
        (f"`{found.attack}`", f"{found.thresholds[0]:.2f}", percent(found.named), str(found.count),
         percent(found.missed), str(found.nothing))
        for found in left_out(rows("calibration"))
    ]  # fmt: skip
    return table((
        "attack left out", "*Recognisable* from", "named", "of", "*Nothing*, named all the same", "of",
    ), body)  # fmt: skip


def feasibility() -> str:
    """Every regime of the feasibility study in one line, beside the paper's finding."""
    body = []
    for name, regime in REGIMES.items():
        runs = [row for row in rows("feasibility") if row["regime"] == name]
        found = told(runs)
        if found is None:
            body.append((name, f"`{regime.attack}`", *("",) * 6, "not run", regime.theirs))
            continue
        longest = max(int(row["iterations"]) for row in runs)
        body.append((
            name, f"`{attacks.parse(regime.attack).name}`", f"{found.psnr:.1f}", f"{found.ssim:.2f}",
            f"{found.structure:.2f}", f"{found.pictures} x {found.seeds}", str(longest), f"{found.cpu_hours:.3f}",
            found.word, regime.theirs,
        ))  # fmt: skip
    return table((
        "regime", "attack", "PSNR, dB", "SSIM", "structure", "pictures x seeds", "iterations, longest", "CPU hours",
        "found", "paper",
    ), body)  # fmt: skip


FOUND = {
    "span-narrow": "`span`", "span-narrow-default": "`span`, ATen's default kernels",
    "span-narrow-avx2": "`span`, AVX2", "span-batches": "`span`",
    "span-224": "`span`, 224 pixels", "april": "`april`, 32 pixels",
    "april-224": "`april`, 224 pixels",
}  # fmt: skip


def span_found() -> str:
    """Batches and single pictures, labels not given: what came back, and what the attack itself called found."""
    body = []
    for name, attack in FOUND.items():
        for (model, size), updates in grouped(name, "model", "batch_size").items():
            decibels = [float(q) for r in updates for q in r["psnr"].split()]
            total = lambda key, updates=updates: sum(int(r[key]) for r in updates)
            trusted = f"{total('trusted')}, {total('false')}" if "span" in name else "–"
            seconds = statistics.median(float(r["cpu_seconds"]) for r in updates) / int(size)
            body.append((
                attack, f"`{model}`", size, str(len(updates)),
                f"{min(decibels):.1f}", f"{statistics.median(decibels):.1f}",
                f"{sum(q >= 50 for q in decibels)} of {len(decibels)}", f"{total('labels_right')} of {len(decibels)}",
                trusted, f"{seconds:.1f}", f"`{name}.csv`",
            ))  # fmt: skip
    head = ("attack", "victim", "pictures an update", "updates", "lowest, dB", "median, dB", "from 50 dB on",
            "labels right", "trusted, of them false", "CPU s a picture", "record")  # fmt: skip
    return table(head, body)


def span_centred() -> str:
    """Maps of training mode against the truth, by layer and batch."""
    body = [
        (
            f"`{layer}`",
            size,
            str(len(found)),
            max(r["next"] for r in found),
            f"{max(float(r['worst']) for r in found):.0e}",
        )
        for (layer, size), found in grouped("training-maps", "layer", "batch_size").items()
    ]
    return table(("convolution", "pictures", "updates", "next eigenvalue, largest", "1 - cos², worst picture"), body)


def span_controls() -> str:
    """Updates that are not what the attack is told: what it read, trusted, and trusted wrongly."""
    body = []
    for (name,), found in grouped("span-controls", "control").items():
        total = lambda key, found=found: str(sum(int(r[key]) for r in found))
        body.append((name, str(len(found)), total("read"), total("trusted"), total("false")))
    return table(("control", "runs", "maps read", "pictures trusted", "wrongly"), body)


BLOCKS: dict[str, Callable[[], str]] = {
    "venom-mnist": lambda: venom_cells("mnist"),
    "venom-cifar10": lambda: venom_cells("cifar10"),
    "venom-elsewhere": venom_not_measured,
    "venom-times": venom_times,
    "single-pass": single_pass,
    "venom-noise": venom_noise,
    "peers-speed": peers_speed,
    "peers-picture": peers_picture,
    "speed": speed,
    "span-centred": span_centred,
    "span-controls": span_controls,
    "span-found": span_found,
    "span-trained": span_trained,
    "calibration": calibration,
    "calibration-by-attack": calibration_by_attack,
    "feasibility": feasibility,
    "floor": floor,
    "imprint-photographs": imprint_photographs,
    "inconsistent": inconsistent,
    "fishing": fishing,
    "inspection-servers": inspection_servers,
    "inspection-honest": inspection_honest,
}


def filled(page: str) -> str:
    """The page with every block that is known here made anew."""
    for name, block in BLOCKS.items():
        pattern = re.compile(rf"(<!-- {name} -->\n).*?(<!-- /{name} -->)", re.DOTALL)
        page = pattern.sub(lambda found, text=block: found[1] + text() + found[2], page)
    return page


@click.command(help=__doc__)
def main() -> None:
    for file in sorted(DOCS.glob("*.md")):
        file.write_text(filled(file.read_text(encoding="utf-8")), encoding="utf-8")


if __name__ == "__main__":
    main()
