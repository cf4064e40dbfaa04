"""Deep leakage with a flow-matching denoiser."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from gi_core.attacks.base import attacks
from gi_core.attacks.sme import SurrogateModel
from gi_core.components import option


@attacks.register("fm")
@dataclass(frozen=True, kw_only=True)
class FlowMatching(SurrogateModel):
    """Surrogate weights between w_0 and w_T, and a flow-matching denoiser as the prior on pictures (reconstruction).

    After "Deep Leakage with Generative Flow Matching Denoiser" (arXiv 2601.15049): `sme` with `prior=flow`. The
    paper's loss, network and weights are not available to us; see :class:`gi_core.priors.flow.FlowPrior` for ours.
    ``prior=(flow:weight=0)`` is its ablation, ``prior=(flow:weight=1e6)`` what the prior says by itself.
    """

    fails: ClassVar[str] = (
        "Where the update says little, the picture is the prior's: plausible, and not the private one. Pictures"
        " unlike the prior's training data are pulled towards it."
    )

    tv: float = option(0.0, "weight of total variation", low=0, high=1e3)
    lr: float = option(0.1, "Adam's learning rate in normalised pixel units", low=1e-6, high=100)
    signed: bool = option(True, "step along the sign of the gradient")
    prior: str = option("flow", "priors on pictures besides total variation")
