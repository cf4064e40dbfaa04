"""Fitting the analytic Gaussian flow: mean, principal axes and variances of a data set's training pictures."""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from gi_core.components import option
from gi_core.data import arrays
from gi_core.networks import weights
from gi_core.networks.gaussian_flow import GaussianFlow
from gi_core.training.base import Trainable, trainings
from gi_core.training.flow import VALIDATION_NOTE, validation_loss


@trainings.register("gaussian-flow")
@dataclass(frozen=True, kw_only=True)
class FitGaussianFlow(Trainable):
    """Probabilistic PCA of the training pictures, in closed form: the flow prior that needs no training."""

    data: str = option("cifar10", "data set")
    rank: int = option(512, "principal axes kept", low=1, high=3072)

    def run(self, folder: str | Path | None, out: str | Path) -> Iterator[dict[str, Any]]:
        started = time.process_time()
        train, held_out, _ = arrays.load(self.data, folder)
        flow = GaussianFlow.fit(train.floats(slice(None)), self.rank).float()
        loss = validation_loss(flow, held_out)
        seconds = time.process_time() - started
        weights.save(flow, Path(out) / f"gaussian-flow-{self.data}", {
            "name": f"gaussian-flow-{self.data}",
            "image_shape": list(flow.image_shape),
            "data": self.data,
            "data_licence": arrays.LICENCES[self.data],
            "pictures": len(train),
            "pictures_note": "training split only; validation is a tenth of it, held out; the test split is never read",
            "recipe": f"mean and covariance in float64, {self.rank} principal axes, one variance for the rest",
            "options": {"rank": self.rank},
            "cpu_seconds": round(seconds, 1),
            "validation": [{"matching_loss": round(loss, 4)}],
            "validation_note": VALIDATION_NOTE,
            "known_failures": "Knows colours and smoothness, no shapes: its samples are coloured clouds.",
            "licence": "as the project; computed from the data named above",
            "command": f"python -m gi_core train '{self.text}' --data FOLDER --out assets/weights",
        }, half=("axes", "mean"))  # fmt: skip
        yield {"step": 1, "steps": 1, "loss": loss, "seconds": seconds, "matching_loss": loss}
