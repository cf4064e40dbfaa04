"""Own widgets: an HTML file and a JS file beside this one make a gr.HTML whose DOM Gradio never touches again."""

from __future__ import annotations

import json
from functools import lru_cache
from pathlib import Path
from typing import Any

import gradio as gr

from gi_core.paths import ASSETS
from gi_core.web.strings import LANGUAGES

HERE = Path(__file__).parent
EMPTY = "<div></div>"
"""The template never changes, so a new value redraws nothing: the JS watches it and draws what differs."""


def widget(
    name: str, *, first: Any = None, catalog: Any = None, server_functions: list[Any] | None = None, **props: Any
) -> gr.HTML:
    """``name.html`` mounted by ``name.js``; props reach the script as ``props``.

    ``first`` (what it shows before any message) and ``catalog`` never change: they travel inside the script, for Gradio
    takes a second of the browser's time to watch half a megabyte of props.
    """
    return gr.HTML(
        html_template=EMPTY,
        js_on_load=script(name, first=first, catalog=catalog),
        apply_default_css=False,
        elem_id=f"tab-{name}",
        elem_classes=["gi-tab" if name != "header" else "gi-head"],
        server_functions=server_functions,
        **props,
    )


def script(name: str, **constants: Any) -> str:
    """``name.js``, whose ``props`` hold, besides Gradio's, the constants, the page, and the words of the language."""
    constants |= {"page": source(f"{name}.html")}
    code = source(f"{name}.js")
    constant = as_script(constants)
    return f'gi.whenWanted("{name}", () => (props => {{\n{code}\n}})(gi.localised(props, {constant})));'


def source(name: str) -> str:
    """The text of a screen's file, of one that all screens share (``lib``), or of one of the page itself."""
    stem = name.partition(".")[0]
    places = (HERE / "screens" / stem / name, HERE / "lib" / name, HERE / name)
    return next(place for place in places if place.is_file()).read_text()


def as_script(value: Any) -> str:
    """JSON that may stand inside a <script>."""
    return json.dumps(value, ensure_ascii=False, separators=(",", ":")).replace("</", "<\\/")


def head(stylesheets: list[str], scripts: list[str]) -> str:
    """Styles, shared scripts and words for the page's <head>, so that nothing flashes unstyled."""
    styles = "\n".join(source(name) for name in stylesheets)
    code = "\n".join(source(name) for name in scripts)
    return f"<style>\n{styles}</style>\n<script>\n{code}\ngi.speak({as_script(LANGUAGES)});</script>"


@lru_cache(maxsize=32)
def asset(path: str) -> str:
    return (ASSETS / path).read_text()


def replay_names() -> list[str]:
    """Recorded runs, in the order of their file names."""
    return sorted(file.stem for file in (ASSETS / "replays").glob("*.json"))
