"""The Lesson: what leaks, guessed before it is shown, from the recorded runs; all of it in the browser."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

import gradio as gr

from gi_core.web.screens.lab.lab import replay
from gi_core.web.screens.lesson.lesson_text import STEPS
from gi_core.web.widget import replay_names, widget

FRAMES = 16


def render() -> gr.HTML | None:
    """The Lesson's widget; None where a recorded run that it tells of is missing."""
    taught = catalog()
    return None if taught is None else widget("lesson", catalog=taught)


def catalog() -> dict[str, Any] | None:
    """Steps and the recorded runs that they tell of; None where one is missing."""
    wanted = {step.run for step in STEPS if step.run}
    if not wanted <= set(replay_names()):
        return None
    runs = {name: told(replay(name)["run"]) for name in sorted(wanted)}
    return {"runs": runs, "steps": [asdict(step) for step in STEPS]}


def told(run: dict[str, Any]) -> dict[str, Any]:
    """What the Lesson says and shows of a recorded run."""
    verdict, frames = run["verdict"], run["frames"]
    stride = max(1, len(frames) // FRAMES)
    return {
        "side": run["size"]["width"],
        "truth": run["truth"],
        "sprite": run["sprite"],
        "frames": [*frames[:-1:stride], frames[-1]],
        "layers": [{"short": layer["short"], "after_cells": layer["after_cells"]} for layer in run["layers"]],
        "numel": run["numel"],
        "psnr": run["scores"]["psnr"],
        "gain": verdict["gain"],
        "level": verdict["level"],
        "control": verdict["control"]["src"],
        "control_psnr": verdict["control"]["psnr"],
    }
