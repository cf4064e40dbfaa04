"""Noise that is seen in the update itself."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from gi_core.audit.checks.base import Check, SheetLine, checks
from gi_core.audit.evidence import Evidence


@checks.register("noise")
@dataclass(frozen=True, kw_only=True)
class NoiseFloor(Check):
    """Median singular value of each layer by Marchenko and Pastur's law: noise fills every layer alike."""

    drowns: float = 1.0

    def look(self, seen: Evidence) -> Iterator[SheetLine]:
        if seen.empty or seen.signs or seen.replaced is not None:
            return
        sigma, record = seen.noise, seen.record
        if not sigma:
            yield self.finding("info", "No noise: not all layers are filled.", 0.0, means="Nothing hides the gradient.")
            return
        entries = sum(t.numel() for t in record.change.values())
        whole = sum(float(t.square().sum()) for t in record.gradient.values())
        signal = max(0.0, whole - sigma**2 * entries) ** 0.5
        ratio = sigma * entries**0.5 / max(signal, 1e-30)
        scale = 1.0 if record.kind == "gradient" else record.lr * record.steps
        yield self.finding(
            "info",
            f"Noise of standard deviation {sigma:.3g} per entry of the gradient ({sigma * scale:.3g} of what was sent)"
            " fills every layer.", sigma * scale, 0.0,
            means=f"Its norm is {min(ratio, 999):.3g} times what is left of the signal"
            + (": attacks have next to nothing to match." if ratio > self.drowns else ": the gradient shows through."),
        )  # fmt: skip
