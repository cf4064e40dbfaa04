"""Record the scene's first view: ``GI_DATA=FOLDER python -m gi_core.web.screens.cheat.recording``.

Writes assets/cheat/photos.webp, 64 cuts of twenty photographs that are free for any use (``free_photos_224.npz``), and
assets/cheat/cheat.json: what a malicious server reads of them under each setting, and what an inspection sees. Photos
that are there already are kept, and the folder is then not needed.
"""

from __future__ import annotations

import base64
import io
import json
import os
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import torch
import torch.nn.functional as F
from PIL import Image
from torch import Tensor

from gi_core.errors import BadInput
from gi_core.evaluation.inspection import inspect_sent
from gi_core.run import prepare
from gi_core.web.screens.cheat.cheat import (
    BATCHES,
    CHECKED,
    CLIENTS,
    FOLDER,
    NOISES,
    SERVERS,
    SIDE,
    photographs,
    scenario,
)
from gi_core.web.screens.cheat.reading import COLUMNS, grid, inspected, reading, webp

SMALL = 72
"""Side of recorded readings; those equal to their photograph to one 255th are not stored, the page shows the photo."""
TEXTURES = {"brick", "grass", "gravel"}
COUNT = 64
NOISY = (16, 64)
"""Batches that are recorded with noise."""
CUT = 144


def photos(file: Path) -> Tensor:
    """(64,3,224,224) in [0,1]: whole photographs first, then their corners. Raises BadInput without the file."""
    if not file.is_file():
        raise BadInput(f"{file} is missing: GI_DATA must name the folder that holds it")
    with np.load(file) as stored:
        names, images = stored["names"].tolist(), torch.from_numpy(stored["images"]).permute(0, 3, 1, 2).float() / 255
    whole = images[torch.tensor([name not in TEXTURES for name in names])]
    corners = [(0, 0), (SIDE - CUT, SIDE - CUT), (0, SIDE - CUT), (SIDE - CUT, 0)]
    cuts = [whole[:, :, y : y + CUT, x : x + CUT] for y, x in corners]
    larger = [F.interpolate(c, size=(SIDE, SIDE), mode="bicubic", antialias=True).clamp(0, 1) for c in cuts]
    return torch.cat([whole, *larger])[:COUNT]


def choices() -> Iterator[dict[str, Any]]:
    """The settings that are recorded: every server and batch alone, then with other clients, then with noise."""
    for server in SERVERS:
        for batch in BATCHES:
            one = {"network": "lenet", "server": server, "batch": batch, "clients": 1, "noise": 0.0}
            yield one
            if server != "honest":
                yield from (one | {"clients": clients} for clients in CLIENTS[1:])
            if server != "honest" and batch in NOISY:
                yield from (one | {"noise": noise} for noise in NOISES[1:])
    for network in ("resnet18", "vit-tiny"):
        yield {"network": network, "server": "stealthy", "batch": 16, "clients": 1, "noise": 0.0}


def round_of(choice: dict[str, Any]) -> dict[str, Any]:
    """One recorded round: its choice, its reading, and the processor time of both sides in seconds."""
    wanted, started = scenario(choice, SIDE), time.process_time()
    found = reading(prepare(wanted, photographs()[: wanted.batch_size]), SIDE)
    return {"choice": choice, "seconds": round(time.process_time() - started, 2), "reading": thinned(found)}


def thinned(found: dict[str, Any]) -> dict[str, Any]:
    """Without the readings that equal their photograph, the others small."""
    kept: list[int] = []
    tiles = []
    for tile in found["tiles"]:
        known = {key: value for key, value in tile.items() if key != "at"}
        if "at" in tile and tile["step"] > 1:
            if tile["at"] not in kept:
                kept.append(tile["at"])
            known["at"] = kept.index(tile["at"])
        tiles.append(known)
    return found | {"tiles": tiles, "sheet": smaller(found["sheet"], kept)}


def smaller(sheet: dict[str, Any] | None, kept: list[int]) -> dict[str, Any] | None:
    """A sheet of some of its pictures, SMALL pixels each."""
    if sheet is None or not kept:
        return None
    whole = Image.open(io.BytesIO(base64.b64decode(sheet["src"].partition(",")[2]))).convert("RGB")
    side, made = sheet["side"], Image.new("RGB", (COLUMNS * SMALL, -(-len(kept) // COLUMNS) * SMALL))
    for number, at in enumerate(kept):
        x, y = at % COLUMNS * side, at // COLUMNS * side
        one = whole.crop((x, y, x + side, y + side)).resize((SMALL, SMALL), Image.Resampling.BOX)
        made.paste(one, (number % COLUMNS * SMALL, number // COLUMNS * SMALL))
    return {"src": webp(made, quality=60), "side": SMALL, "columns": COLUMNS}


def main() -> None:
    FOLDER.mkdir(parents=True, exist_ok=True)
    if not (FOLDER / "photos.webp").is_file():
        made = photos(Path(os.environ.get("GI_DATA", ".")) / "free_photos_224.npz")
        grid(made).save(FOLDER / "photos.webp", "WEBP", quality=80, method=6)
    runs = []
    for choice in choices():
        runs.append(round_of(choice))
        found = runs[-1]["reading"]
        print(f"{choice}: {found['read']} of {choice['batch']} read, {found['others_read']} of others", flush=True)
    inspections = {}
    for server in SERVERS:
        wanted = scenario(
            {"network": "lenet", "server": server, "batch": CHECKED, "clients": 1, "noise": 0}, SIDE
        )  # fmt: skip
        inspections[server] = inspected(inspect_sent(wanted, photographs()[:CHECKED]))
        print(f"{server}: {inspections[server]['level']}", flush=True)
    told = {
        "photos": {"file": "photos.webp", "count": COUNT, "side": SIDE, "columns": COLUMNS},
        "inspections": inspections, "runs": runs,
    }  # fmt: skip
    (FOLDER / "cheat.json").write_text(json.dumps(told, separators=(",", ":"), allow_nan=False) + "\n")
    print(f"{(FOLDER / 'cheat.json').stat().st_size / 1e3:.0f} kB", flush=True)


if __name__ == "__main__":
    main()
