"""Own widgets: a screen of the bundle (main.js), mounted in a gr.HTML whose DOM Gradio never touches again."""

from __future__ import annotations

import base64
import functools
import json
from collections.abc import Callable
from functools import lru_cache
from pathlib import Path
from typing import Any

import gradio as gr

from gi_core.errors import BadInput
from gi_core.paths import ASSETS
from gi_core.web.server.messages import sentence
from gi_core.web.words import LANGUAGES

HERE = Path(__file__).parent
BUNDLE = HERE / "bundle"
"""What ``npm run build`` makes of main.js: gi.js and gi.css."""
EMPTY = "<div></div>"
"""The template never changes, so a new value redraws nothing: the JS watches it and draws what differs."""


def widget(
    name: str,
    *,
    first: Any = None,
    catalog: Any = None,
    events: tuple[str, ...] = (),
    server_functions: list[Any] | None = None,
    **props: Any,
) -> gr.HTML:
    """The screen ``name`` of the bundle; props reach it as ``props``.

    ``first`` (what it shows before any message) and ``catalog`` never change: they travel as text, for Gradio takes a
    second of the browser's time to watch half a megabyte of props, and searches the script forty times a session.
    ``events`` are those that the screen triggers: Gradio makes a listener of every name that stands quoted in the
    script.
    """
    return gr.HTML(
        html_template=EMPTY,
        js_on_load=script(name, events),
        constants=as_script({"first": first, "catalog": catalog}),
        apply_default_css=False,
        elem_id=f"tab-{name}",
        elem_classes=["gi-tab" if name != "header" else "gi-head"],
        server_functions=server_functions and [checked(function) for function in server_functions],
        **props,
    )


def checked(function: Callable[[dict[str, Any]], Any]) -> Callable[[dict[str, Any]], Any]:
    """The function, which answers with one sentence where it is given no object, or one without a field it needs."""

    @functools.wraps(function)
    def safe(request: dict[str, Any]) -> Any:
        if not isinstance(request, dict):
            return {"error": f"A request of type {type(request).__name__}: an object is needed."}
        try:
            return function(Request(request))
        except BadInput as error:
            return {"error": sentence(str(error))}

    return safe


class Request(dict[str, Any]):
    """What the browser sent; a field that is asked for and missing raises BadInput."""

    def __missing__(self, name: str) -> Any:
        raise BadInput(f"a request without {name}: it is needed")


def script(name: str, events: tuple[str, ...] = (), **constants: Any) -> str:
    """The call that mounts a screen where Gradio's names (element, props, ...) are known."""
    context = "{ element, props, trigger, watch, server }"
    return f'gi.start("{name}", {context}, {as_script(constants)}, {as_script(events)});'


def source(name: str) -> str:
    """The text of a file of the page itself."""
    return (HERE / name).read_text()


def as_script(value: Any) -> str:
    """JSON that may stand inside a <script>."""
    return json.dumps(value, ensure_ascii=False, separators=(",", ":")).replace("</", "<\\/")


def head() -> str:
    """Styles, the bundle, the letters and the words for the page's <head>, so that nothing flashes or moves later."""
    styles, code = ((BUNDLE / name).read_text() for name in ("gi.css", "gi.js"))
    begin = f"gi.letters({as_script(fonts())});\ngi.speak({as_script(LANGUAGES)});"
    return f"<style>\n{styles}</style>\n<script>\n{code}\n{begin}</script>"


def fonts() -> list[dict[str, str]]:
    """The faces of the page's type with their files in them: those that the framework brings lack half the letters."""
    ranges = {"latin": "U+0-36F, U+1E00-FFFF", "greek": "U+370-3FF"}
    return [
        {"family": "Source Sans 3", "weight": weight, "range": letters, "base64": encoded(f"{script}-{weight}")}
        for script, letters in ranges.items()
        for weight in ("400", "600")
    ]


def encoded(face: str) -> str:
    """The file of a face, in base64."""
    return base64.b64encode((HERE / "fonts" / f"source-sans-3-{face}-normal.woff2").read_bytes()).decode()


@lru_cache(maxsize=32)
def asset(path: str) -> str:
    return (ASSETS / path).read_text()
