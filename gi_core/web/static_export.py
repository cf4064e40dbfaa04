"""The whole explorer as one folder, for a disk or any host of files: ``gi export``.

The rooms are the app's own, and attacks run in the reader's browser (gi_core/web/engine). static.js stands where Gradio
stands in the app: it answers from what is in the page. The page asks nobody for anything but its own files; a host's
visitors may install it, and it works without a network then.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator
from html import escape
from pathlib import Path
from typing import Any

from PIL import Image, ImageDraw

from gi_core.web.screens.cheat import cheat
from gi_core.web.screens.compare import compare
from gi_core.web.screens.evidence import answers, evidence, regimes
from gi_core.web.screens.explore import explore, recorded
from gi_core.web.screens.explore.layers import layers_with
from gi_core.web.server.run_service import RunService
from gi_core.web.settings import Limits
from gi_core.web.widget import as_script, head, script
from gi_core.web.words import ENGLISH

HERE = Path(__file__).parent / "export"
TABS = ("explore", "cheat", "compare", "evidence")
POLICY = "; ".join((
    "default-src 'none'",
    "script-src 'unsafe-inline'",
    "style-src 'unsafe-inline'",
    "img-src 'self' data: blob:",
    "font-src data:",
    "worker-src 'self' blob:",
    "manifest-src 'self'",
))  # fmt: skip
"""The page may load pictures of its own folder and start threads from itself; the browser refuses all else."""
SIZES = (192, 512)
COLOURS = ("#0a3f7d", "#e8a33d", "#9b1c12")
"""Private, leaving, attacker: the header's mark."""
QUALITY = 90
"""WebP's, of the feasibility study's pictures: a quarter of their bytes."""


def export(out: Path) -> Path:
    """Write the folder and return the path of its index.html."""
    (out / "pictures").mkdir(parents=True, exist_ok=True)
    for row in regime_rows():
        with Image.open(picture_file(row)) as picture:
            picture.save(out / picture_address(row), quality=QUALITY)
    page = document()
    for size in SIZES:
        icon(size).save(out / f"icon-{size}.png", optimize=True)
    (out / "manifest.webmanifest").write_text(json.dumps(manifest(), indent=1) + "\n")
    (out / "index.html").write_text(page)
    (out / "sw.js").write_text(service_worker(out))
    return out / "index.html"


def document() -> str:
    """The page: Explore first, with the set that it opens with; then what the other sets and rooms show."""
    tabs = "\n".join(f'<div id="tab-{name}" class="gi-tab"></div>' for name in TABS)
    first, *others = shelves()
    later = "\n".join(f"<script>put({as_script(shelf)});</script>" for shelf in others)
    rooms = {
        "cheat": {"catalog": cheat.catalog(Limits(), served=False)},
        "compare": {"first": compare.opening(), "catalog": compare.catalog(Limits())},
        "evidence": {"catalog": evidence.catalog()},
    }
    return f"""<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">
<meta http-equiv="Content-Security-Policy" content="{escape(POLICY)}">
<meta name="theme-color" content="{COLOURS[0]}">
<title>{escape(ENGLISH["title"])}</title><link rel="icon" href="data:,">
{head()}
<style>{(HERE / "static.css").read_text()}</style>
</head><body class="static">
<main>
{tabs}
</main>
<div id="tab-header" class="gi-head"></div>
<footer class="gi"><p class="small" data-note></p></footer>
<script>
const catalog = {as_script(explore.catalog() | {"served": False})};
{(HERE / "static.js").read_text()}
put({as_script(first)});</script>
{mounted("explore", "{ catalog }")}
{mounted("header", "{}")}
{later}
{"".join(mounted(name, as_script(props)) for name, props in rooms.items())}
</body></html>
"""


def mounted(name: str, constants: str) -> str:
    """The room's script, called as Gradio would call it; ``constants`` is JavaScript."""
    call = script(name, ("run",)).replace("{}", constants, 1)
    return f"""<script>{{
const element = document.getElementById("tab-{name}"), {{ props, trigger, watch, server }} = line();
{call}
}}</script>
"""


