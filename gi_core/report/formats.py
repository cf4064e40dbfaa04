"""Every format in which a run can be taken away, by name."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Callable
from dataclasses import dataclass

from gi_core.report.animation import gif
from gi_core.report.figure import figure
from gi_core.report.film import mp4
from gi_core.report.html import html
from gi_core.trace import Trace


@dataclass(frozen=True)
class Format:
    """A file that a Trace can become: its media type, and the function that writes it."""

    media_type: str
    write: Callable[[Trace], bytes]


def archive(trace: Trace) -> bytes:
    """``Trace.files`` with figures, animation, film and report, as one zip archive."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as kept:
        for name, content in trace.files().items():
            kept.writestr(name, content)
        for name, kind in (("run", "gif"), ("run", "mp4"), ("report", "html"), ("figure", "pdf"), ("figure", "svg")):
            kept.writestr(f"{name}.{kind}", FORMATS[kind].write(trace))
    return buffer.getvalue()


FORMATS: dict[str, Format] = {
    "png": Format("image/png", lambda trace: figure(trace, "png")),
    "svg": Format("image/svg+xml", lambda trace: figure(trace, "svg")),
    "pdf": Format("application/pdf", lambda trace: figure(trace, "pdf")),
    "gif": Format("image/gif", gif),
    "mp4": Format("video/mp4", mp4),
    "csv": Format("text/csv", lambda trace: trace.files()["history.csv"]),
    "json": Format("application/json", lambda trace: trace.files()["trace.json"]),
    "html": Format("text/html", lambda trace: html(trace).encode()),
    "zip": Format("application/zip", archive),
}
