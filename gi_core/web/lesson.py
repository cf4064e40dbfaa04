"""The Lesson: what leaks, guessed before it is shown, from the recorded runs; all of it in the browser."""

from __future__ import annotations

from typing import Any

import gradio as gr

from gi_core.web.lab import replay
from gi_core.web.lesson_text import STEPS
from gi_core.web.widget import replay_names, widget

FRAMES = 16


def render() -> gr.HTML | None:
    """The Lesson's widget; None where a recorded run that it tells of is missing."""
    wanted = {step.run for step in STEPS if step.run}
    if not wanted <= set(replay_names()):
        return None
    runs = {name: told(replay(name)["run"]) for name in sorted(wanted)}
    steps = [
        {"title": s.title, "text": s.text, "run": s.run, "show": s.show, "options": s.options, "reveal": s.reveal,
         "play": s.play}
        for s in STEPS
    ]  # fmt: skip
    return widget("lesson", catalog={"runs": runs, "steps": steps})


def told(run: dict[str, Any]) -> dict[str, Any]:
    """What the Lesson says and shows of a recorded run."""
    verdict, frames = run["verdict"], run["frames"]
    stride = max(1, len(frames) // FRAMES)
    return {
        "side": run["size"]["width"],
        "truth": run["truth"],
        "frames": [*frames[:-1:stride], frames[-1]],
        "layers": [{"short": layer["short"], "after_cells": layer["after_cells"]} for layer in run["layers"]],
        "numel": f"{run['numel']:,}",
        "psnr": f"{run['scores']['psnr']:.1f}",
        "gain": f"{verdict['gain']:+.1f}",
        "level": verdict["level"],
        "word": verdict["word"],
        "control": verdict["control"]["src"],
        "control_psnr": f"{verdict['control']['psnr']:.1f}",
    }