def shelves() -> Iterator[dict[str, Any]]:
    """What static.js answers from, piece by piece: {kind: {key: answer}}; the first holds what Explore opens with."""
    inline = recorded.inline()
    opening = recorded.index()["sets"][0]
    needed = {opening["id"], *(opening[field] for field in recorded.SPRITES if field in opening)}
    yield {"atlas": {name: inline[name] for name in needed}}
    yield {"atlas": {name: value for name, value in inline.items() if name not in needed}}
    yield {"comparisons": {name: compare.comparison(name) for name in compare.recorded_names()}}
    yield {"cells": {f"{row} {column}": found for (row, column), found in cells().items()}}
    yield {"layers": layers(), "cheat": cheat.recorded()}
    yield {"runs": {key: answers.risk_run({"key": key}) for key in opened()}}
    yield {"regimes": {picture_key(row): regime_pictures(row) for row in regime_rows()}}


def layers() -> dict[str, Any]:
    """The updates of the first set's cells, layer by layer, by their defense."""
    take_apart, first = layers_with(RunService(Limits())), recorded.index()["sets"][0]
    pictures = [{"sample": name} for name in first["pictures"]]
    return {
        cell["scenario"]["defense"]: take_apart({"settings": cell["scenario"], "pictures": pictures})
        for cell in first["cells"]
    }


def cells() -> dict[tuple[int, int], dict[str, Any]]:
    """Every run of each cell of Evidence's map."""
    places = [(row, column) for row in range(len(evidence.ROWS)) for column in range(len(evidence.COLUMNS))]
    return {(row, column): evidence.evidence_cell({"row": row, "column": column}) for row, column in places}


def opened() -> list[str]:
    """Keys of the runs that the map's cells show."""
    return [cell["key"] for row in evidence.catalog()["cells"] for cell in row if cell is not None]


def regime_rows() -> list[dict[str, str]]:
    """Recorded runs of the feasibility study whose pictures were kept, each with its regime's name."""
    found = [row for name in regimes.REGIMES for row in regimes.recorded()[name]]
    return [row for row in found if picture_file(row).exists()]


def picture_file(row: dict[str, str]) -> Path:
    return regimes.PICTURES / f"{regimes.run_name(row)}.png"


def picture_address(row: dict[str, str]) -> str:
    return f"pictures/{picture_file(row).stem}.webp"


def picture_key(row: dict[str, str]) -> str:
    return f"{row['regime']} {row['update']} {row['seed']}"


def regime_pictures(row: dict[str, str]) -> dict[str, Any]:
    """As ``regimes.feasibility_run`` answers, the picture by its address."""
    request = {"regime": row["regime"], "update": row["update"], "seed": row["seed"]}
    return regimes.feasibility_run(request) | {"src": picture_address(row)}


def manifest() -> dict[str, Any]:
    """What a browser needs to install the page."""
    return {
        "name": ENGLISH["title"], "short_name": "Inversion", "start_url": "./index.html", "display": "standalone",
        "background_color": "#ffffff", "theme_color": COLOURS[0],
        "icons": [{"src": f"icon-{size}.png", "sizes": f"{size}x{size}", "type": "image/png"} for size in SIZES],
    }  # fmt: skip


def icon(size: int) -> Image.Image:
    """The header's three bars."""
    picture = Image.new("RGB", (size, size), "white")
    draw, unit = ImageDraw.Draw(picture), size // 16
    for place, colour in enumerate(COLOURS):
        left = unit * (2 + 4 * place)
        draw.rectangle((left, 4 * unit, left + 3 * unit, 12 * unit), colour)
    return picture


def service_worker(out: Path) -> str:
    """sw.js for the files of the folder; its name for the cache changes with their content."""
    files = sorted(p for p in out.rglob("*") if p.is_file() and p.name != "sw.js")
    content = hashlib.sha256(b"".join(file.read_bytes() for file in files)).hexdigest()[:16]
    names = ["./", *(file.relative_to(out).as_posix() for file in files)]
    start = f'const CACHE = "explorer-{content}";\nconst FILES = {json.dumps(names)};\n'
    return start + (HERE / "sw.js").read_text()
