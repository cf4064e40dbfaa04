"""Make the atlas's rows and films what Explore loads: ``python -m gi_core.studies.atlas_assets OUT``.

Without OUT the shipped verdicts are computed anew from the shipped numbers, after a change of thresholds.

``index.json``: sets of cells, each the strongest attack that was tried at one strength, with its numbers. One WebP per
set: a row per cell, FRAMES columns of frames in order (grey where there are fewer), then the control's answer. Of sets
with one picture the last frame and the control's answer are there once more without loss (``still``).
"""

from __future__ import annotations

import csv
import json
import sys
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import asdict, fields, replace
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from gi_core.data.samples import SAMPLES
from gi_core.evaluation.settled import still_falling
from gi_core.evaluation.verdict import Likeness
from gi_core.paths import ASSETS
from gi_core.studies.atlas import FRAMES, MIXES, AtlasSet, sets
from gi_core.studies.base import Row, read_rows

ATLAS = ASSETS / "atlas"
PAGE = ASSETS.parent / "docs" / "atlas.md"
"""Says what is recorded, between two comments; there is none in an installed package."""
SIDE = 32
GREY = 128
QUALITY, KEPT = {1: 80, 2: 50, 4: 45, 8: 35}, {1: 16, 2: 16, 4: 10, 8: 8}
"""WebP's quality, and frames of a film, by pictures mixed: larger ones are shown smaller."""
SHOWN = ("model", "batch_size", "defense", "knowledge", "attack", "seed")
TRADEOFF = ASSETS / "results" / "tradeoff.csv"
PRICED = {
    "noise": "clip:norm=1+gaussian:sigma={:g}", "topk": "topk:keep={:g}", "quantize": "quantize:bits={:g}",
}  # fmt: skip
"""How ``study tradeoff`` writes the defenses whose cost in accuracy it measured."""


def pack(out: Path, target: Path = ATLAS) -> dict[str, Any]:
    """Write index and sprites of every set with a finished strength; returns the index.

    Args:
        out: folder of ``study atlas``. target: folder that is filled; sprites of sets that are no more are removed.
    """
    target.mkdir(parents=True, exist_ok=True)
    tried: dict[str, dict[str, list[Row]]] = defaultdict(lambda: defaultdict(list))
    for row in read_rows(out / "atlas.csv"):
        tried[row["set"]][row["strength"]].append(row)
    for chosen in sets():
        if chosen.defense != "noise":
            tried[chosen.id]["0"] = tried[replace(chosen, defense="noise").id]["0"]
    packed = [packed_set(chosen, tried[chosen.id], out, target) for chosen in sets() if complete(chosen, tried)]
    kept = {entry[kind] for entry in packed for kind in ("file", "still") if kind in entry}
    for name in sprites(target) - kept:
        (target / name).unlink(missing_ok=True)
    index = {
        "version": 1,
        "chosen": "oracle",
        "accuracy_of": accuracy_of(),
        "pictures": {name: {"title": SAMPLES[name].title} for entry in packed for name in entry["pictures"]},
        "sets": packed,
    }
    write_index(index, target)
    return index


def sprites(folder: Path) -> set[str]:
    """Names of the pictures of the index that is there: whatever else lies beside them is left alone."""
    index = folder / "index.json"
    known = json.loads(index.read_text())["sets"] if index.exists() else []
    return {entry[kind] for entry in known for kind in ("file", "still") if kind in entry}


def complete(chosen: AtlasSet, tried: dict[str, dict[str, list[Row]]]) -> bool:
    """Whether every strength of the set has an answer by every attack (or its refusal)."""
    found = tried.get(chosen.id, {})
    for strength in chosen.strengths:
        done = {row["attack"] for row in found.get(f"{strength:g}", [])}
        if not {chosen.scenario(strength, a).attack for a in chosen.attacks(strength)} <= done:
            return False
    return True


def packed_set(chosen: AtlasSet, tried: dict[str, list[Row]], out: Path, target: Path) -> dict[str, Any]:
    """One set's entry of the index; its sprites are written."""
    rows = [strongest(tried[f"{strength:g}"]) for strength in chosen.strengths]
    films = [film(row, chosen.mixed, out) for row in rows]
    names = {"file": f"{chosen.id}.webp"}
    save(sprite(films, chosen.mixed), target / names["file"], quality=QUALITY[chosen.mixed])
    if chosen.mixed == 1:
        names["still"] = f"{chosen.id}.still.webp"
        save(np.concatenate([np.hstack(shown[-2:]) for shown in films]), target / names["still"], lossless=True)
    cells = [
        cell(chosen, strength, row, tried[f"{strength:g}"])
        for strength, row in zip(chosen.strengths, rows, strict=True)
    ]
    return {
        "id": chosen.id, "network": chosen.network, "defense": chosen.defense, "mixed": chosen.mixed,
        "pictures": list(chosen.pictures), "side": SIDE, **names, "numel": int(rows[0]["numel"]), "cells": cells,
    }  # fmt: skip


