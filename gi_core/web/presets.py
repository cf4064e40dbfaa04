"""What the Lab offers at first sight: defenses with one strength, attacks with a budget for two CPU cores."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any


@dataclass(frozen=True)
class DefensePreset:
    """A defense whose text has one open number ``{}``.

    Attributes:
        label, text: what the menu shows, and the defense's text.
        strength: what the number means; None: nothing is open.
        range, log, whole, start: the slider.
    """

    label: str
    text: str
    strength: str | None = None
    range: tuple[float, float] | None = None
    log: bool = True
    whole: bool = False
    start: float = 0.0


DEFENSES = (
    DefensePreset("None", "none"),
    DefensePreset(
        "Clip + Gaussian noise", "clip+gaussian:sigma={}", "Noise multiplier z = σ / clip", (1e-5, 1), start=1e-3
    ),
    DefensePreset("Gaussian noise", "gaussian:sigma={}", "Standard deviation σ", (1e-5, 1), start=1e-3),
    DefensePreset("Laplace noise", "laplace:b={}", "Scale b", (1e-5, 1), start=1e-3),
    DefensePreset("DP, Gaussian", "dp-gaussian:epsilon={}", "Privacy budget ε at δ = 10⁻⁵", (0.1, 1e4), start=1000),
    DefensePreset("DP, Laplace", "dp-laplace:epsilon={}", "Privacy budget ε", (0.1, 1e4), start=1000),
    DefensePreset("Clip", "clip:norm={}", "Greatest norm", (1e-3, 100), start=1),
    DefensePreset("Top-k", "topk:keep={}", "Share of entries kept", (0.001, 1), start=0.1),
    DefensePreset("Prune at random", "prune:p={}", "Share of entries zeroed", (0, 1), log=False, start=0.9),
    DefensePreset("Quantise", "quantize:bits={}", "Bits per entry", (2, 16), log=False, whole=True, start=4),
    DefensePreset("Signs only", "sign"),
    DefensePreset("Soteria", "soteria:percentile={}", "Features masked, %", (0, 100), log=False, start=60),
    DefensePreset("Dropout", "dropout:p={}", "Share of features dropped", (0, 0.9), log=False, start=0.3),
)

ATTACKS = {
    "ig": "ig:steps=1000,lr=0.04,tv=0.005,signed=false",
    "dlg": "dlg:restarts=2",
    "idlg": "idlg:restarts=2",
}
"""Attack text of the menu, where the published budget is too long to watch."""


DEFAULTS = {"attack": ATTACKS["ig"], "defense": "clip+gaussian:sigma=0.001"}
"""Where the Lab's settings differ from a Scenario's: those of the first recorded run."""


def defense_presets() -> list[dict[str, Any]]:
    return [asdict(preset) for preset in DEFENSES]
