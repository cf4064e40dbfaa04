"""Record the runs that play before anything is clicked: ``python -m gi_core.web.record [NAME ...]``.

Each is a live run with its control, as the browser would get it, written to assets/replays/NAME.json;
``compare`` is the comparison that its tab opens with.
"""

from __future__ import annotations

import json
import sys
from dataclasses import dataclass
from typing import Any

from gi_core.scenario import Scenario
from gi_core.web import compare
from gi_core.web.live import Desk
from gi_core.web.presets import ATTACKS
from gi_core.web.settings import Limits
from gi_core.web.widget import ASSETS


@dataclass(frozen=True)
class Recording:
    """A run worth showing: its title in the menu, its Scenario, its sample pictures."""

    title: str
    scenario: Scenario
    pictures: tuple[str, ...]


IG = ATTACKS["ig"]
RECORDINGS = {
    "1-noise": Recording("Clip and a little noise", Scenario(defense="clip+gaussian:sigma=0.001", attack=IG), ("cat",)),
    "2-bare": Recording("No defense, dlg", Scenario(attack="dlg:restarts=2"), ("cat",)),
    "3-batch": Recording(
        "Four pictures at once", Scenario(batch_size=4, attack=IG), ("cat", "coffee", "rocket", "blobs")
    ),
    "4-strong": Recording("Strong noise", Scenario(defense="clip+gaussian:sigma=0.1", attack=IG), ("cat",)),
}


def record(recording: Recording) -> dict[str, Any]:
    """The last message of the run, marked as recorded."""
    desk = Desk(Limits())
    request = {
        "id": "recorded",
        "settings": recording.scenario.to_dict(),
        "pictures": [{"sample": name} for name in recording.pictures],
    }
    *_, last = desk.live(request)
    run: dict[str, Any] = last["run"]
    if run["state"] != "done":
        raise RuntimeError(f"{recording.title}: {run.get('message', run['state'])}")
    return run | {"id": f"recorded-{recording.scenario.hash[:8]}", "state": "recorded", "title": recording.title}


def record_comparison() -> dict[str, Any]:
    """The last message of a comparison over noise."""
    field, _, values = compare.AXES[0]
    request = {
        "id": "recorded", "settings": {"attack": IG}, "pictures": [{"sample": "cat"}], "field": field, "values": values,
    }  # fmt: skip
    *_, last = compare.live(Desk(Limits()), request)
    lanes = [lane | {"frames": lane["frames"][::3]} for lane in last["compare"]["lanes"]]
    return {"compare": last["compare"] | {"state": "recorded", "lanes": lanes}}


def write(path: str, message: dict[str, Any]) -> float:
    """Write below assets/; the size in kB."""
    file = ASSETS / path
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(json.dumps(message, separators=(",", ":")) + "\n")
    return file.stat().st_size / 1e3


def main(names: list[str]) -> None:
    for name in names or [*RECORDINGS, "compare"]:
        if name == "compare":
            print(f"{name}: {write(compare.RECORDED, record_comparison()):.0f} kB", flush=True)
            continue
        run = record(RECORDINGS[name])
        size, likeness, word = write(f"replays/{name}.json", run), run["scores"]["psnr"], run["verdict"]["word"]
        print(f"{name}: {run['seconds']} s, {likeness:.1f} dB, {word}, {size:.0f} kB", flush=True)


if __name__ == "__main__":
    main(sys.argv[1:])
