"""The recorded explorer as one HTML file: drag, replay, compare, take apart and learn, from a disk or any host.

The widgets are the app's own; static.js stands where Gradio stands there and answers from what is in the file.
"""

from __future__ import annotations

from html import escape
from pathlib import Path
from typing import Any

from gi_core.web.screens.compare import compare
from gi_core.web.screens.explore import explore, recorded
from gi_core.web.screens.explore.layers import layers_with
from gi_core.web.server.run_service import RunService
from gi_core.web.settings import Limits
from gi_core.web.widget import as_script, head, script, source
from gi_core.web.words import ENGLISH

TABS = ("explore", "compare")
POLICY = (
    "default-src 'none'; img-src data: blob:; font-src data:; style-src 'unsafe-inline'; script-src 'unsafe-inline'"
)
"""The browser refuses every request of the page: all it needs is in it."""


def export(out: Path) -> Path:
    """Write ``out/index.html`` and return its path."""
    out.mkdir(parents=True, exist_ok=True)
    file = out / "index.html"
    file.write_text(document())
    return file


def document() -> str:
    """The page."""
    tabs = "\n".join(f'<div id="tab-{name}" class="gi-tab"></div>' for name in TABS)
    widgets = "\n".join(widget(name, props) for name, props in contents().items())
    return f"""<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">
<meta http-equiv="Content-Security-Policy" content="{escape(POLICY)}">
<title>{escape(ENGLISH["title"])}</title><link rel="icon" href="data:,">
{head()}
<style>{source("static.css")}</style>
</head><body class="static">
<main>
{tabs}
</main>
<div id="tab-header" class="gi-head"></div>
<footer class="gi"><p class="small" data-note></p></footer>
<script>
const recorded = {as_script(recordings())};
{source("static.js")}</script>
{widgets}
</body></html>
"""


def contents() -> dict[str, dict[str, Any]]:
    """What each widget gets as props."""
    return {
        "explore": {"catalog": explore.catalog(inline=True)},
        "compare": {"first": compare.opening(), "catalog": compare.catalog(Limits())},
        "header": {},
    }


def widget(name: str, props: dict[str, Any]) -> str:
    """The widget's script, called as Gradio would call it."""
    return f"""<script>
((element, props, trigger, watch, server) => {{
{script(name, **props)}
}})(document.getElementById("tab-{name}"), {{}}, still, still, recordedServer);
</script>"""


def recordings() -> dict[str, Any]:
    """Recorded comparisons by name, and the update of the first set's cells, layer by layer, by their defense."""
    take_apart, first = layers_with(RunService(Limits())), recorded.index()["sets"][0]
    pictures = [{"sample": name} for name in first["pictures"]]
    return {
        "comparisons": {name: compare.comparison(name) for name in compare.recorded_names()},
        "pictures": pictures,
        "layers": {
            cell["scenario"]["defense"]: take_apart({"settings": cell["scenario"], "pictures": pictures})
            for cell in first["cells"]
        },
    }
