"""The answer to *Is my set-up at risk?* on one page: self-contained HTML, or PDF."""

from __future__ import annotations

import base64
from collections.abc import Callable
from dataclasses import fields
from html import escape
from typing import Any

import numpy as np
from PIL import Image

from gi_core.components import format_value
from gi_core.defenses import Defense, parse_stack
from gi_core.evaluation.verdict import WORDS
from gi_core.report.html import STYLE, rows
from gi_core.report.pen import SOFT, Pen
from gi_core.risk.answer import Answer, Near
from gi_core.risk.evidence import strip_of
from gi_core.risk.set_up import DISTANCE_SAYS, NORMALISED, SetUp
from gi_core.risk.wording import OUTSIDE, composed_words, counted, estimated, range_words, sentence
from gi_core.scenario import Scenario

LISTED = 8
"""Runs on the page: the nearest, and of those the ones that leaked most."""


def conditions(scenario: Scenario) -> str:
    """What was attacked, in words: "lenet, 32 pixels, 4 pictures, 5 local steps, no defense"."""
    plural = "" if scenario.batch_size == 1 else "s"
    parts = [scenario.model, f"{scenario.image_size} pixels", f"{scenario.batch_size} picture{plural}"]
    parts += ["grey"] if scenario.channels == 1 else []
    parts += [f"{scenario.local_steps} local steps"] if scenario.local_steps > 1 else []
    parts += [f"{scenario.clients} clients summed"] if scenario.clients > 1 else []
    parts += ["batch statistics"] if scenario.mode == "train" else []
    parts += ["statistics sent along"] if "buffers" in scenario.facts else []
    return ", ".join([*parts, spelled(scenario.defense_stack) or "no defense"])


STRENGTHS = ("epsilon", "sigma", "b", "norm", "keep", "bits", "p")


def spelled(stack: tuple[Defense, ...]) -> str:
    """The defenses as text, with their strength also where it is the default; "" for none."""

    def one(defense: Defense) -> str:
        told = [
            f"{f.name}={format_value(getattr(defense, f.name))}"
            for f in fields(defense)
            if f.name in STRENGTHS or getattr(defense, f.name) != f.default
        ]
        return defense.name + (":" + ",".join(told) if told else "")

    return "+".join(map(one, stack))


def asked(setup: SetUp) -> list[tuple[str, str]]:
    """The set-up, line by line."""
    statistics = {"eval": "fixed", "train": "the batch's own, kept", "shared": "the batch's own, sent along"}
    return [
        ("Network", setup.model),
        ("Pictures per update", str(setup.batch_size)),
        ("Picture side", f"{setup.image_size} pixels, {'grey' if setup.channels == 1 else 'colour'}"),
        ("Local steps", str(setup.steps)),
        *([("Rounds", str(setup.rounds))] if setup.rounds > 1 else []),
        *([("BatchNorm statistics", statistics[setup.batchnorm])] if setup.name in NORMALISED else []),
        ("Participants per round", str(setup.participants)),
        ("Secure aggregation", "yes" if setup.secure_aggregation else "no"),
        ("Defense", spelled(parse_stack(setup.defense)) or "none"),
    ]


def headline(answer: Answer) -> str:
    """The verdict words, or why there are none."""
    if answer.found is not None:
        words = range_words(*answer.found.levels)
        return words[0].upper() + words[1:]
    return "Measured without a verdict" if answer.measured else "Not measured"


def figures(answer: Answer) -> list[tuple[str, str]]:
    """The ranges behind the verdict."""
    lines = []
    if answer.found is not None:
        low, high = answer.found.gain
        lines.append(("SSIM gain over control", f"{low:+.2f}" if low == high else f"{low:+.2f} to {high:+.2f}"))
        low_rank, high_rank = answer.found.rank
        many = str(low_rank) if low_rank == high_rank else f"{low_rank} to {high_rank}"
        lines.append(("Rank of the truth", f"{many} of {answer.found.candidates}"))
    if answer.runs:
        lines.append(("Runs", f"{len(answer.runs)}, the nearest at distance {answer.runs[0].distance:.1f}"))
    return lines


def beside(answer: Answer) -> list[str]:
    """Sentences on what was estimated where nothing was measured, and on privacy over all rounds."""
    told = [estimated(answer.estimate)] if answer.estimate is not None else []
    return told + ([composed_words(answer.privacy)] if answer.privacy is not None else [])


def listed(answer: Answer) -> list[Near]:
    """The runs shown: those that leaked most, the nearest first among equals."""
    return sorted(answer.runs, key=lambda n: (-(n.evidence.level() or 0), n.distance, -(n.evidence.gain or 0)))[:LISTED]


def rank(near: Near) -> str:
    judged = near.evidence.judged
    return "not lined up" if judged is None else f"{judged.rank} of {judged.candidates}"


