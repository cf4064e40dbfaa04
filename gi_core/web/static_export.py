"""The whole explorer as one folder, for a disk or any host of files: ``gi export``.

The rooms are the app's own, and attacks run in the reader's browser (gi_core/web/engine). static.js stands where Gradio
stands in the app: it answers from what is in the folder. The page asks nobody for anything but its own files; a host's
visitors may install it, and it works without a network then.

What is shown later lies in shelf/: scripts, for a page on a disk may read no other files, each a deflated content as
letters of 15 bits. They are stored as UTF-16, so that they are a sixteenth longer than what they hold, not a third.
"""

from __future__ import annotations

import base64
import hashlib
import io
import json
import zlib
from collections.abc import Iterator
from functools import cache
from html import escape
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image, ImageDraw

from gi_core.web import inverters
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
    "script-src 'self' 'unsafe-inline'",
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
INVERTERS = ("fgla",)
"""Trained inverters in the folder: venom and git, 5.3 and 5.2 MB when packed, would take it beyond 15 MB."""
PNG, WORTH = "data:image/png;base64,", 1000
FIRST = 0x3400
"""The first of the 32,768 letters that each stand for 15 bits, as lib/offline.js reads them."""
QUALITY = 80
"""WebP's, of the feasibility study's pictures: a quarter of their bytes."""


def export(out: Path) -> Path:
    """Write the folder and return the path of its index.html."""
    for folder in ("pictures", "shelf"):
        (out / folder).mkdir(parents=True, exist_ok=True)
    for name, content in shelf():
        (out / "shelf" / f"{name}.js").write_bytes(packed(name, content))
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
    """The page: Explore first, with the set that it opens with; the other rooms read what they show from the shelf."""
    tabs = "\n".join(f'<div id="tab-{name}" class="gi-tab"></div>' for name in TABS)
    first = recorded.index()["sets"][0]
    offered = explore.catalog() | {"served": False, "inverters": inverters.catalog(INVERTERS)}
    rooms = {
        "cheat": {"catalog": cheat.catalog(Limits(), served=False)},
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
const catalog = {as_script(offered)};
const opening = {as_script({"atlas": {first["id"]: recorded.whole(first)}, "comparison": small(compare.opening())})};
{(HERE / "static.js").read_text()}</script>
{mounted("explore", "{ catalog }")}
{mounted("header", "{}")}
{mounted("compare", "{ first: opening.comparison, catalog: " + as_script(compare.catalog(Limits())) + " }")}
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


def shelf() -> Iterator[tuple[str, bytes]]:
    """The shelf's files by name: JSON, and trained networks as they are."""
    for one in recorded.index()["sets"][1:]:
        yield f"atlas-{one['id']}", as_json(recorded.whole(one))
    yield "atlas-line-up", as_json({recorded.LINE_UP: recorded.source(recorded.LINE_UP)})
    for name in set(compare.recorded_names()) - {compare.FIRST}:
        yield f"comparison-{name}", as_json(compare.comparison(name))
    yield "cells", as_json({f"{row} {column}": found for (row, column), found in cells().items()})
    yield "layers", as_json(layers())
    yield "cheat", as_json(cheat.recorded())
    yield "runs", as_json({key: answers.risk_run({"key": key}) for key in opened()})
    yield "regimes", as_json({picture_key(row): regime_pictures(row) for row in regime_rows()})
    for name, path in inverters.files(INVERTERS).items():
        yield Path(name).stem, path.read_bytes()


def as_json(value: Any) -> bytes:
    """Without the pictures' slack: :func:`small`."""
    return json.dumps(small(value), ensure_ascii=False, separators=(",", ":")).encode()


def small(value: Any) -> Any:
    """Plain data whose PNG pictures are WebP without loss, where that is shorter."""
    if isinstance(value, dict):
        return {key: small(one) for key, one in value.items()}
    if isinstance(value, list):
        return [small(one) for one in value]
    return shorter(value) if isinstance(value, str) and value.startswith(PNG) and len(value) > WORTH else value


@cache
def shorter(source: str) -> str:
    """A picture's data URI, of the same pixels."""
    made = io.BytesIO()
    with Image.open(io.BytesIO(base64.b64decode(source.removeprefix(PNG)))) as picture:
        picture.convert("RGB").save(made, "WEBP", lossless=True, quality=100, method=4)
    told = f"data:image/webp;base64,{base64.b64encode(made.getvalue()).decode()}"
    return min(source, told, key=len)


def packed(name: str, content: bytes) -> bytes:
    """A file of the shelf: a script that hands over the deflated content, 15 bits a letter, in UTF-16 with its mark."""
    deflate = zlib.compressobj(9, zlib.DEFLATED, -zlib.MAX_WBITS)
    small = deflate.compress(content) + deflate.flush()
    bits = np.unpackbits(np.frombuffer(small, np.uint8))
    fifteens = np.pad(bits, (0, -len(bits) % 15)).reshape(-1, 15) @ (1 << np.arange(14, -1, -1))
    letters = (fifteens + FIRST).astype("<u2").tobytes()
    begin, end = f"shelf.give({json.dumps(name)},{len(small)},'", "');\n"
    return b"\xff\xfe" + begin.encode("utf-16-le") + letters + end.encode("utf-16-le")


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
    found = [row for name in regimes.REGIMES for row in regimes.recorded().get(name, [])]
    return [row for row in found if regimes.picture_file(row) is not None]


def picture_file(row: dict[str, str]) -> Path:
    file = regimes.picture_file(row)
    assert file is not None
    return file


def picture_address(row: dict[str, str]) -> str:
    return f"pictures/{picture_file(row).stem}.webp"


def picture_key(row: dict[str, str]) -> str:
    return f"{row['regime']} {row['place']} {row['seed']}"


def regime_pictures(row: dict[str, str]) -> dict[str, Any]:
    """As ``regimes.feasibility_run`` answers, the picture by its address."""
    request = {"regime": row["regime"], "update": row["place"], "seed": row["seed"]}
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
