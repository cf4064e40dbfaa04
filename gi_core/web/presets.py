"""What the Lab offers at first sight: defenses with one strength, attacks with a budget for two CPU cores."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any


@dataclass(frozen=True)
class DefensePreset:
    """A defense whose text has one open number ``{}``.

    Attributes:
        label, text: key of what the menu shows in the string table, and the defense's text.
        strength: key of what the number means; None: nothing is open.
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
    DefensePreset("preset_none", "none"),
    DefensePreset("preset_clip_gaussian", "clip+gaussian:sigma={}", "strength_z", (1e-5, 1), start=1e-3),
    DefensePreset("preset_gaussian", "gaussian:sigma={}", "strength_sigma", (1e-5, 1), start=1e-3),
    DefensePreset("preset_laplace", "laplace:b={}", "strength_b", (1e-5, 1), start=1e-3),
    DefensePreset("preset_dp_gaussian", "dp-gaussian:epsilon={}", "strength_epsilon_delta", (0.1, 1e4), start=1000),
    DefensePreset("preset_dp_laplace", "dp-laplace:epsilon={}", "strength_epsilon", (0.1, 1e4), start=1000),
    DefensePreset("preset_clip", "clip:norm={}", "strength_norm", (1e-3, 100), start=1),
    DefensePreset("preset_topk", "topk:keep={}", "strength_kept", (0.001, 1), start=0.1),
    DefensePreset("preset_prune", "prune:p={}", "strength_zeroed", (0, 1), log=False, start=0.9),
    DefensePreset("preset_quantize", "quantize:bits={}", "strength_bits", (2, 16), log=False, whole=True, start=4),
    DefensePreset("preset_sign", "sign"),
    DefensePreset("preset_soteria", "soteria:percentile={}", "strength_masked", (0, 100), log=False, start=60),
    DefensePreset("preset_dropout", "dropout:p={}", "strength_dropped", (0, 0.9), log=False, start=0.3),
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