def html(answer: Answer) -> bytes:
    """One file without scripts or outside resources."""
    runs = [
        {
            "set-up": conditions(n.evidence.scenario),
            "attack": n.evidence.scenario.attack,
            "verdict": WORDS[n.evidence.level() or 0],
            "SSIM gain": n.evidence.gain,
            "rank": rank(n),
            "distance": round(n.distance, 2),
            "command": n.evidence.command,
        }
        for n in answer.runs
    ]
    tables = [
        {
            "study": n.evidence.table,
            "set-up": conditions(n.evidence.scenario),
            "attack": n.evidence.scenario.attack,
            "pictures": n.evidence.source,
            "SSIM gain": n.evidence.gain,
            "distance": round(n.distance, 2),
        }
        for n in answer.tables
    ]
    parts = [
        "<h1>Is this set-up at risk?</h1>",
        rows([{"set-up": name, "": value} for name, value in asked(answer.setup)]),
        f"<h2>{escape(headline(answer))}</h2>",
        f"<p>{escape(sentence(answer.reason))}</p>",
        *(f"<p>{escape(text)}</p>" for text in beside(answer)),
    ]
    if found := figures(answer):
        parts.append(rows([{"figure": name, "": value} for name, value in found]))
    if answer.change:
        parts += ["<h2>What to change</h2>", rows([_change(c) for c in answer.change])]
    if answer.bounds:
        parts += ["<h2>What no attack can beat</h2>"]
        parts += [f"<p>{escape(b.says)} <small>{escape(b.binds)}</small></p>" for b in answer.bounds]
    if runs:
        parts += ["<h2>Evidence: runs</h2>", _strips(answer), rows(runs)]
    if tables:
        parts += ["<h2>Evidence: tables over many pictures</h2>", rows(tables)]
    parts += ["<h2>What this does not cover</h2>", "<ul>"]
    parts += [f"<li>{escape(text)}</li>" for text in map(OUTSIDE.__getitem__, answer.outside)]
    parts += ["</ul>", f"<p><small>{escape(DISTANCE_SAYS)}</small></p>"]
    head = f'<meta charset="utf-8"><title>Is this set-up at risk?</title><style>{STYLE}small{{color:#44505B}}</style>'
    page = f'<!doctype html>\n<html lang="en"><head>{head}</head><body>\n' + "\n".join(parts) + "\n</body></html>\n"
    return page.encode()


def _change(change: Any) -> dict[str, str]:
    return {
        "do": change.says,
        "found there": f"{range_words(*change.levels)} ({change.runs} runs)",
        "cost": change.cost,
    }


def _strips(answer: Answer) -> str:
    """Truth, reconstruction and control of the listed runs."""
    shown = []
    for near in listed(answer):
        file = strip_of(near.evidence)
        if file is None:
            continue
        text = f"{near.evidence.scenario.attack}: truth, reconstruction and control, one row each"
        data = base64.b64encode(file.read_bytes()).decode()
        style = "image-rendering:pixelated;height:144px;margin-right:12px"
        shown.append(f'<img alt="{escape(text)}" style="{style}" src="data:image/png;base64,{data}">')
    return f"<p>{''.join(shown)}</p>" if shown else ""


def pdf(answer: Answer) -> bytes:
    """One A4 page, text as text: the set-up, the answer, the change, the bounds, the evidence, what is left out."""
    pen = Pen()
    pen.write("Is this set-up at risk?", size=17, gap=1.6)
    pen.write("; ".join(f"{name}: {value}" for name, value in asked(answer.setup)) + ".", gap=0.9)
    pen.write(headline(answer), size=15, gap=1.3)
    for text in (sentence(answer.reason), *beside(answer)):
        pen.write(text)
    pen.write(". ".join(f"{name}: {value}" for name, value in figures(answer)) + "." if figures(answer) else "")
    if answer.change:
        pen.head("What to change")
        for c in answer.change[:4]:
            pen.write(f"{c.says}: {range_words(*c.levels)} in {counted(c.runs)}. {c.cost}")
    if answer.bounds:
        pen.head("What no attack can beat")
        for b in answer.bounds[:4]:
            pen.write(f"{b.says} {b.binds}")
    if answer.runs:
        which = ", those that leaked most" if len(answer.runs) > LISTED else ""
        pen.head(f"Evidence: {counted(len(answer.runs))}{which}")
        strips(pen, listed(answer))
        for n in listed(answer):
            scenario, gain = n.evidence.scenario, n.evidence.gain or 0.0
            found = f"{WORDS[n.evidence.level() or 0]}, SSIM gain {gain:+.2f}, rank {rank(n)}"
            pen.write(f"{conditions(scenario)}; {scenario.attack}: {found}, distance {n.distance:.1f}", size=7)
    if answer.tables:
        pen.head(f"Evidence: {len(answer.tables)} rows of tables over many pictures")
        best = sorted(answer.tables, key=lambda n: -(n.evidence.gain or -1))[:4]
        for n in best:
            found = "no control" if n.evidence.gain is None else f"SSIM gain {n.evidence.gain:+.2f}"
            scenario = n.evidence.scenario
            pen.write(f"{n.evidence.table}: {conditions(scenario)}; {scenario.attack}: {found}", size=7)
    pen.head("What this does not cover")
    pen.write(" ".join(OUTSIDE[code] for code in answer.outside), size=7)
    pen.write(DISTANCE_SAYS, size=7)
    return pen.pdf("Is this set-up at risk?")


def strips(pen: Pen, runs: list[Near]) -> None:
    """Truth, reconstruction and control of single pictures, in a row."""
    files = [strip_of(n.evidence) for n in runs if n.evidence.scenario.batch_size == 1]
    shown = [file for file in files if file is not None][:8]
    if not shown:
        return
    pen.pictures([np.asarray(Image.open(file).convert("RGB")) for file in shown], (0.05, 0.1))
    pen.write("top to bottom: private picture, reconstruction, control", size=7, colour=SOFT)


FORMATS: dict[str, tuple[str, Callable[[Answer], bytes]]] = {
    "html": ("text/html", html),
    "pdf": ("application/pdf", pdf),
}
"""Format -> media type and writer."""