def strongest(rows: list[Row]) -> Row:
    """The row of the highest verdict; among those the greatest gain of structure, then of PSNR. The truth chooses.

    Where nothing is shown to leak there is no gain to speak of: then the answer nearest to the truth is shown.
    """

    def strength(row: Row) -> tuple[int, float, float]:
        evidence = json.loads(row["evidence"])
        level = verdict(evidence)["level"]
        gained = round(max(like.structure for like in likenesses(evidence)), 2) if level else 0.0
        return level, gained, mean(row["psnr"])

    return max((row for row in rows if not row["refused"]), key=strength)


def cell(chosen: AtlasSet, strength: float, row: Row, tried: list[Row]) -> dict[str, Any]:
    """What the index says of one strength."""
    scenario, evidence = chosen.scenario(strength, row["attack"]).to_dict(), json.loads(row["evidence"])
    frames = json.loads(row["frames"])
    ended = settled(frames)
    return {
        "strength": strength,
        "scenario": {key: scenario[key] for key in SHOWN},
        "attack": row["attack"],
        "frames": thinned(frames, chosen.mixed),
        "steps": int(row["steps"]),
        "seconds": float(row["attack_seconds"]),
        "scores": paired(row["psnr"], row["ssim"]),
        "control": {"psnr": round(mean(row["control_psnr"]), 2), "ssim": round(mean(row["control_ssim"]), 4)},
        "verdict": verdict(evidence, ended),
        "settled": ended,
        "evidence": [asdict(like) for like in likenesses(evidence)],
        "noise_share": float(row["noise_share"]),
        "accuracy_cost": accuracy_cost(chosen.defense, strength),
        "band": row["band"],
        "tried": [r["attack"] for r in tried if not r["refused"]],
    }


def likenesses(evidence: list[dict[str, float]]) -> list[Likeness]:
    names = [f.name for f in fields(Likeness)]
    return [Likeness(**{name: picture[name] for name in names}) for picture in evidence]  # type: ignore[arg-type]


def settled(frames: list[dict[str, Any]]) -> bool | None:
    """Whether the loss had stopped to fall in all frames kept of a run; None: a single pass, or too few of them."""
    falling = still_falling([(frame["step"], frame["loss"]) for frame in frames if frame["loss"] is not None])
    return None if falling is None else not falling


def verdict(evidence: list[dict[str, float]], ended: bool | None = None) -> dict[str, Any]:
    """Level of the batch and of each picture; rank and reason are of the picture that leaked most.

    The reason's code is "too-short" where nothing was found by an attack that had not ``ended``.
    """
    found = likenesses(evidence)
    findings = [like.finding(len(found)) for like in found]
    most = max(range(len(found)), key=lambda i: (findings[i].level, found[i].structure))
    reason = {k: round(v, 4) if isinstance(v, float) else v for k, v in asdict(findings[most]).items() if k != "level"}
    if findings[most].level == 0 and ended is False:
        reason["code"] = "too-short"
    return {
        "level": findings[most].level, "levels": [f.level for f in findings], "picture": most,
        "rank": int(found[most].rank), "control_rank": int(found[most].control_rank),
        "candidates": int(found[most].candidates), "reason": reason,
    }  # fmt: skip


def words_anew(target: Path = ATLAS) -> int:
    """Judge the shipped numbers again; the number of cells whose verdict changed."""
    index = json.loads((target / "index.json").read_text())
    changed = 0
    for found in (cell for entry in index["sets"] for cell in entry["cells"]):
        before, found["verdict"] = found["verdict"], verdict(found["evidence"], found["settled"])
        changed += before != found["verdict"]
    write_index(index, target)
    return changed


def thinned(frames: list[Any], mixed: int) -> list[Any]:
    """As many as are kept, first and last among them."""
    places = np.linspace(0, len(frames) - 1, min(len(frames), KEPT[mixed])).round().astype(int)
    return [frames[i] for i in places]


