"""Named HTTP endpoints: ``/run_attack`` and ``/list``, with the names and values of the command line."""

from __future__ import annotations

from typing import Any

import gradio as gr

from gi_core import catalogue
from gi_core.errors import BadInput
from gi_core.web.live import Desk
from gi_core.web.requests import FIELDS


def expose(desk: Desk) -> None:
    """Register the endpoints with the Blocks under construction."""

    def run_attack(
        images: list[str],
        model: str = "lenet",
        num_classes: int = 10,
        image_size: int = 32,
        channels: int = 3,
        batch_size: int | None = None,
        mode: str = "eval",
        weights: str = "init",
        local_steps: int = 1,
        local_batch: int = 0,
        local_lr: float = 0.01,
        local_momentum: float = 0.0,
        clients: int = 1,
        update: str = "auto",
        defense: str = "none",
        knowledge: str = "labels",
        attack: str = "ig",
        seed: int = 0,
    ) -> dict[str, Any]:
        """Attack one update and return the trace.

        Args:
            images: sample names or data: URIs, one per picture of the batch; the others are the Scenario's fields,
                named as on the command line (without batch_size: the number of pictures).
        """
        given = locals()
        size = len(images) if batch_size is None else batch_size
        settings = {name: given[name] for name in FIELDS} | {"batch_size": size}
        try:
            return desk.whole(settings, images)
        except BadInput as error:
            raise gr.Error(str(error), print_exception=False) from None

    def list_(kind: str = "") -> dict[str, Any]:
        """Models, attacks, defenses, priors, metrics, samples: names, options, meanings."""
        try:
            return catalogue.describe(kind or None)
        except BadInput as error:
            raise gr.Error(str(error), print_exception=False) from None

    gr.api(run_attack, api_name="run_attack", concurrency_limit=None)
    gr.api(list_, api_name="list", concurrency_limit=None)
