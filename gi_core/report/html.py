"""A run as one HTML file that needs nothing else: no script, no other host."""

from __future__ import annotations

import base64
from html import escape
from typing import Any

from gi_core.evaluation.wording import inspected, sentence
from gi_core.report.animation import gif
from gi_core.report.figure import figure
from gi_core.trace import Trace

STYLE = """
body { font: 16px/24px system-ui, sans-serif; color: #16202A; max-width: 920px; margin: 32px auto; padding: 0 16px; }
h1 { font-size: 26px; line-height: 32px; } h2 { font-size: 18px; margin-top: 32px; }
table { border-collapse: collapse; font-variant-numeric: tabular-nums; }
th, td { text-align: left; padding: 4px 24px 4px 0; border-bottom: 1px solid #D8DDE1; }
img { max-width: 100%; } code { font-family: ui-monospace, monospace; }
"""


def html(trace: Trace) -> str:
    """The report: verdict, figure, animation, scores, scenario, privacy, bounds, versions."""
    scenario, told = trace.scenario, trace.judgement
    verdict = (
        f"<p><b>{escape(told['word'])}.</b> {escape(sentence(told['levels'], told['reason']))}</p>" if told else ""
    )
    if told and told.get("inspection"):
        verdict += f"<p>{escape(inspected(told['inspection']))}</p>"
    stopped = "stopped early, " if trace.stopped else ""
    parts = [
        f"<h1>{escape(scenario.attack_component.name)} against {escape(scenario.model)}</h1>",
        verdict,
        f"<p>{trace.iterations:,} steps in {trace.seconds:.1f} s on {escape(trace.device)}, {stopped}seed"
        f" {scenario.seed}.</p>",
        picture(figure(trace), "png", "private pictures, reconstructions, loss and PSNR"),
        "<h2>From start to end</h2>",
        picture(gif(trace), "gif", "the attacker's pictures from start to end"),
        "<h2>Scores</h2>",
        rows(trace.scores),
        "<h2>Scenario</h2>",
        rows([{"field": key, "value": value} for key, value in scenario.to_dict().items()]),
    ]
    if trace.privacy:
        parts += ["<h2>Privacy</h2>", rows([{"field": k, "value": v} for k, v in trace.privacy.items()])]
    if told and told["bounds"]:
        wanted = ("name", "says", "binds")
        parts += ["<h2>Limits</h2>", rows([{key: bound[key] for key in wanted} for bound in told["bounds"]])]
    attack = scenario.attack_component
    parts += ["<h2>What it assumes, when it fails, how to defend</h2>"]
    parts += [f"<p>{escape(text)}</p>" for text in (attack.assumes, attack.fails, attack.defend) if text]
    parts += ["<h2>Versions</h2>", rows([{"package": k, "version": v} for k, v in trace.versions.items()])]
    head = f'<meta charset="utf-8"><title>Gradient inversion: {escape(scenario.attack)}</title><style>{STYLE}</style>'
    return f'<!doctype html>\n<html lang="en"><head>{head}</head><body>\n' + "\n".join(parts) + "\n</body></html>\n"


def picture(content: bytes, kind: str, text: str) -> str:
    return f'<img alt="{escape(text)}" src="data:image/{kind};base64,{base64.b64encode(content).decode()}">'


def rows(entries: list[dict[str, Any]]) -> str:
    """A table with the entries' keys as columns."""
    head = "".join(f"<th>{escape(key)}</th>" for key in entries[0])
    body = "".join("<tr>" + "".join(f"<td>{escape(shown(v))}</td>" for v in row.values()) + "</tr>" for row in entries)
    return f"<table><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>"


def shown(value: Any) -> str:
    if value is None:
        return "not available"
    return f"{value:.4g}" if isinstance(value, float) else str(value)
