"""What the page offers at first: attacks with a budget for two CPU cores, defenses of a usual strength."""

from __future__ import annotations

ATTACKS = {
    "ig": "ig:steps=1000,lr=0.04,tv=0.005,signed=false",
    "dlg": "dlg:restarts=2",
    "idlg": "idlg:restarts=2",
}
"""Attack text of the menu, where the published budget is too long to watch."""

DEFENSES = (
    "none",
    "clip+gaussian:sigma=0.001",
    "gaussian:sigma=0.001",
    "laplace:b=0.001",
    "dp-gaussian:epsilon=1000",
    "dp-laplace:epsilon=1000",
    "clip:norm=1",
    "topk:keep=0.1",
    "prune:p=0.9",
    "quantize:bits=4",
    "sign",
    "soteria:percentile=60",
    "dropout:p=0.3",
)
"""Defense text of the drawer's menu; a strength is typed in full below it."""
