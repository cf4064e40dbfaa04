"""The pre-flight sheet: every check, in seconds, before any attack."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

from gi_core.audit.checks import SEVERITIES, Severity, SheetLine, checks
from gi_core.audit.evidence import Evidence
from gi_core.audit.record import RecordedUpdate
from gi_core.errors import BadInput
from gi_core.torch_setup import run_threads

ORDER = (
    "empty", "matching", "steps", "gradient", "adam", "pictures", "labels", "first-layer", "batchnorm", "noise",
    "clipping", "filters", "privacy", "rounding", "metrics", "weights-received",
)  # fmt: skip
"""Of the sheet's lines; checks of plugins come last."""


@dataclass(frozen=True)
class Sheet:
    """The answer before any attack.

    Attributes:
        findings: in the order of the sheet; failed: check -> why it could not run.
        facts: what the update shows and the recipe tells, as plain data.
    """

    findings: tuple[SheetLine, ...]
    facts: dict[str, Any]
    failed: dict[str, str]

    @property
    def worst(self) -> Severity:
        """The severity of the gravest finding."""
        return max((f.severity for f in self.findings), key=SEVERITIES.index, default="info")

    def at_least(self, severity: Severity) -> list[SheetLine]:
        return [f for f in self.findings if SEVERITIES.index(f.severity) >= SEVERITIES.index(severity)]

    def of(self, check: str) -> list[SheetLine]:
        return [f for f in self.findings if f.check == check]

    def to_dict(self) -> dict[str, Any]:
        return {
            "worst": self.worst, "findings": [asdict(f) for f in self.findings], "facts": self.facts,
            "failed": self.failed,
        }  # fmt: skip


def preflight(record: RecordedUpdate) -> Sheet:
    """Look at a record. It runs no attack and needs no truth."""
    with run_threads():
        return sheet_of(Evidence(record))


def sheet_of(seen: Evidence) -> Sheet:
    found: list[SheetLine] = []
    failed: dict[str, str] = {}
    names = checks.names()
    for name in sorted(names, key=lambda n: (ORDER.index(n) if n in ORDER else len(ORDER), n)):
        try:
            found += checks.parse(name).look(seen)
        except (BadInput, RuntimeError, ValueError, ArithmeticError) as error:
            failed[name] = str(error)[:200] or type(error).__name__
    return Sheet(tuple(found), facts_of(seen), failed)


def facts_of(seen: Evidence) -> dict[str, Any]:
    """What was read off the update, beside what the recipe tells."""
    record, recipe = seen.record, seen.record.recipe
    labels = seen.labels
    return {
        "sends": recipe.sends, "kind": record.kind, "framework": recipe.framework, "round": recipe.round,
        "image_shape": list(record.victim.image_shape), "classes": record.victim.num_classes,
        "parameters": sum(t.numel() for t in record.change.values()), "norm": record.norm,
        "steps": record.steps, "steps_told": recipe.steps,
        "steps_counted": max(record.counted.values(), default=None),
        "pictures": seen.batch_size, "pictures_told": recipe.pictures, "pictures_by_rank": seen.pictures,
        "optimiser": "adam" if seen.signs else recipe.optimiser or ("sgd" if record.kind == "delta" else None),
        "optimiser_told": recipe.optimiser, "sign_share": seen.sign_share, "bias_balance": seen.balance,
        "is_gradient": is_gradient(seen), "labels": None if labels is None else labels.tolist(),
        "noise": seen.noise * (1.0 if record.kind == "gradient" else record.lr * record.steps),
        "noise_in_gradient": seen.noise, "clip": seen.clipped_to, "sent_norm": seen.sent_norm,
        "clip_factor": seen.clip_factor, "weights_cut_to": seen.replaced,
        "buffers_sent": bool(record.sent), "mode": "train" if record.victim.training else "eval",
        "filters": [f.name for f in recipe.filters or ()], "sixteen_bits": list(record.half),
    }  # fmt: skip


def is_gradient(seen: Evidence) -> bool | None:
    """Whether what was sent is one gradient up to scale; None where the head has no bias to tell by."""
    if seen.empty or seen.replaced is not None or seen.signs or seen.noise or seen.record.steps > 1:
        return False
    return None if seen.balance is None else seen.balance <= 1e-3
