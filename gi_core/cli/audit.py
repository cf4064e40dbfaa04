"""``gi audit``: a recorded update, from its files to a verdict that a pipeline can act on."""

from __future__ import annotations

import inspect
import json
import sys
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import click

from gi_core.audit.checks import SEVERITIES
from gi_core.audit.preparation import prepared
from gi_core.audit.recipe import PLACES
from gi_core.audit.record import RecordedUpdate, read, side_file
from gi_core.audit.report import LEVELS, to_dict
from gi_core.audit.run import CONTROLS, Report, run
from gi_core.audit.sheet import Sheet, preflight
from gi_core.audit.truth import Truth
from gi_core.audit.words import headline, verdict
from gi_core.cli.folder import writable
from gi_core.cli.plugin_option import plugin_option
from gi_core.cli.run import stop_on_interrupt
from gi_core.errors import BadInput
from gi_core.plugins import member

NUMBERS = {"lr": float, "momentum": float, "weight_decay": float}
WHOLE = ("channels", "side", "pictures", "batch", "epochs", "steps", "round")
LISTS = ("mean", "std")
OBJECTS = ("filters", "dp_sgd", "metrics_sent", "wire")
FILES = ("before", "sent", "truth")


def field_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """One option per field of update.json, which overrides it."""
    for name in reversed(PLACES):
        flag = f"--{name.replace('_', '-')}"
        kind = NUMBERS.get(name) or (int if name in WHOLE else str)
        flags = (flag, "--image-size", "side") if name == "side" else (flag, name)
        command = click.option(*flags, type=kind, default=None, help=HELP.get(name, "as in update.json"))(command)
    return command


HELP = {
    "before": "file of the weights received (.safetensors, .npz, .pt)",
    "sent": "file of what was sent",
    "truth": "file of the true pictures (.npz: images, labels), for scoring alone",
    "sends": "weights, delta or gradient",
    "model": "the network by name, e.g. resnet18:width=16; see `gi list models`",
    "side": "picture side in pixels",
    "mean": "of the pixels, one number or one per channel: 0.5,0.5,0.5",
    "std": "of the pixels, likewise",
    "filters": 'JSON: [{"name": ..., "options": {...}}]',
    "lr": "the client's learning rate",
    "optimiser": "sgd, adam or adamw",
    "pictures": "of the client in this round",
    "batch": "pictures per step",
    "steps": "local steps",
    "mode": "train or eval: whose statistics BatchNorm used",
}


@click.command("audit")
@click.argument("folder", required=False)
@field_options
@click.option("--model-file", default=None, metavar="FILE.py:NAME", help="your own network: the file is run")
@click.option("--weights", default=None, help="with --data: weights to start from (.pt, .safetensors, .npz)")
@click.option("--data", default=None, help="folder of pictures: simulate a client on them, FOLDER being the network")
@click.option("--preflight", "only_sheet", is_flag=True, help="the sheet alone: seconds, no attack")
@click.option("--minutes", type=float, default=5.0, show_default=True, help="for all attacks and controls together")
@click.option("--attack", multiple=True, help="run this attack in place of our choice; repeat for more")
@click.option("--control", multiple=True, type=click.Choice(list(CONTROLS)), help="default: all of them")
@click.option("--seed", type=int, default=0, show_default=True)
@click.option("--fail-above", type=click.Choice(LEVELS[:3]), help="exit status 3 above this level; needs the truth")
@click.option("--fail-on", type=click.Choice(SEVERITIES[1:]), help="exit status 3 for a finding of this severity")
@click.option("--out", type=click.Path(path_type=Path), help="folder for report.html, .pdf and .json, or one such file")
@click.option("--no-pictures", is_flag=True, help="leave pictures out of the report")
@click.option("--json", "as_json", is_flag=True, help="print one JSON object on stdout")
@plugin_option
def command(
    folder: str | None, model_file: str | None, weights: str | None, data: str | None, only_sheet: bool, minutes: float,
    attack: tuple[str, ...], control: tuple[str, ...], seed: int, fail_above: str | None, fail_on: str | None,
    out: Path | None, no_pictures: bool, as_json: bool, **fields: Any,
) -> None:  # fmt: skip
    """A recorded update, or your own network and pictures: sheet, attacks, verdict, report.

    FOLDER holds update.json and the files that it names; every field of it is an option, too.

    Exit status: 0 done, 1 incomplete, 2 bad input, 3 above a threshold, 130 stopped.
    """
    if out is not None:
        writable(out.parent if out.suffix else out)
    if folder is None and fields["before"] is None and data is None:
        raise BadInput("nothing to audit: name a folder with update.json, or --before and --sent")
    given = {name: opened(name, value) for name, value in fields.items() if value is not None}
    record, truth = taken(folder, given, model_file, weights, data, seed)
    if fail_above is not None and (truth is None or only_sheet):
        raise BadInput(f"--fail-above {fail_above} judges pictures: it needs --truth, and attacks")
    if only_sheet:
        found = Report(record, preflight(record))
    else:
        found = audited(record, truth, minutes, attack, control or tuple(CONTROLS), seed)
    click.echo(json.dumps(to_dict(found)) if as_json else summary(found))
    if out is not None:
        found.save(out, pictures=not no_pictures)
    raise SystemExit(found.exit_status(fail_above, fail_on))


