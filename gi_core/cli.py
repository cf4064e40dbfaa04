"""Command line: run, list, study, train. Exit status 0 done, 2 bad input, 130 stopped."""

from __future__ import annotations

import dataclasses
import json
import signal
import sys
import threading
import time
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any

import click
import torch

from gi_core import catalogue
from gi_core.data.sources import open_picture
from gi_core.errors import BadInput
from gi_core.evaluation.controls import learned
from gi_core.evaluation.judge import judging
from gi_core.evaluation.wording import sentence
from gi_core.run import prepare
from gi_core.scenario import Scenario
from gi_core.studies import run_study, studies
from gi_core.studies.base import read_rows
from gi_core.training import train as train_network

STOPPED = 130


def scenario_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """One option per field of Scenario, same name, same meaning."""
    for field in reversed(dataclasses.fields(Scenario)):
        default = None if field.name == "batch_size" else field.default
        help_text = field.metadata["text"] + (" (default: the number of pictures)" if default is None else "")
        command = click.option(
            f"--{field.name.replace('_', '-')}", field.name, default=default, type=str, help=help_text,
            show_default=default is not None,
        )(command)  # fmt: skip
    return command


@click.group()
def main() -> None:
    """The Gradient Inversion Explorer: what does a federated update tell about its pictures?"""


@main.command()
@scenario_options
@click.option("--image", "images", multiple=True, required=True, help="picture file or sample name; repeat for a batch")
@click.option("--label", "labels", multiple=True, type=int, help="class index, one per picture; default: from the seed")
@click.option("--out", type=click.Path(path_type=Path), help="folder for trace.json, pictures, history.csv, images.npz")
@click.option("--json", "as_json", is_flag=True, help="print one JSON object on stdout")
@click.option("--device", default=None, help="cpu, cuda, ...; default: cuda where there is one")
@click.option(
    "--judge/--no-judge",
    "judged",
    default=None,
    help="attack an update without information too, which takes as long again: control, gain, rank, bounds, verdict"
    " (default: yes, but with --json only for attacks that are learned)",
)
def run(
    images: tuple[str, ...], labels: tuple[int, ...], out: Path | None, as_json: bool, device: str | None,
    judged: bool | None, **fields: Any,
) -> None:  # fmt: skip
    """Attack one update and measure what came out."""
    given = {name: value for name, value in fields.items() if value is not None}
    scenario = Scenario.from_dict({"batch_size": len(images), **given})
    pictures = torch.stack([open_picture(i, scenario.image_size, scenario.channels) for i in images])
    truth_labels = torch.tensor(labels) if labels else None
    prepared = prepare(scenario, pictures, truth_labels, device=device)
    stop = threading.Event()
    stop_on_interrupt(stop)
    with click.progressbar(length=prepared.attack.iterations, label=scenario.attack, file=sys.stderr) as bar:
        for frame in prepared:
            bar.update(frame.iteration + 1 - bar.pos)
            if stop.is_set():
                break
    trace = prepared.trace()
    if not stop.is_set() and (judged or (judged is None and (not as_json or learned(prepared.attack)))):
        with (
            click.progressbar(length=1000, label="control", file=sys.stderr) as bar,
            closing(judging(prepared, trace)) as steps,
        ):
            for share in steps:
                bar.update(round(1000 * share) - bar.pos)
                if stop.is_set():
                    break
    if out:
        trace.save(out)
    if as_json:
        click.echo(json.dumps(trace.to_dict()))
    else:
        click.echo(summary(trace.to_dict()))
    raise SystemExit(STOPPED if stop.is_set() else 0)


def stop_on_interrupt(stop: threading.Event) -> None:
    """The first Ctrl-C sets ``stop``, for the loop to see between two iterations; a second one interrupts at once."""

    def first(*_: object) -> None:
        stop.set()
        signal.signal(signal.SIGINT, signal.default_int_handler)

    signal.signal(signal.SIGINT, first)


