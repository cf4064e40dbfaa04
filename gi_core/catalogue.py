"""What there is, by kind, as plain data: for ``list``, the HTTP API and the controls of the web app."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict
from typing import Any

from gi_core.attacks import attacks
from gi_core.attacks.threat import threat_of
from gi_core.audit.checks import checks
from gi_core.bounds import bounds
from gi_core.components import Registry
from gi_core.data.samples import samples
from gi_core.defenses import defenses
from gi_core.errors import BadInput
from gi_core.inversion.objectives import objectives
from gi_core.metrics.scores import METRICS
from gi_core.models import models, weights
from gi_core.priors import priors
from gi_core.servers import servers
from gi_core.studies import studies
from gi_core.training import trainings


def _with(registry: Registry[Any], *attributes: str) -> Callable[[], list[dict[str, Any]]]:
    """The registry's entries, with the named class attributes beside name, summary and options."""

    def describe() -> list[dict[str, Any]]:
        return [
            entry | {name: getattr(registry.get(entry["name"]), name) for name in attributes}
            for entry in registry.describe()
        ]

    return describe


def _attacks() -> list[dict[str, Any]]:
    """With each attack's threat model, to filter by."""
    entries = _with(attacks, "assumes", "fails", "defend", "single_pass")()
    return [entry | {"threat": _threat(entry["name"])} for entry in entries]


def _threat(name: str) -> dict[str, Any] | None:
    found = threat_of(name)
    return None if found is None else asdict(found) | {"knows": list(found.knows)}


def _metrics() -> list[dict[str, Any]]:
    return [
        {"name": m.name, "summary": m.meaning, "unit": m.unit, "higher_is_better": m.higher_is_better} for m in METRICS
    ]


def _filters() -> list[dict[str, Any]]:
    """Defenses that are a framework's own filter."""
    frameworks = ("flower-", "nvflare-", "opacus-")
    return [entry for entry in _with(defenses, "does", "costs")() if entry["name"].startswith(frameworks)]


def _samples() -> list[dict[str, Any]]:
    return [
        {"name": name, "summary": s.title, "licence": s.licence, "source": s.source} for name, s in samples().items()
    ]


KINDS: dict[str, Callable[[], list[dict[str, Any]]]] = {
    "models": models.describe,
    "weights": weights.describe,
    "attacks": _attacks,
    "servers": _with(servers, "changes", "needs", "fails", "defend", "isolates", "sok"),
    "defenses": _with(defenses, "does", "costs"),
    "priors": priors.describe,
    "objectives": objectives.describe,
    "metrics": _metrics,
    "bounds": _with(bounds, "kind", "unit", "binds", "assumes"),
    "checks": checks.describe,
    "filters": _filters,
    "studies": _with(studies, "question"),
    "trainings": trainings.describe,
    "samples": _samples,
}


def describe(kind: str | None = None) -> dict[str, list[dict[str, Any]]]:
    """Entries (name, summary, options ...) of one kind, or of all. Raises BadInput for an unknown kind."""
    if kind is not None and kind not in KINDS:
        raise BadInput(f"unknown kind {kind!r}: allowed are {', '.join(KINDS)}")
    return {name: entries() for name, entries in KINDS.items() if kind in (None, name)}
