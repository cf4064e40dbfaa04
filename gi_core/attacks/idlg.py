"""Improved Deep Leakage from Gradients."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar, Literal

from gi_core.attacks.base import attacks
from gi_core.attacks.dlg import DeepLeakage
from gi_core.components import option


@attacks.register("idlg")
@dataclass(frozen=True, kw_only=True)
class ImprovedDeepLeakage(DeepLeakage):
    """Read the label off the last layer first, then match the gradient as DLG does.

    Zhao, Mopuri, Bilen, "iDLG", 2020: for one picture the true class is the only one whose row of the head's
    gradient points against the features. Otherwise as DLG.
    """

    assumes: ClassVar[str] = "The server knows the weights it sent; the label follows from the head's gradient."
    fails: ClassVar[str] = "As DLG: it needs a smooth network; for batches the labels have to be told apart first."
    defend: ClassVar[str] = (
        "Noise, a ReLU network or larger batches; the label itself leaks much longer than the picture."
    )

    labels: Literal["joint", "auto", "known", "idlg", "bias-corrected", "ilrg"] = option(
        "idlg", "how labels are found; for batches idlg gives way to auto"
    )