def opened(name: str, text: Any) -> Any:
    """An option's text as the field's value. Raises BadInput."""
    try:
        if name in LISTS:
            return [float(part) for part in str(text).split(",")]
        if name in OBJECTS:
            return json.loads(text)
    except ValueError:
        wanted = "numbers joined by commas" if name in LISTS else "JSON"
        raise BadInput(f"--{name.replace('_', '-')} {str(text)[:60]!r}: {wanted} are needed") from None
    return text


def taken(
    folder: str | None, given: dict[str, Any], model_file: str | None, weights: str | None, data: str | None, seed: int
) -> tuple[RecordedUpdate, Truth | Path | None]:
    """The record and its truth: read, or simulated on the user's own pictures."""
    if data is not None:
        network = model_file or folder or given.get("model")
        if not isinstance(network, str):
            raise BadInput("--data needs the network: FILE.py:NAME or a name of `gi list models`")
        return prepared(network, weights, data, given, seed)
    if weights is not None:
        raise BadInput("--weights goes with --data; of a recorded update, --before names the weights received")
    if folder is not None and ".py:" in folder:
        raise BadInput(f"{folder[:100]!r} is a network: add --data FOLDER with pictures, or name a recorded folder")
    make = None if model_file is None else maker(member(model_file), folder, given)
    record = read(folder, make=make, **given)
    return record, record.truth


def maker(function: Callable[..., Any], folder: str | None, given: dict[str, Any]) -> Callable[[], Any]:
    """The user's function with those options of the side file's ``model`` that it takes."""
    model = given.get("model") or (side_file(Path(folder))[0].get("model") if folder else None)
    options = model if isinstance(model, dict) else {}
    try:
        wanted = inspect.signature(function).parameters.values()
    except (TypeError, ValueError):
        return function
    anything = any(p.kind is p.VAR_KEYWORD for p in wanted)
    names = {p.name for p in wanted}
    return lambda: function(**{key: value for key, value in options.items() if anything or key in names})


def audited(
    record: RecordedUpdate, truth: Truth | Path | None, minutes: float, attack: tuple[str, ...],
    control: tuple[str, ...], seed: int,
) -> Report:  # fmt: skip
    """The audit under a progress bar; the first Ctrl-C stops it and keeps what was found."""
    stop = threading.Event()
    stop_on_interrupt(stop)
    with click.progressbar(length=1000, label="audit", file=sys.stderr) as bar:

        def progress(share: float, doing: str) -> None:
            bar.label = doing[:40]
            bar.update(max(0, round(1000 * share) - bar.pos))

        return run(
            record, truth=truth, minutes=minutes, controls=control, attack=attack, seed=seed, progress=progress,
            stop=stop.is_set,
        )  # fmt: skip


def summary(report: Report) -> str:
    """For people: the verdict, then the sheet."""
    lines = [] if not report.settings else [f"{headline(report)}. {verdict(report)}"]
    lines += sheet_lines(report.sheet)
    for one in report.attempts:
        word = one.judgement.word if one.judgement else "not judged"
        lines.append(f"tried {one.attack}: {word}; left unexplained {one.best.fit:.2g}, control {one.control_fit:.2g}")
    lines += [f"not tried {s.attack}: {s.reason}" for s in report.skipped]
    lines += [f"broke {name}: {error}" for name, error in {**report.sheet.failed, **report.failed}.items()]
    lines += [f"change: {c.says} ({c.number}: {c.before:.4g} to {c.after:.4g})" for c in report.change]
    return "\n".join(lines)


def sheet_lines(sheet: Sheet) -> list[str]:
    return [f"{f.severity:<8} {f.finding}" for f in sheet.findings]
