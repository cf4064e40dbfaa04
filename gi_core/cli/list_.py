"""``gi list``: what there is, by kind."""

from __future__ import annotations

import hashlib
import json
import os
import sys
from pathlib import Path
from typing import Any

import click

from gi_core import __file__ as package
from gi_core import __version__
from gi_core.cli.plugin_option import plugin_option
from gi_core.errors import BadInput
from gi_core.plugins import loaded_plugins

KEYS = ("sok", "server", "changes", "knows", "batch", "aggregation")
"""What a threat model says, as in gi_core/attacks/threat.py."""
Entries = dict[str, list[dict[str, Any]]]


@click.command("list")
@click.argument("kind", required=False)
@click.option(
    "--threat", "threats", multiple=True, metavar="KEY=VALUE",
    help="attacks of this threat model only: sok=F, server=malicious, batch=many, aggregation=through, knows=labels",
)  # fmt: skip
@click.option("--json", "as_json", is_flag=True, help="print one JSON object on stdout")
@plugin_option
def command(kind: str | None, threats: tuple[str, ...], as_json: bool) -> None:
    """What there is: models, attacks, defenses, priors, metrics, samples, ..."""
    found = describe("attacks" if threats else kind)
    for wanted in threats:
        found = {name: [entry for entry in entries if fits(entry["threat"], wanted)] for name, entries in found.items()}
    if as_json:
        click.echo(json.dumps(found))
        return
    for name, entries in found.items():
        click.secho(name, bold=True)
        for entry in entries:
            keys = ", ".join(f"{o['name']}={o['default']}" for o in entry.get("options", []))
            badge = f"\n{'':<21}{told(entry['threat'])}" if entry.get("threat") else ""
            click.echo(f"  {entry['name']:<18} {entry['summary']}" + badge + (f"\n{'':<21}{keys}" if keys else ""))


def fits(threat: dict[str, Any] | None, wanted: str) -> bool:
    """Whether an attack's threat model has this value, KEY=VALUE. Raises BadInput for what is no key."""
    key, _, value = wanted.partition("=")
    if key not in KEYS:
        raise BadInput(f"--threat {wanted}: allowed are {', '.join(f'{one}=...' for one in KEYS)}")
    if threat is None:
        return False
    return value in threat[key] if key == "knows" else value == threat[key]


def told(threat: dict[str, Any]) -> str:
    """The threat model's badge: letter, what the server does, what it knows, and what it survives."""
    does = "watches" if threat["server"] == "curious" else f"changes the {threat['changes']}"
    knows = f"knows {', '.join(threat['knows'])}" if threat["knows"] else "knows nothing more"
    size = {"one": "one picture", "few": "few pictures", "many": "many pictures"}[threat["batch"]]
    through = ", through a sum over clients" if threat["aggregation"] == "through" else ""
    return f"[{threat['sok']}] {does}; {knows}; {size}{through}"


def describe(kind: str | None) -> Entries:
    """The catalogue: as remembered for these very sources, else built anew, which loads torch and every component."""
    everything = None if loaded_plugins() else recall()
    if everything is not None and kind in (None, *everything):
        return {name: entries for name, entries in everything.items() if kind in (None, name)}
    from gi_core import catalogue

    found = catalogue.describe(kind)
    if not loaded_plugins():
        remember(found if kind is None else catalogue.describe())
    return found


def recall() -> Entries | None:
    try:
        return json.loads(remembered().read_text())
    except (OSError, ValueError):
        return None


def remember(everything: Entries) -> None:
    """Keep the catalogue for the next call; where nothing can be written there is none."""
    file = remembered()
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
        for old in file.parent.glob("catalogue-*.json"):
            old.unlink(missing_ok=True)
        fresh = file.with_suffix(f".{os.getpid()}")
        fresh.write_text(json.dumps(everything))
        fresh.replace(file)
    except OSError:
        return


def remembered() -> Path:
    """In the user's cache, named after path, time and size of every source file and the version of Python."""
    room = Path(package).parent
    digest = hashlib.sha256(f"{room} {__version__} {sys.version}".encode())
    for folder, folders, files in os.walk(room):
        folders.sort()
        for name in sorted(files):
            if name.endswith(".py"):
                state = os.stat(os.path.join(folder, name))
                digest.update(f"{folder}/{name} {state.st_mtime_ns} {state.st_size}\n".encode())
    cache = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    return Path(cache) / "gradient-inversion-explorer" / f"catalogue-{digest.hexdigest()[:16]}.json"