def summary(trace: dict[str, Any]) -> str:
    """A few lines for people."""
    lines = [
        f"{trace['iterations']} iterations in {trace['seconds']:.1f} s" + (" (stopped)" if trace["stopped"] else "")
    ]
    for i, scores in enumerate(trace["scores"]):
        numbers = ", ".join(f"{k} {v:.3f}" for k, v in scores.items() if isinstance(v, float))
        lines.append(f"picture {i}: {numbers}")
    if trace["verdict"] is not None:
        lines += verdict_lines(trace)
    if trace["guessed_labels"] is not None:
        lines.append(f"labels: true {trace['labels']}, attacker's {trace['guessed_labels']}")
    return "\n".join(lines)


def verdict_lines(trace: dict[str, Any]) -> list[str]:
    """Control, gain, the bounds that bind, and the verdict."""
    verdict, control, gain = trace["verdict"], trace["control"], trace["gain"]
    return [
        f"control: psnr {control['psnr']:.3f}, ssim {control['ssim']:.3f} (the same attack given {control['name']});"
        f" gain {gain['psnr']['mean']:+.2f} dB, {gain['ssim']['mean']:+.3f} ssim",
        *(bound["says"] for bound in trace["bounds"]),
        f"verdict: {verdict['word']}. {sentence(verdict['levels'], verdict['reason'])}",
    ]


@main.command("list")
@click.argument("kind", required=False)
@click.option("--json", "as_json", is_flag=True, help="print one JSON object on stdout")
def list_(kind: str | None, as_json: bool) -> None:
    """What there is: models, attacks, defenses, priors, metrics, samples, ..."""
    found = catalogue.describe(kind)
    if as_json:
        click.echo(json.dumps(found))
        return
    for name, entries in found.items():
        click.secho(name, bold=True)
        for entry in entries:
            keys = ", ".join(f"{o['name']}={o['default']}" for o in entry.get("options", []))
            click.echo(f"  {entry['name']:<18} {entry['summary']}" + (f"\n{'':<21}{keys}" if keys else ""))


@main.command()
@click.argument("name")
@click.option(
    "--out", type=click.Path(path_type=Path), required=True, help="folder of the table; the same again resumes"
)
@click.option("--budget", type=float, default=None, help="minutes after which no new cell starts")
@click.option("--workers", type=click.IntRange(1, 4096), default=1, help="cells measured at a time")
@click.option("--ray", "cluster", default=None, help="address of a Ray cluster (auto: the one here; local: start one)")
def study(name: str, out: Path, budget: float | None, workers: int, cluster: str | None) -> None:
    """Run a grid of experiments; a table that is there already is continued."""
    grid = studies.parse(name)
    total, started, begun = sum(1 for _ in grid.cells()), time.monotonic(), len(read_rows(out / f"{grid.name}.csv"))
    for count, row in enumerate(run_study(grid, out, budget, workers=workers, cluster=cluster), 1):
        text = "  ".join(f"{key} {value}" for key, value in row.items() if value != "")
        left = (time.monotonic() - started) / (count - begun) * (total - count) if count > begun else None
        click.echo(f"[{count}/{total}{'' if left is None else f', {left / 60:.0f} min left'}] {text}", err=True)
    click.echo(str(out))
    failures = read_rows(out / f"{grid.name}.failures.csv")
    if failures:
        click.echo(f"error: {len(failures)} cells failed, the first with: {failures[0]['error']}", err=True)
        raise SystemExit(1)


@main.command()
@click.argument("name")
@click.option("--data", type=click.Path(path_type=Path), default=None, help="folder of the data sets; default: GI_DATA")
@click.option(
    "--out", type=click.Path(path_type=Path), required=True, help="folder of weights and card; the same again resumes"
)
def train(name: str, data: Path | None, out: Path) -> None:
    """Train a network by name; interrupted, the same command goes on from the checkpoint."""
    for progress in train_network(name, data=data, out=out):
        click.echo("  ".join(f"{key} {value}" for key, value in progress.items()), err=True)
    click.echo(str(out))


def entry_point() -> None:
    """Run the command line; bad input becomes one sentence on stderr and exit status 2."""
    started = time.time()
    try:
        main(standalone_mode=False)
    except BadInput as error:
        click.echo(f"error: {error}", err=True)
        raise SystemExit(2) from None
    except click.ClickException as error:
        error.show()
        raise SystemExit(2) from None
    except (click.Abort, KeyboardInterrupt):
        click.echo(f"stopped after {time.time() - started:.0f} s", err=True)
        raise SystemExit(STOPPED) from None
