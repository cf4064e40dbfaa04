"""``gi inspect``: what a client can see of the model it was sent."""

from __future__ import annotations

import dataclasses
import json
from typing import Any

import click
import torch

from gi_core.cli.plugin_option import plugin_option
from gi_core.data.sources import open_picture, picture_names
from gi_core.errors import BadInput
from gi_core.evaluation.inspection import Sight, inspect_sent
from gi_core.scenario import Scenario

DEFAULTS = {f.name: f.default for f in dataclasses.fields(Scenario)}


@click.command("inspect")
@click.argument("name", required=False, metavar="[MODEL]")
@click.option("--model", default=None, help="victim architecture, as MODEL")
@click.option("--weights", default=DEFAULTS["weights"], show_default=True, help="where the victim's weights come from")
@click.option("--server", default=DEFAULTS["server"], show_default=True, help="who sends the model")
@click.option("--num-classes", type=int, default=10, show_default=True, help="classes the victim tells apart")
@click.option("--image-size", type=int, default=32, show_default=True, help="picture side in pixels")
@click.option("--channels", type=int, default=3, show_default=True, help="3 for colour, 1 for grey")
@click.option("--seed", type=int, default=0, show_default=True, help="of the server's draws and of the pictures")
@click.option("--image", "images", multiple=True, help="own pictures, at least two; default: crops of public ones")
@click.option("--weights-only", is_flag=True, help="do not compare with the architecture that MODEL names")
@click.option("--json", "as_json", is_flag=True, help="print one JSON object on stdout")
@plugin_option
def command(
    name: str | None, model: str | None, images: tuple[str, ...], weights_only: bool, as_json: bool, **fields: Any
) -> None:
    """What a client can see of the model it was sent: red, amber or green, and why."""
    if name and model and name != model:
        raise BadInput(f"two models are named, {name!r} and {model!r}: one is needed")
    if not (name or model):
        raise BadInput("no model is named: gi inspect MODEL, for instance resnet18")
    scenario = Scenario(model=name or model, **fields)  # type: ignore[arg-type]
    sources = [s for image in images for s in picture_names(image)]
    pictures = (
        torch.stack([open_picture(s, scenario.image_size, scenario.channels) for s in sources]) if sources else None
    )
    sight = inspect_sent(scenario, pictures, architecture=not weights_only)
    click.echo(json.dumps(sight.to_dict()) if as_json else "\n".join(lines(sight)))


def lines(sight: Sight) -> list[str]:
    """The findings for people."""
    text: list[str] = [sight.level]
    for who, found in (("the target's model", sight.target), ("the other clients' model", sight.others)):
        if found is not None:
            text.append(f"{who}: {found.level}, fingerprint {found.fingerprint[:16]}")
            text += [f"  {f.level}: {f.layer or 'model'}: {f.says}" for f in found.findings]
    if sight.others is not None:
        text.append("the clients were sent different models: comparing fingerprints shows it")
    return text
