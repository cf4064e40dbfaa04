"""Own widgets: an HTML file and a JS file beside this one make a gr.HTML whose DOM Gradio never touches again."""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path
from typing import Any

import gradio as gr

from gi_core.web.strings import ENGLISH

HERE = Path(__file__).parent
ASSETS = HERE.parents[1] / "assets"
EMPTY = "<div></div>"
"""The template never changes, so a new value redraws nothing: the JS watches it and draws what differs."""


def widget(name: str, *, value: Any = None, server_functions: list[Any] | None = None, **props: Any) -> gr.HTML:
    """``name.html`` mounted by ``name.js``; props reach the script as ``props``."""
    return gr.HTML(
        value=value,
        html_template=EMPTY,
        js_on_load=(HERE / f"{name}.js").read_text(),
        apply_default_css=False,
        elem_id=f"tab-{name}",
        elem_classes=["gi-tab" if name != "header" else "gi-head"],
        server_functions=server_functions,
        page=(HERE / f"{name}.html").read_text(),
        words=ENGLISH,
        **props,
    )


def head(stylesheets: list[str], scripts: list[str]) -> str:
    """Styles and shared scripts for the page's <head>, so that nothing flashes unstyled."""
    styles = "\n".join((HERE / name).read_text() for name in stylesheets)
    code = "\n".join((HERE / name).read_text() for name in scripts)
    return f"<style>\n{styles}</style>\n<script>\n{code}</script>"


@lru_cache(maxsize=32)
def asset(path: str) -> str:
    return (ASSETS / path).read_text()


def replay_names() -> list[str]:
    """Recorded runs, in the order of their file names."""
    return sorted(file.stem for file in (ASSETS / "replays").glob("*.json"))
