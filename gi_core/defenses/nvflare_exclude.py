"""NVIDIA FLARE's ExcludeVars."""

from __future__ import annotations

import re
from dataclasses import dataclass

import numpy as np

from gi_core.components import option
from gi_core.defenses.base import defenses
from gi_core.defenses.difference import Arrays, DifferenceFilter
from gi_core.errors import BadInput

PATTERN = re.compile(r"(?!(?:.*[|^*])?\*)[A-Za-z0-9_.^$|*]{0,100}")
"""Regular expressions that end soon, whatever the name."""


@defenses.register("nvflare-exclude")
@dataclass(frozen=True, kw_only=True)
class NvflareExclude(DifferenceFilter):
    """Keep back the tensors whose names match a regular expression: NVIDIA FLARE's ExcludeVars (2.9.0).

    What is kept back stands as zeros in the update. By default, as there, nothing is.
    """

    does = "Keeps whole tensors on the device, by name."
    costs = "What is kept back is not averaged: every client has its own."

    exclude_vars: str = option("", "regular expression found in the names, e.g. ^head; empty: nothing")

    def __post_init__(self) -> None:
        super().__post_init__()
        if not PATTERN.fullmatch(self.exclude_vars) or self.exclude_vars.count("*") > 2:
            raise BadInput(
                f"{self.name}:exclude_vars={self.exclude_vars[:60]!r}: up to 100 letters, digits and _ . ^ $ | are"
                " allowed, and two *"
            )

    def filtered(self, arrays: Arrays, random: np.random.RandomState) -> Arrays:
        out = re.compile(self.exclude_vars)
        return {n: np.zeros_like(a) if self.exclude_vars and out.search(n) else a for n, a in arrays.items()}
