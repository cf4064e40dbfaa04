"""Compare: two to six runs that differ in one thing, side by side, each beside its own control.

Every lane can be repeated over a second thing (seeds, as a rule): that gives a ranking with its spread, small
multiples and a heat map, and every cell of these is a run that opens in the Lab.

``compare`` (what compare.js draws)::

    id, state: recorded | running | judging | repeating | done | stopped;  failed carries message
    text                    what the first lane runs
    field, rows {field, values}, budget {steps, seconds}    0: no limit
    lanes [{label, defense, scenario, pictures, size, truth, total, frames, history, verdict, seconds}]   first row
    cells [[{src, size, psnr, ssim, gain, level, control, steps, seconds} | {message} | null]]   a row per rows.values
    done, planned           runs
    runs {"row-lane": run}  once it has ended: what the Lab shows, with few frames
"""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Generator, Iterator
from contextlib import ExitStack, closing
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any

import gradio as gr
import numpy as np

from gi_core.errors import BadInput
from gi_core.paths import ASSETS
from gi_core.run import Run, prepare
from gi_core.scenario import Scenario
from gi_core.web import payload
from gi_core.web.presets import ATTACKS
from gi_core.web.server.backpressure import listener
from gi_core.web.server.requests import batch_of, scenario_of
from gi_core.web.server.run_service import RunService, Throttle, names, sentence
from gi_core.web.widget import asset, widget

LANES = (2, 6)
ROWS = (1, 6)
AXES: dict[str, tuple[str, ...]] = {
    "defense": ("none", "clip+gaussian:sigma=0.001", "clip+gaussian", "clip+gaussian:sigma=0.1"),
    "attack": (ATTACKS["ig"], "dlg", "venom", "fgla"),
    "model": ("lenet", "lenet:activation=relu,init=default", "mlp"),
    "batch_size": ("1", "2", "4"),
    "local_steps": ("1", "2", "4"),
    "seed": ("0", "1", "2"),
    "knowledge": ("labels", "none"),
    "clients": ("1", "2", "8"),
}
"""What may differ: a field of the Scenario, and values to begin with."""
BUDGETS: tuple[dict[str, int], ...] = ({}, {"steps": 100}, {"steps": 300}, {"seconds": 3}, {"seconds": 10})
LANE_FRAMES, LIVE_FRAMES, CELL_FRAMES = 24, 12, 8
FIRST = "noise"
"""The recorded comparison that the tab opens with."""

Message = dict[str, Any]


@dataclass
class Experiment:
    """One run of the comparison: what it runs and what became of it."""

    scenario: Scenario
    pictures: list[Any]
    message: Message = field(default_factory=dict)
    cell: Message | None = None

    def prepare(self) -> Run:
        """Raises BadInput."""
        run = prepare(self.scenario, batch_of(self.pictures, self.scenario))
        self.message = payload.still(run, run_id="", images=names(self.pictures))
        return run


@dataclass
class Plan:
    """All experiments, a row per value of what they are repeated over, and the budget of each."""

    field: str
    rows_field: str
    rows: list[str]
    grid: list[list[Experiment]]
    steps: int
    seconds: float

    def spent(self, run: Run) -> bool:
        return bool((self.steps and run.iterations >= self.steps) or (self.seconds and run.seconds >= self.seconds))


def render(service: RunService) -> gr.HTML:
    tab = widget(
        "compare", first=opening(), catalog=catalog(), events=("run",),
        server_functions=[stop_with(service), estimate_with(service), recorded_comparison],
    )  # fmt: skip

    while_heard = listener()

    def compare_live(event: gr.EventData, request: gr.Request) -> Iterator[Message]:
        yield from while_heard(live(service, event._data), request)

    tab.run(
        compare_live, None, tab, show_progress="hidden", api_visibility="private", trigger_mode="multiple",
        concurrency_limit=None,
    )  # fmt: skip
    return tab


def catalog() -> dict[str, Any]:
    return {
        "axes": [{"field": name, "values": values} for name, values in AXES.items()],
        "budgets": BUDGETS,
        "recorded": recorded_names(),
        "lanes": LANES,
    }


def recorded_names() -> list[str]:
    """Recorded comparisons, the opening one first."""
    found = sorted(file.stem for file in (ASSETS / "comparisons").glob("*.json"))
    return sorted(found, key=lambda name: (name != FIRST, name))


@lru_cache(maxsize=16)
def comparison(name: str) -> Message:
    """A recorded comparison with its runs. Raises BadInput for an unknown name."""
    if name not in recorded_names():
        raise BadInput(f"unknown comparison {name[:60]!r}: allowed are {', '.join(recorded_names())}")
    told: Message = json.loads(asset(f"comparisons/{name}.json"))
    return {"compare": told["compare"] | {"name": name}}


def recorded_comparison(request: Message) -> Message:
    """A recorded comparison, for the menu and for opening its runs."""
    return comparison(str(request["name"]))


