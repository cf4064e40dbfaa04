"""The further controls of a finished run, on request."""

from __future__ import annotations

from gi_core.web.server.controls import controls_with
from gi_core.web.server.run_service import Desk
from gi_core.web.settings import Limits


def finished(desk, **settings):
    request = {"id": "c" * 32, "settings": {"model": "mlp:width=32", "image_size": 16, "attack": "analytic"} | settings,
               "pictures": [{"sample": "cat"}]}  # fmt: skip
    *_, last = desk.live(request)
    return last["run"]


def test_every_other_control_and_the_checks_come_back():
    desk = Desk(Limits())
    run = finished(desk)
    found = controls_with(desk)({"id": run["id"]})
    told = {c["name"]: c for c in found["controls"]}
    assert list(told) == ["zero", "shuffled", "random-picture", "same-label-picture", "prior-only"]
    assert told["zero"]["src"] is None and "zero everywhere" in told["zero"]["says"]
    for name in list(told)[1:]:
        assert told[name]["gain"] > 10 and told[name]["src"].startswith("data:image/png")
    nearest, mean, cycle = found["checks"]
    assert "is nearer to the truth than the nearest" in nearest and "is nearer" in mean
    assert "1.000 for the reconstruction" in cycle
    assert len(desk.line) == 0


def test_the_verdict_shows_its_inputs_and_thresholds():
    verdict = finished(Desk(Limits()))["verdict"]
    (inputs,) = [text for text in verdict["how"] if text.startswith("Weighed")]
    assert "rank 1 against" in inputs and "70%" in inputs
    assert verdict["equations"] > 1 and verdict["bits"] is None


def test_a_run_that_nobody_holds_is_forgotten():
    assert controls_with(Desk(Limits()))({"id": "x"}) == {"forgotten": True}
