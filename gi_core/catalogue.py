"""What there is, by kind, as plain data: for ``list``, the HTTP API and the controls of the web app."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from gi_core.attacks import attacks
from gi_core.bounds import bounds
from gi_core.defenses import defenses
from gi_core.errors import BadInput
from gi_core.images import samples
from gi_core.metrics.scores import METRICS
from gi_core.models import models, weights
from gi_core.objectives import objectives
from gi_core.priors import priors
from gi_core.studies import studies
from gi_core.training import trainings


def _attacks() -> list[dict[str, Any]]:
    sentences = {cls.name: cls for cls in attacks}
    return [
        entry | {key: getattr(sentences[entry["name"]], key) for key in ("assumes", "fails", "defend", "single_pass")}
        for entry in attacks.describe()
    ]


def _defenses() -> list[dict[str, Any]]:
    sentences = {cls.name: cls for cls in defenses}
    return [
        entry | {key: getattr(sentences[entry["name"]], key) for key in ("does", "costs")}
        for entry in defenses.describe()
    ]


def _metrics() -> list[dict[str, Any]]:
    return [
        {"name": m.name, "summary": m.meaning, "unit": m.unit, "higher_is_better": m.higher_is_better} for m in METRICS
    ]


def _samples() -> list[dict[str, Any]]:
    return [
        {"name": name, "summary": s.title, "licence": s.licence, "source": s.source} for name, s in samples().items()
    ]


KINDS: dict[str, Callable[[], list[dict[str, Any]]]] = {
    "models": models.describe,
    "weights": weights.describe,
    "attacks": _attacks,
    "defenses": _defenses,
    "priors": priors.describe,
    "objectives": objectives.describe,
    "metrics": _metrics,
    "bounds": bounds.describe,
    "studies": studies.describe,
    "trainings": trainings.describe,
    "samples": _samples,
}


def describe(kind: str | None = None) -> dict[str, list[dict[str, Any]]]:
    """Entries (name, summary, options ...) of one kind, or of all. Raises BadInput for an unknown kind."""
    if kind is not None and kind not in KINDS:
        raise BadInput(f"unknown kind {kind!r}: allowed are {', '.join(KINDS)}")
    return {name: entries() for name, entries in KINDS.items() if kind in (None, name)}