def opening() -> Message | None:
    """The first recorded comparison without its runs, which are fetched when one is opened."""
    if FIRST not in recorded_names():
        return None
    return {"compare": {key: value for key, value in comparison(FIRST)["compare"].items() if key != "runs"}}


def stop_with(service: RunService) -> Any:
    def stop_compare(request: Message) -> None:
        """Ask a comparison to stop after its present step."""
        service.shared.stop(str(request["id"]))

    return stop_compare


def estimate_with(service: RunService) -> Any:
    def estimate_compare(request: Message) -> Message:
        """How many runs a comparison takes and for how long; kinds of run that are new here are measured first."""
        try:
            wanted = plan(service, request)
            every = [one.scenario for row in wanted.grid for one in row]
            total = sum(predicted(service, scenario, wanted) for scenario in every)
        except BadInput as error:
            return {"error": sentence(str(error))}
        return {"runs": len(every), "seconds": total, "limit": service.limits.seconds}

    return estimate_compare


def predicted(service: RunService, scenario: Scenario, wanted: Plan) -> float:
    """Seconds of one run with its control under the comparison's budget."""
    seconds = service.costs.predict(scenario)
    if wanted.steps:
        seconds *= min(1.0, wanted.steps / scenario.attack_component.iterations)
    return min(seconds, 2 * wanted.seconds) if wanted.seconds else seconds


def live(service: RunService, request: Message) -> Iterator[Message]:
    """Messages of a comparison: lanes advance in turn, step by step; then their controls; then the repetitions.

    Args:
        request: id, settings and pictures of the Lab, ``field`` and ``values`` of the lanes, ``rows`` {field, values}
            that each lane is repeated over, ``budget`` {steps or seconds} of each run.
    """
    try:
        wanted = plan(service, request)
        first = [one.prepare() for one in wanted.grid[0]]
    except BadInput as error:
        yield {"compare": {"state": "failed", "message": sentence(str(error))}}
        return

    def begin(flight: str) -> Iterator[Message]:
        def compute(stop: threading.Event) -> Iterator[Message]:
            return advance(service, flight, wanted, first, Throttle(stop, service.deadline()))

        try:
            yield from service.in_line(flight, compute)
        except BadInput as error:
            yield {"compare": {"state": "failed", "message": sentence(str(error))}}

    parts = [request.get(name) for name in ("settings", "pictures", "field", "values", "rows", "budget")]
    key = "compare " + json.dumps(parts, sort_keys=True)
    for message in service.shared.watch(str(request.get("id", "")), key, begin):
        yield {"compare": message["run"]} if "run" in message else message  # a place in line, or a fault of ours


def plan(service: RunService, request: Message) -> Plan:
    """The comparison that is asked for. Raises BadInput."""
    name, values = str(request.get("field", "")), [str(v) for v in request.get("values", [])]
    rows = request.get("rows") or {}
    settings, given, budget = request["settings"], request["pictures"], request.get("budget") or {}
    rows_name = str(rows.get("field") or "seed")
    again = [str(v) for v in rows.get("values") or [settings.get(rows_name, 0)]]
    for asked in (name, rows_name):
        if asked not in AXES:
            raise BadInput(f"compare over {asked[:40]!r}: allowed are {', '.join(AXES)}")
    if name == rows_name:
        again = [values[0]] if values else []
    for what, found, (low, high) in (("lanes", values, LANES), ("repetitions", again, ROWS)):
        if not low <= len(found) <= high:
            raise BadInput(f"{len(found)} {what}: from {low} to {high} are allowed, one value a line")

    def experiment(row: str, lane: str) -> Experiment:
        scenario = scenario_of({**settings, rows_name: row, name: lane}, service.limits)
        return Experiment(scenario, [given[i % len(given)] for i in range(scenario.batch_size)] if given else [])

    grid = [[experiment(row, lane) for lane in values] for row in again]
    steps, seconds = budget.get("steps") or 0, budget.get("seconds") or 0
    if not isinstance(steps, int) or not 0 <= steps <= 1_000_000:
        raise BadInput("budget of steps: a whole number up to 1,000,000 is needed")
    if not isinstance(seconds, (int, float)) or not 0 <= seconds <= service.limits.seconds:
        raise BadInput(f"budget of seconds: at most {service.limits.seconds:g} is allowed")
    return Plan(name, rows_name, again, grid, steps, float(seconds))


