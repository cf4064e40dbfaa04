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
"""What the Lab's menu offers; the string table names each as ``replay_NAME``."""

SEEDS = {"field": "seed", "values": ["0", "1", "2"]}
NOISES = ["clip+gaussian:sigma=1e-4", "clip+gaussian:sigma=1e-3", "clip+gaussian:sigma=3e-3", "clip+gaussian",
          "clip+gaussian:sigma=0.03", "clip+gaussian:sigma=0.1"]  # fmt: skip
COMPARISONS: dict[str, dict[str, Any]] = {
    "noise": {"settings": {"attack": IG}, "field": "defense", "values": compare.AXES["defense"], "rows": SEEDS},
    "attacks": {"settings": {}, "field": "attack", "values": [IG, "dlg:restarts=2", "venom", "fgla"], "rows": SEEDS},
    "deep": {
        "settings": {"model": "resnet18"}, "field": "attack", "values": ["ig:steps=150", "venom", "span"],
        "rows": {"field": "seed", "values": ["0"]},
    },
    "batch": {"settings": {"attack": IG}, "field": "batch_size", "values": ["1", "2", "4"], "rows": SEEDS},
    "clients": {
        "settings": {"attack": IG}, "field": "clients", "values": ["1", "2", "4", "8", "16", "32"], "rows": SEEDS,
    },
    "sweep": {
        "settings": {}, "field": "defense", "values": NOISES,
        "rows": {"field": "attack", "values": [IG, "venom", "git", "lti", "fgla"]},
    },
}  # fmt: skip
"""What the Compare tab's menu offers; the string table names each as ``comparison_NAME``."""


def record(recording: Recording) -> dict[str, Any]:
    """The last message of the run, marked as recorded, with what ``trace.json`` would hold."""
    service = RunService(Limits())
    request = {
        "id": "recorded",
        "settings": recording.scenario.to_dict(),
        "pictures": [{"sample": name} for name in recording.pictures],
        "fresh": True,
    }
    *_, last = service.live(request)
    run: dict[str, Any] = last["run"]
    trace = service.traces.get(run["id"])
    if run["state"] != "done" or trace is None:
        raise RuntimeError(run.get("message", run["state"]))
    kept = {"id": recorded_id(run["scenario"]), "state": "recorded", "trace": trace.to_dict()}
    return payload.with_sprite(run | kept)


def record_comparison(name: str) -> dict[str, Any]:
    """The last message of a comparison, marked as recorded."""
    pictures = [{"sample": sample} for sample in ("cat", "coffee", "rocket", "blobs")]
    *_, last = compare.live(RunService(Limits()), COMPARISONS[name] | {"id": "recorded", "pictures": pictures})
    told = last["compare"]
    if told["state"] != "done":
        raise RuntimeError(f"{name}: {told.get('message', told['state'])}")
    runs = {key: run | {"id": recorded_id(run["scenario"])} for key, run in told["runs"].items()}
    return {"compare": told | {"id": f"recorded-{name}", "state": "recorded", "runs": runs}}


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
