"""Record the runs that play before anything is clicked: ``python -m gi_core.web.record [NAME ...]``.

Each is a live run with its control, as the browser would get it, written to assets/replays/NAME.json, or a comparison,
written to assets/comparisons/NAME.json.
"""

from __future__ import annotations

import json
import sys
from dataclasses import dataclass
from typing import Any

from gi_core.paths import ASSETS
from gi_core.scenario import Scenario
from gi_core.web import payload
from gi_core.web.presets import ATTACKS
from gi_core.web.screens.compare import compare
from gi_core.web.server.run_service import RunService
from gi_core.web.settings import Limits


@dataclass(frozen=True)
class Recording:
    """A run worth showing: its Scenario and its sample pictures."""

    scenario: Scenario
    pictures: tuple[str, ...]


IG = ATTACKS["ig"]
RECORDINGS = {
    "1-noise": Recording(Scenario(defense="clip+gaussian:sigma=0.001", attack=IG), ("cat",)),
    "2-bare": Recording(Scenario(attack="dlg:restarts=2"), ("cat",)),
    "3-batch": Recording(Scenario(batch_size=4, attack=IG), ("cat", "coffee", "rocket", "blobs")),
    "4-strong": Recording(Scenario(defense="clip+gaussian:sigma=0.1", attack=IG), ("cat",)),
}
"""Runs that come with the program: answered at once, with their frames."""

SEEDS = range(3)
NOISES = ("none", "clip+gaussian:sigma=0.001", "clip+gaussian:sigma=0.01", "clip+gaussian:sigma=0.1")
COMPARISONS: dict[str, tuple[dict[str, Any], str, tuple[Any, ...]]] = {
    "noise": ({"attack": IG}, "defense", NOISES),
    "attacks": ({}, "attack", (IG, "dlg:restarts=2", "venom", "fgla")),
    "deep": ({"model": "resnet18"}, "attack", ("ig:steps=150", "venom", "span")),
    "batch": ({"attack": IG}, "batch_size", (1, 2, 4)),
    "clients": ({"attack": IG}, "clients", (1, 2, 4, 8, 16, 32)),
}
"""What Compare's menu offers: settings, the field in which its lanes differ, and a value for each lane."""
ONCE = {"deep"}
"""Comparisons whose lanes are run with one seed only: a deep network takes minutes."""


def record(recording: Recording) -> dict[str, Any]:
    """A run for Explore's menu: its frames in one sprite, with what ``trace.json`` would hold."""
    service = RunService(Limits())
    run = recorded(recording, service)
    trace = service.traces.get(run.pop("run_id"))
    if trace is None:
        raise RuntimeError("the run's trace was not kept")
    return payload.with_sprite(run | {"trace": trace.to_dict()})


def recorded(recording: Recording, service: RunService | None = None) -> dict[str, Any]:
    """The last message of the run, marked as recorded; ``run_id`` is what the service called it."""
    service = service or RunService(Limits())
    request = {
        "id": "recorded",
        "settings": recording.scenario.to_dict(),
        "pictures": [{"sample": name} for name in recording.pictures],
        "fresh": True,
    }
    *_, last = service.live(request)
    run: dict[str, Any] = last["run"]
    if run["state"] != "done":
        raise RuntimeError(run.get("message", run["state"]))
    return run | {"id": recorded_id(run["scenario"]), "state": "recorded", "run_id": run["id"]}


def record_comparison(name: str) -> dict[str, Any]:
    """A comparison as ``comparisons/NAME.json`` holds it."""
    settings, field, values = COMPARISONS[name]
    lanes = []
    for value in values:
        names = ("cat", "coffee", "rocket", "blobs")[: value if field == "batch_size" else 1]
        seeds = SEEDS[:1] if name in ONCE else SEEDS
        scenarios = [Scenario.from_dict({**settings, field: value, "seed": seed}) for seed in seeds]
        runs = [recorded(Recording(scenario, names)) for scenario in scenarios]
        lanes.append(compare.lane(runs, [{"sample": sample} for sample in names]))
    return {"compare": {"name": name, "lanes": lanes}}


def recorded_id(scenario: dict[str, Any]) -> str:
    return f"recorded-{Scenario.from_dict(scenario).hash[:8]}"


def write(path: str, message: dict[str, Any]) -> float:
    """Write below assets/; the size in kB."""
    file = ASSETS / path
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(json.dumps(message, separators=(",", ":")) + "\n")
    return file.stat().st_size / 1e3


def main(names: list[str]) -> None:
    for name in names or [*RECORDINGS, *COMPARISONS]:
        if name in COMPARISONS:
            message = record_comparison(name)
            print(f"{name}: {write(f'comparisons/{name}.json', message):.0f} kB", flush=True)
            continue
        run = record(RECORDINGS[name])
        size, likeness, word = write(f"replays/{name}.json", run), run["scores"]["psnr"], run["verdict"]["word"]
        print(f"{name}: {run['seconds']} s, {likeness:.1f} dB, {word}, {size:.0f} kB", flush=True)


if __name__ == "__main__":
    main(sys.argv[1:])