def advance(service: RunService, flight: str, wanted: Plan, first: list[Run], throttle: Throttle) -> Iterator[Message]:
    """The first row's runs in turn, one step each, until each is through or out of its budget; then the others."""
    grid, lanes = wanted.grid, wanted.grid[0]
    drawn: list[dict[int, str]] = [{} for _ in lanes]

    def message(state: str, ended: bool = False) -> Message:
        for one, run, sources in zip(lanes, first, drawn, strict=True):
            if run.iterations and one.cell is None:
                one.message |= thinned(payload.moving(*run.glimpse(), sources), LANE_FRAMES if ended else LIVE_FRAMES)
        return {"compare": told(flight, state, wanted, ended)}

    with ExitStack() as stack:
        going = {i: stack.enter_context(closing(iter(run))) for i, run in enumerate(first)}  # type: ignore[type-var]
        while going and not throttle.over:
            for i in list(going):
                try:
                    ended = next(going[i], None) is None
                except BadInput as error:
                    lanes[i].cell, ended = {"message": sentence(str(error))}, True
                if ended or wanted.spent(first[i]):
                    del going[i]
            if throttle.due:
                yield message("running")
                throttle.sent()
    for one, run in zip(lanes, first, strict=True):
        if one.cell is None and not throttle.over:
            yield from spoken(judged(service, flight, one, run, throttle), throttle, lambda: message("judging"))
    for one in (one for row in grid[1:] for one in row):
        if throttle.over:
            break
        repetition = repeated(service, flight, one, wanted, throttle)
        yield from spoken(repetition, throttle, lambda: message("repeating"))
    yield message("stopped" if throttle.over else "done", ended=True)


def spoken(work: Iterator[None], throttle: Throttle, say: Callable[[], Message]) -> Iterator[Message]:
    """A message whenever one is due, while the work goes on."""
    for _ in work:
        if throttle.due:
            yield say()
            throttle.sent()


def repeated(service: RunService, flight: str, one: Experiment, wanted: Plan, throttle: Throttle) -> Iterator[None]:
    """One more run under the budget, with its control; what is refused says so in its cell."""
    try:
        run = one.prepare()
        with closing(iter(run)) as frames:  # type: ignore[type-var]
            for _ in frames:
                yield
                if throttle.over or wanted.spent(run):
                    break
        if not throttle.over:
            yield from judged(service, flight, one, run, throttle)
    except BadInput as error:
        one.cell = {"message": sentence(str(error))}


def judged(
    service: RunService, flight: str, one: Experiment, run: Run, throttle: Throttle
) -> Generator[None, None, None]:
    """The control of a run that has ended, then its cell. A stop leaves the cell empty."""
    trace = run.trace()
    checking = service.judged(run, trace, {}, throttle)
    while True:
        try:
            next(checking)
            yield
        except StopIteration as end:
            verdict = end.value
            break
    if verdict is None:
        return
    one.message |= payload.ended(trace) | {"verdict": verdict}
    service.keep(trace, names(one.pictures), one.message)
    one.cell = {
        "src": payload.strip_uri(trace.images), "size": one.message["size"], "gain": verdict["gain"],
        "level": verdict["level"], "control": verdict["control"]["psnr"], "psnr": one.message["scores"]["psnr"],
        "ssim": one.message["scores"]["ssim"], "steps": trace.iterations, "seconds": round(trace.seconds, 2),
    }  # fmt: skip


def told(flight: str, state: str, wanted: Plan, ended: bool) -> Message:
    """The whole message; with the runs once it has ended."""
    everyone = {f"{r}-{c}": one for r, row in enumerate(wanted.grid) for c, one in enumerate(row)}
    found = {
        "id": flight,
        "state": state,
        "text": payload.scenario_text(wanted.grid[0][0].scenario),
        "field": wanted.field,
        "rows": {"field": wanted.rows_field, "values": wanted.rows},
        "budget": {"steps": wanted.steps, "seconds": wanted.seconds},
        "lanes": [lane(one, wanted) for one in wanted.grid[0]],
        "cells": [[one.cell for one in row] for row in wanted.grid],
        "done": sum(one.cell is not None for one in everyone.values()),
        "planned": len(everyone),
    }
    if ended:
        found["runs"] = {
            key: thinned(one.message, CELL_FRAMES) | {"id": f"{flight}-{key}", "state": "compared"}
            for key, one in everyone.items()
            if one.cell and "src" in one.cell
        }
    return found


LANE = ("scenario", "pictures", "size", "truth", "total", "frames", "history", "verdict", "seconds", "defense")


def lane(one: Experiment, wanted: Plan) -> Message:
    """What a lane shows of its run."""
    found: Message = {"frames": [], "history": payload.curves([]), "verdict": None}
    found |= {key: one.message[key] for key in LANE if key in one.message}
    total = min(found["total"], wanted.steps - 1) if wanted.steps else found["total"]
    refused = {"message": one.cell["message"]} if one.cell and "message" in one.cell else {}
    label = str(getattr(one.scenario, wanted.field))
    return thinned(found, LANE_FRAMES) | {"label": label, "total": max(total, 1)} | refused


def thinned(message: Message, count: int) -> Message:
    """At most ``count`` frames, first and last among them."""
    frames = message["frames"]
    chosen = sorted({round(i) for i in np.linspace(0, len(frames) - 1, min(count, len(frames)))})
    return message | {"frames": [frames[i] for i in chosen]}