def film(row: Row, mixed: int, out: Path) -> list[np.ndarray]:
    """(SIDE,B SIDE,3) each: the frames, then the control's answer."""
    pixels = np.asarray(Image.open(out / "pictures" / f"{row['film']}.png").convert("RGB"))
    *frames, guess = pixels.reshape(-1, SIDE, pixels.shape[1], 3)
    return [*thinned(frames, mixed), guess]


def sprite(films: list[list[np.ndarray]], mixed: int) -> np.ndarray:
    """(cells SIDE, (FRAMES+1) mixed SIDE, 3) uint8."""
    blank = np.full((SIDE, mixed * SIDE, 3), GREY, np.uint8)
    rows = []
    for *frames, guess in films:
        rows.append(np.hstack([*frames, *[blank] * (FRAMES - len(frames)), guess]))
    return np.concatenate(rows)


def save(pixels: np.ndarray, path: Path, *, quality: int = 100, lossless: bool = False) -> None:
    Image.fromarray(pixels).save(path, "WEBP", quality=quality, lossless=lossless, method=6)


def accuracy_of() -> dict[str, Any] | None:
    """Whose accuracy ``accuracy_cost`` is about: a share of all pictures, lost after the recorded rounds."""
    base = measured().get("none")
    return None if base is None else {
        "study": "tradeoff", "model": "mlp:width=64,depth=1", "data": "mnist", "rounds": int(base["rounds"]),
        "clients": 64, "undefended": float(base["accuracy"]),
    }  # fmt: skip


def accuracy_cost(defense: str, strength: float) -> float | None:
    """Share of pictures that a network trained under the defense names wrongly and one without it names rightly."""
    known = measured()
    text = "none" if strength == 0 else PRICED.get(defense, "").format(strength)
    if text not in known or "none" not in known:
        return None
    return round(float(known["none"]["accuracy"]) - float(known[text]["accuracy"]), 4)


def measured() -> dict[str, dict[str, str]]:
    if not TRADEOFF.exists():
        return {}
    with TRADEOFF.open(newline="") as file:
        return {row["defense"]: row for row in csv.DictReader(file)}


def paired(quality: str, structure: str) -> list[dict[str, float]]:
    pairs = zip(json.loads(quality), json.loads(structure), strict=True)
    return [{"psnr": round(a, 2), "ssim": round(b, 4)} for a, b in pairs]


def mean(values: str) -> float:
    found: Iterable[float] = json.loads(values)
    return float(np.mean(list(found)))


def coverage(index: dict[str, Any]) -> str:
    """Markdown: the pictures recorded of each network, defense and number mixed; those not yet, in brackets."""
    shipped = {entry["id"] for entry in index["sets"]}
    table: dict[tuple[str, str], dict[int, list[str]]] = defaultdict(lambda: defaultdict(list))
    for chosen in sets():
        name = chosen.picture if chosen.id in shipped else f"[{chosen.picture}]"
        table[chosen.network, chosen.defense][chosen.mixed].append(name)
    lines = ["| network | defense | 1 picture | 2 mixed, from | 4 mixed, from | 8 mixed, from |", "|---" * 6 + "|"]
    for (network, defense), found in table.items():
        told = [", ".join(sorted(found[mixed], key=lambda name: name[0] == "[")) or "–" for mixed in MIXES]
        lines.append("| " + " | ".join([f"`{network}`", defense, *told]) + " |")
    return "\n".join(lines) + "\n"


def write_page(index: dict[str, Any], page: Path = PAGE) -> None:
    """Put the coverage into the documentation, where there is one."""
    if page.exists():
        before, opening, rest = page.read_text().partition("<!-- recorded -->\n")
        page.write_text(before + opening + coverage(index) + rest[rest.index("<!-- /recorded -->") :])


def write_index(index: dict[str, Any], target: Path) -> None:
    (target / "index.json").write_text(json.dumps(index, separators=(",", ":")) + "\n")


def main(arguments: list[str]) -> None:
    if not arguments:
        print(f"{words_anew()} cells have another verdict")
        return
    index = pack(Path(arguments[0]))
    write_page(index)
    size = sum(file.stat().st_size for file in ATLAS.iterdir())
    print(f"{len(index['sets'])} sets, {sum(len(s['cells']) for s in index['sets'])} cells, {size / 1e6:.2f} MB")


if __name__ == "__main__":
    main(sys.argv[1:])
