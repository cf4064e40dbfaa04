"""Data of the charts that stand alone: plotly draws them in the browser, and loads only where one is seen."""

from __future__ import annotations

from typing import Any

from gi_core.risk.evidence import rows, runs
from gi_core.web.screens.evidence import answers

NOISE = "clip+gaussian"


def catalog() -> dict[str, Any]:
    """{frontier: [{family, points}], noise: [{model, attack, points}]}; every point names its recorded run."""
    return {"frontier": answers.frontier(), "noise": noise(), "degradation": degradation()}


def noise() -> list[dict[str, Any]]:
    """Likeness (PSNR, dB) of the strongest run on each picture against the noise multiplier, by network."""
    found: dict[str, dict[tuple[float, str], Any]] = {}
    for e in runs():
        s = e.scenario
        plain = (s.batch_size, s.local_steps, s.clients, s.weights) == (1, 1, 1, "init")
        sigma = sigma_of(s.defense) if plain else None
        if sigma is None or e.judged is None:
            continue
        points = found.setdefault(s.model.partition(":")[0], {})
        key = (sigma, e.pictures[0])
        if key not in points or e.psnr > points[key].psnr:
            points[key] = e
    return [
        {
            "model": model,
            "points": [
                {"z": z, "picture": picture, "psnr": e.psnr, "level": e.level(), "key": e.key,
                 "attack": e.scenario.attack}
                for (z, picture), e in sorted(points.items())
            ],
        }
        for model, points in found.items() if len({z for z, _ in points}) > 1
    ]  # fmt: skip


def sigma_of(defense: str) -> float | None:
    """The noise multiplier of clip and noise; 0 without a defense; None for other defenses."""
    if defense == "none":
        return 0.0
    head, _, tail = defense.partition(":sigma=")
    return None if head != NOISE else float(tail or 0.01)


def degradation() -> list[dict[str, Any]]:
    """Likeness (PSNR, dB, with its standard deviation) against what the study varied, by sweep."""
    sweeps: dict[str, list[dict[str, Any]]] = {}
    for row in rows("degradation"):
        if row["strength"]:
            point = {"x": float(row["strength"]), "psnr": float(row["psnr"]), "sd": float(row["psnr_sd"] or 0)}
            sweeps.setdefault(f"{row['attack']} | {row['sweep']}", []).append(point)
    return [
        {"attack": name.split(" | ")[0], "sweep": name.split(" | ")[1], "points": points}
        for name, points in sweeps.items()
    ]
