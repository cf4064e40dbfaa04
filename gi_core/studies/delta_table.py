"""What explains a weight change after several local steps: one gradient, a surrogate, or the steps themselves."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

from gi_core.components import option
from gi_core.studies.base import studies
from gi_core.studies.fm_table import FlowTable, Method

CONVNET, RESNET, SMOOTH = "convnet:width=4", "resnet18:width=4", "lenet:init=default"
SETTINGS: dict[str, dict[str, Any]] = {
    f"{name}, {steps} steps": {"model": model, "batch_size": 2, "local_steps": steps, "local_lr": lr}
    for steps, rates in ((5, (0.1, 0.3, 0.1)), (20, (0.1, 0.1, 0.1)))
    for (name, model), lr in zip((("convnet", CONVNET), ("resnet18", RESNET), ("lenet", SMOOTH)), rates, strict=True)
}
WEIGHTS = ("tv=1e-6", "tv=0.001", "tv=0.01")
METHODS = {
    "ig": Method("ig:lr=0.1,signed=true,{trial},steps={steps}", WEIGHTS),
    "sme": Method("sme:lr=0.1,signed=true,{trial},steps={steps}", WEIGHTS),
    "fedavg-ig": Method("fedavg-ig:lr=0.1,signed=true,pictures=shared,{trial},steps={steps}", WEIGHTS),
}


@studies.register("delta-table")
@dataclass(frozen=True, kw_only=True)
class DeltaTable(FlowTable):
    """`sme` and `fedavg-ig` against naive `ig` on the deltas of 5 and 20 full-batch local steps.

    As ``fm-table``, but every method takes the same iterations, start, step rule and trials of total variation. The
    client's learning rates were fixed before any attack ran, by 1 - cosine of one gradient to the delta at the true
    pictures of a validation batch: 0.10 to 0.32 at w_0, and half-way to w_T 0.02 to 0.11 (so `sme` should gain), but
    0.7 and 1.0 on `lenet`, whose path turns too much for a surrogate (so it should not).
    """

    question: ClassVar[str] = "How much more does an attack see that knows of the client's local steps?"
    known_settings: ClassVar[Mapping[str, dict[str, Any]]] = SETTINGS
    known_methods: ClassVar[Mapping[str, Method]] = METHODS

    baseline: str = option("ig", "method that the gain columns compare with")
    steps: int = option(150, "iterations of every method; 0: by the budget", low=0, high=100_000)
