"""Compare: two to six runs that differ in one thing, side by side, each beside its own control."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from contextlib import ExitStack, closing
from typing import Any

import gradio as gr

from gi_core.errors import BadInput
from gi_core.run import Run, prepare
from gi_core.web import payload
from gi_core.web.live import Desk, Pace, names, sentence
from gi_core.web.presets import ATTACKS
from gi_core.web.requests import batch_of, scenario_of
from gi_core.web.widget import ASSETS, asset, widget

LANES = (2, 6)
AXES = (
    ("defense", "Defense", ("none", "clip+gaussian:sigma=0.001", "clip+gaussian", "clip+gaussian:sigma=0.1")),
    ("attack", "Attack", (ATTACKS["ig"], "dlg", "venom", "fgla")),
    ("model", "Victim", ("lenet", "lenet:activation=relu,init=default", "mlp")),
    ("batch_size", "Pictures per update", ("1", "2", "4")),
    ("local_steps", "Local steps", ("1", "2", "4")),
    ("seed", "Seed", ("0", "1", "2", "3")),
)
"""(field, label, values to begin with)."""
BUDGETS = ((0.0, "Each runs its own steps"), (3.0, "3 seconds each"), (10.0, "10 seconds each"))
RECORDED = "comparisons/noise.json"


def render(desk: Desk) -> gr.HTML:
    file = ASSETS / RECORDED
    tab = widget("compare", value=json.loads(asset(RECORDED)) if file.exists() else None, catalog=catalog(),
                 server_functions=[stop_with(desk)])  # fmt: skip

    def compare_live(event: gr.EventData) -> Iterator[dict[str, Any]]:
        yield from live(desk, event._data)

    tab.run(
        compare_live, None, tab, show_progress="hidden", api_visibility="private", trigger_mode="multiple",
        concurrency_limit=None,
    )  # fmt: skip
    return tab


def catalog() -> dict[str, Any]:
    return {
        "axes": [{"field": field, "label": label, "values": values} for field, label, values in AXES],
        "budgets": [{"seconds": seconds, "label": label} for seconds, label in BUDGETS],
    }


def stop_with(desk: Desk) -> Any:
    def stop_compare(request: dict[str, Any]) -> None:
        """Ask a comparison to stop after its present step."""
        desk.flights.stop(str(request["id"]))

    return stop_compare


def live(desk: Desk, request: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """Messages of a comparison: lanes advance in turn, step by step; then their controls; then done or stopped.

    ``request``: id, settings and pictures of the Lab, field and its values, seconds per lane (0: no limit).
    """
    try:
        prepared = lanes(desk, request)
    except BadInput as error:
        yield {"compare": {"state": "failed", "message": sentence(str(error))}}
        return
    seconds = float(request.get("seconds") or 0)

    def begin(flight: str) -> Iterator[dict[str, Any]]:
        def compute(stop: threading.Event) -> Iterator[dict[str, Any]]:
            return advance(desk, flight, prepared, seconds, Pace(stop, desk.deadline()))

        try:
            for message in desk.in_line(flight, compute):
                waiting = message.get("run")
                yield (
                    message
                    if waiting is None
                    else {"compare": waiting | {"message": f"Place {waiting['place']} in line."}}
                )
        except BadInput as error:
            yield {"compare": {"state": "failed", "message": sentence(str(error))}}

    key = json.dumps(
        [request[name] for name in ("settings", "pictures", "field", "values")] + [seconds], sort_keys=True
    )
    yield from desk.flights.watch(str(request.get("id", "")), key, begin)


def lanes(desk: Desk, request: dict[str, Any]) -> list[tuple[str, Run, dict[str, Any]]]:
    """(label, prepared run, still payload) of each lane. Raises BadInput."""
    field, values = str(request.get("field", "")), [str(v) for v in request.get("values", [])]
    if field not in [name for name, _, _ in AXES]:
        raise BadInput(f"compare over {field[:40]!r}: allowed are {', '.join(name for name, _, _ in AXES)}")
    if not LANES[0] <= len(values) <= LANES[1]:
        raise BadInput(f"{len(values)} lanes: from {LANES[0]} to {LANES[1]} are allowed, one value a line")
    found = []
    for number, value in enumerate(values):
        scenario = scenario_of({**request["settings"], field: value}, desk.limits)
        given = request["pictures"]
        pictures = [given[i % len(given)] for i in range(scenario.batch_size)] if given else []
        run = prepare(scenario, batch_of(pictures, scenario))
        still = payload.still(run, run_id=str(number), images=names(pictures))
        kept = {key: still[key] for key in ("text", "size", "truth", "total", "verdict", "seconds")}
        label = payload.defense_words(scenario) if field == "defense" else str(getattr(scenario, field))
        found.append((label, run, kept))
    return found


def advance(
    desk: Desk, run_id: str, prepared: list[tuple[str, Run, dict[str, Any]]], seconds: float, pace: Pace
) -> Iterator[dict[str, Any]]:
    """All lanes in turn, one step each, until every one is through or out of its budget."""
    drawn: list[dict[int, str]] = [{} for _ in prepared]
    judged: list[dict[str, Any] | None] = [None] * len(prepared)

    def message(state: str) -> dict[str, Any]:
        shown = []
        for (label, run, kept), sources, verdict in zip(prepared, drawn, judged, strict=True):
            moving = payload.moving(*run.glimpse(), sources) if run.iterations else payload.moving([], [])
            shown.append(kept | moving | {"label": label, "verdict": verdict})
        text = payload.scenario_text(prepared[0][1].scenario)
        return {"compare": {"id": run_id, "state": state, "text": text, "lanes": shown}}

    with ExitStack() as stack:
        going = {i: stack.enter_context(closing(iter(run))) for i, (_, run, _) in enumerate(prepared)}  # type: ignore[type-var]
        while going and not pace.over:
            for i in list(going):
                run = prepared[i][1]
                if next(going[i], None) is None or (seconds and run.seconds >= seconds):
                    del going[i]
            if pace.due:
                yield message("running")
                pace.sent()
    for i, (_, run, _) in enumerate(prepared):
        if pace.over:
            break
        trace = run.trace()
        checking = desk.judge(run, trace, {}, pace)
        while True:
            try:
                next(checking)
            except StopIteration as end:
                judged[i] = end.value
                break
            yield message("judging")
    yield message("stopped" if pace.over else "done")
