"""``gi run``: one scenario, from pictures to scores."""

from __future__ import annotations

import dataclasses
import json
import signal
import sys
import threading
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any

import click
import torch

from gi_core.cli import STOPPED
from gi_core.cli.folder import writable
from gi_core.cli.plugin_option import plugin_option
from gi_core.data.sources import open_picture, picture_names
from gi_core.evaluation.controls import learned
from gi_core.evaluation.judge import judging
from gi_core.evaluation.wording import inspected, sentence
from gi_core.run import Run, prepare
from gi_core.scenario import Scenario
from gi_core.torch_setup import run_threads
from gi_core.trace import Trace


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


@click.command("run")
@scenario_options
@click.option(
    "--image", "images", multiple=True, required=True,
    help="picture file, folder of pictures, or sample name; repeat for a batch",
)  # fmt: skip
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
@plugin_option
def command(
    images: tuple[str, ...], labels: tuple[int, ...], out: Path | None, as_json: bool, device: str | None,
    judged: bool | None, **fields: Any,
) -> None:  # fmt: skip
    """Attack one update and measure what came out."""
    if out:
        writable(out)
    sources = [name for image in images for name in picture_names(image)]
    given = {name: value for name, value in fields.items() if value is not None}
    scenario = Scenario.from_dict({"batch_size": len(sources), **given})
    pictures = torch.stack([open_picture(s, scenario.image_size, scenario.channels) for s in sources])
    prepared = prepare(scenario, pictures, torch.tensor(labels) if labels else None, device=device)
    stop = threading.Event()
    stop_on_interrupt(stop)
    with run_threads():
        attack(prepared, stop)
        trace = prepared.trace()
        if not stop.is_set() and (judged or (judged is None and (not as_json or learned(prepared.attack)))):
            judge(prepared, trace, stop)
    click.echo(json.dumps(trace.to_dict()) if as_json else summary(trace.to_dict()))
    kept = out is None or save(trace, out)
    raise SystemExit(STOPPED if stop.is_set() else 0 if kept else 1)


def attack(prepared: Run, stop: threading.Event) -> None:
    """Iterate the run under a progress bar until its end or until ``stop``."""
    with click.progressbar(length=prepared.attack.iterations, label=prepared.scenario.attack, file=sys.stderr) as bar:
        for frame in prepared:
            bar.update(frame.iteration + 1 - bar.pos)
            if stop.is_set():
                return


def judge(prepared: Run, trace: Trace, stop: threading.Event) -> None:
    """Fill the trace's judgement under a progress bar, unless stopped."""
    with (
        click.progressbar(length=1000, label="control", file=sys.stderr) as bar,
        closing(judging(prepared, trace)) as steps,
    ):
        for share in steps:
            bar.update(round(1000 * share) - bar.pos)
            if stop.is_set():
                return


def save(trace: Trace, out: Path) -> bool:
    """Whether the record could be written; if not, a sentence says why."""
    try:
        trace.save(out)
    except OSError as error:
        click.echo(f"error: the record could not be written to {out}: {error.strerror or error}", err=True)
        return False
    return True


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
    if recovery := (trace["report"] or {}).get("label recovery"):
        line = f"labels right: {recovery['right']:.2f}, by an even guess {recovery['even guess']:.2f}"
        lines.append(f"{line} ({recovery['warning']})" if "warning" in recovery else line)
    return "\n".join(lines)


def verdict_lines(trace: dict[str, Any]) -> list[str]:
    """Control, gain, the bounds that bind, and the verdict."""
    verdict, control, gain = trace["verdict"], trace["control"], trace["gain"]
    return [
        f"control: psnr {control['psnr']:.3f}, ssim {control['ssim']:.3f} (the same attack given {control['name']});"
        f" gain {gain['psnr']['mean']:+.2f} dB, {gain['ssim']['mean']:+.3f} ssim",
        *(bound["says"] for bound in trace["bounds"]),
        f"verdict: {verdict['word']}. {sentence(verdict['levels'], verdict['reason'])}",
        *([inspected(trace["inspection"])] if trace["inspection"] else []),
    ]
