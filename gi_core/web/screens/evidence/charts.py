"""Data of the charts that stand alone: plotly draws them in the browser, and loads only where one is seen."""

from __future__ import annotations

from statistics import NormalDist, fmean, median
from typing import Any

from gi_core.evaluation.calibration import curve, halves, viewed
from gi_core.risk.evidence import rows, runs
from gi_core.web.screens.evidence import answers

NOISE = "clip+gaussian"
CANDIDATES = 100


def catalog() -> dict[str, Any]:
    """{frontier: [{family, points}], noise: [{model, attack, points}], ...}; a point names its recorded run."""
    return {
        "frontier": answers.frontier(), "noise": noise(), "corridor": corridor(), "calibration": calibration(),
        "degradation": degradation(),
    }  # fmt: skip


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


def corridor() -> list[dict[str, Any]]:
    """PSNR (dB) under clip and noise of multiplier z, by what stands there.

    bound: the optimal attack without a prior (Riess et al., arXiv 2402.12861), as far as it binds, that is, above what
    guesswork reaches; with ``cap``, the share of line-ups of CANDIDATES that any attack can win (None where that rules
    nothing out). norm_known, ratio: the imprint that owns the gradient, told each picture's norm or nothing. run: the
    strongest recorded run on each picture behind an honest server.
    """
    runs_at = [
        point | {"model": one["model"], "cap": picked_out(point["z"])}
        for one in noise() for point in one["points"] if point["z"] > 0
    ]  # fmt: skip
    guess = median(e.psnr for e in runs() if e.judged is not None and e.level() == 0)
    table = rows("corridor")
    means: dict[str, list[dict[str, Any]]] = {
        what: [
            {"z": z, "psnr": fmean(float(row[what]) for row in table if float(row["z"]) == z), "cap": picked_out(z)}
            for z in sorted({float(row["z"]) for row in table})
        ]
        for what in ("bound", "norm_known", "ratio")
    }
    bound = [point for point in means.pop("bound") if point["psnr"] > guess]
    return [{"what": what, "points": points} for what, points in ({"bound": bound} | means | {"run": runs_at}).items()]


def picked_out(z: float) -> float | None:
    """Most often that any attack can name the picture among CANDIDATES: Phi(Phi^-1(1/N) + 1/z); None from 99.5 % on."""
    normal = NormalDist()
    cap = normal.cdf(normal.inv_cdf(1 / CANDIDATES) + 1 / z)
    return cap if cap < 0.995 else None


def calibration() -> list[dict[str, Any]]:
    """Share of pictures that the stand-in viewers name, by structure: on the half that chose, the one that tests it,
    and on the controls of the latter."""
    chose, tests = (curve(half) for half in halves(viewed(rows("calibration"))))
    return [
        {"what": "tests", "points": [{"x": x, "share": share, "n": n} for x, share, _, n in tests]},
        {"what": "chose", "points": [{"x": x, "share": share, "n": n} for x, share, _, n in chose]},
        {"what": "control", "points": [{"x": x, "share": share, "n": n} for x, _, share, n in tests]},
    ]


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
