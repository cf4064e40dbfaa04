"""The report of an audit as one HTML file that needs nothing else, and as PDF."""

from __future__ import annotations

from html import escape
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from PIL import Image
from torch import Tensor

from gi_core.audit.checks import SEVERITIES
from gi_core.metrics.assignment import match
from gi_core.report.html import STYLE, picture, rows, shown
from gi_core.report.pen import SOFT, Pen
from gi_core.trace import enlarged, png

if TYPE_CHECKING:
    from gi_core.audit.run import Report

SHOWN = 8
"""Pictures on the page."""


def html(report: Report, data: dict[str, Any], pictures: bool = True) -> bytes:
    """Verdict, sheet, pictures, what was tried, what to change, what it does not cover; ``data``: the report's own."""
    record = report.record
    parts = [
        "<h1>Audit of a recorded update</h1>",
        f"<p><b>{escape(data['headline'])}.</b> {escape(data['says'])}</p>",
        rows([{"asked about": name, "": value} for name, value in asked(data)]),
    ]
    if pictures and (strip := evidence(report)) is not None:
        parts += [
            "<h2>Pictures</h2>",
            picture(png(strip), "png", says_of_strip(report)),
            f"<p>{says_of_strip(report)}</p>",
        ]
    elif not pictures:
        parts += ["<p>Pictures were left out of this copy.</p>"]
    parts += ["<h2>Before any attack</h2>", rows([sheet_row(f) for f in data["sheet"]["findings"]])]
    if data["attacks"]:
        parts += ["<h2>What was tried</h2>", rows([attack_row(a) for a in data["attacks"]])]
    if data["skipped"]:
        parts += ["<h2>What was not tried, and why</h2>", rows(data["skipped"])]
    if data["failed"]:
        parts += ["<h2>What broke</h2>", rows([{"check or attack": k, "error": v} for k, v in data["failed"].items()])]
    if data["change"]:
        parts += ["<h2>What to change</h2>", rows([change_row(c) for c in data["change"]])]
    parts += ["<h2>What this does not cover</h2>", "<ul>", *(f"<li>{escape(t)}</li>" for t in data["limits"]), "</ul>"]
    inputs = [{"file": role, "SHA-256": value} for role, value in data["hashes"].items()]
    parts += ["<h2>Inputs and versions</h2>", rows(inputs) if inputs else ""]
    parts += [rows([{"package": k, "version": v} for k, v in data["versions"].items()])]
    title = f"Audit: {record.recipe.framework or 'an update'}"
    head = f'<meta charset="utf-8"><title>{escape(title)}</title><style>{STYLE}td{{vertical-align:top}}</style>'
    page = f'<!doctype html>\n<html lang="en"><head>{head}</head><body>\n' + "\n".join(parts) + "\n</body></html>\n"
    return page.encode()


def pdf(report: Report, data: dict[str, Any], pictures: bool = True) -> bytes:
    """The same on A4, text as text."""
    pen = Pen()
    pen.write("Audit of a recorded update", size=17, gap=1.2)
    pen.write(f"{data['headline']}.", size=14, gap=0.8)
    pen.write(data["says"], gap=0.4)
    pen.write("; ".join(f"{name}: {value}" for name, value in asked(data)) + ".", size=8)
    if pictures and (strip := evidence(report)) is not None:
        pen.head("Pictures")
        wide = min(0.42, 0.06 * strip.width / strip.height * 3)
        pen.pictures([np.asarray(strip)], (wide, wide * strip.height / strip.width * 8.27 / 11.69))
        pen.write(says_of_strip(report), size=7, colour=SOFT)
    pen.head("Before any attack")
    for f in data["sheet"]["findings"]:
        pen.write(f"{f['severity'].upper()} {f['finding']} {f['means']}", size=8)
    for title, lines in (
        (
            "What was tried",
            ["; ".join(f"{k}: {shown(v)}" for k, v in attack_row(a).items()) + "." for a in data["attacks"]],
        ),
        ("What was not tried, and why", [f"{s['attack']}: {s['reason']}" for s in data["skipped"]]),
        ("What broke", [f"{k}: {v}" for k, v in data["failed"].items()]),
        ("What to change", [": ".join(change_row(c).values()) for c in data["change"]]),
        ("What this does not cover", data["limits"]),
        ("Inputs", [f"{role}: SHA-256 {value}" for role, value in data["hashes"].items()]),
    ):
        if lines:
            pen.head(title)
            for line in lines:
                pen.write(line, size=8)
    return pen.pdf("Audit of a recorded update")


def asked(data: dict[str, Any]) -> list[tuple[str, str]]:
    """Who was asked what."""
    facts, recipe = data["sheet"]["facts"], data["recipe"]
    model = recipe.get("model", "a network of the user's own")
    named = model if isinstance(model, str) else ", ".join(f"{k}={v}" for k, v in model.items())
    framework = " ".join(str(recipe[k]) for k in ("framework", "framework_version") if k in recipe)
    filters = ", ".join(facts["filters"]) or "none"
    return [
        ("Framework", framework or "not told"),
        ("Sent", f"{facts['sends'] or facts['kind']}, {facts['parameters']:,} numbers"),
        ("Network", named),
        ("Pictures", f"{facts['pictures']} of {'x'.join(map(str, facts['image_shape']))}"),
        ("Steps", f"{facts['steps']} of {facts['optimiser'] or 'no optimiser'}"),
        ("Filters", filters),
    ]


def sheet_row(finding: dict[str, Any]) -> dict[str, str]:
    change = f" Change: {finding['change']}" if finding["change"] else ""
    assert finding["severity"] in SEVERITIES
    return {"": finding["severity"], "found": finding["finding"], "means": finding["means"] + change}


def attack_row(one: dict[str, Any]) -> dict[str, Any]:
    control = min((v for v in one["control_fit"].values() if v is not None), default=None)
    return {
        "attack": one["attack"], "chosen because": one["why"], "verdict": one["word"] or "not judged",
        "left unexplained": one["fit"], "on a control": control, "seeds": one["seeds"],
        "seeds agree (SSIM)": one["agreement"], "seconds": round(one["seconds"], 1),
        "at its end": {True: "yes", False: "no", None: "not known"}[one["ended"]],
    }  # fmt: skip


def change_row(one: dict[str, Any]) -> dict[str, str]:
    return {"do": one["says"], "moves": f"{one['number']}: {one['before']:.4g} to {one['after']:.4g}"}


def evidence(report: Report) -> Image.Image | None:
    """Rows of the first pictures: private (if known), attack, control; None where nothing was attacked."""
    attempt = report.judged or next(iter(report.attempts), None)
    if attempt is None:
        return None
    strips: list[Tensor] = []
    answers = [attempt.best.images, *(a.images for a in attempt.controls.values())][:2]
    if report.truth is not None:
        strips = [report.truth.images, *(match(a, report.truth.images) for a in answers)]
    else:
        strips = [attempt.best.images, *(a.images for a in attempt.answers if a is not attempt.best), *answers[1:]]
    return enlarged(torch.cat([strip[:SHOWN] for strip in strips]), rows=len(strips), side=128)


def says_of_strip(report: Report) -> str:
    attempt = report.judged or report.attempts[0]
    top = "the private picture, " if report.truth is not None else ""
    more = "" if report.truth is not None or len(attempt.answers) == 1 else "other starts of it, "
    return f"Top to bottom: {top}the answer of {attempt.attack.partition(':')[0]}, {more}the same attack on noise."
