"""Own widgets: an HTML file and a JS file beside this one make a gr.HTML whose DOM Gradio never touches again."""

from __future__ import annotations

import json
from functools import lru_cache
from pathlib import Path
from typing import Any

import gradio as gr

from gi_core.web.strings import LANGUAGES

HERE = Path(__file__).parent
ASSETS = HERE.parents[1] / "assets"
EMPTY = "<div></div>"
"""The template never changes, so a new value redraws nothing: the JS watches it and draws what differs."""


def widget(name: str, *, value: Any = None, server_functions: list[Any] | None = None, **props: Any) -> gr.HTML:
    """``name.html`` mounted by ``name.js``; props reach the script as ``props``."""
    return gr.HTML(
        value=value,
        html_template=EMPTY,
        js_on_load=script(name),
        apply_default_css=False,
        elem_id=f"tab-{name}",
        elem_classes=["gi-tab" if name != "header" else "gi-head"],
        server_functions=server_functions,
        page=(HERE / f"{name}.html").read_text(),
        **props,
    )


def script(name: str) -> str:
    """``name.js``, for which ``props.words`` are those of the visitor's language."""
    return f"(props => {{\n{(HERE / f'{name}.js').read_text()}\n}})(gi.localised(props));"


def as_script(value: Any) -> str:
    """JSON that may stand inside a <script>."""
    return json.dumps(value, ensure_ascii=False, separators=(",", ":")).replace("</", "<\\/")


def head(stylesheets: list[str], scripts: list[str]) -> str:
    """Styles, shared scripts and words for the page's <head>, so that nothing flashes unstyled."""
    styles = "\n".join((HERE / name).read_text() for name in stylesheets)
    code = "\n".join((HERE / name).read_text() for name in scripts)
    return f"<style>\n{styles}</style>\n<script>\n{code}\ngi.speak({as_script(LANGUAGES)});</script>"


@lru_cache(maxsize=32)
def asset(path: str) -> str:
    return (ASSETS / path).read_text()


def replay_names() -> list[str]:
    """Recorded runs, in the order of their file names."""
    return sorted(file.stem for file in (ASSETS / "replays").glob("*.json"))
