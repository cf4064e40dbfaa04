"""The further controls of a finished run, on request."""

from __future__ import annotations

from gi_core.web.server.controls import controls_with
from gi_core.web.server.run_service import RunService
from gi_core.web.settings import Limits


def finished(service, **settings):
    request = {"id": "c" * 32, "settings": {"model": "mlp:width=32", "image_size": 16, "attack": "analytic"} | settings,
               "pictures": [{"sample": "cat"}]}  # fmt: skip
    *_, last = service.live(request)
    return last["run"]


def test_every_other_control_and_the_checks_come_back():
    service = RunService(Limits())
    run = finished(service)
    found = controls_with(service)({"id": run["id"]})
    told = {c["name"]: c for c in found["controls"]}
    assert list(told) == ["zero", "shuffled", "random-picture", "same-label-picture", "prior-only"]
    assert told["zero"]["src"] is None and "zero everywhere" in told["zero"]["says"]
    for name in list(told)[1:]:
        assert told[name]["gain"] > 10 and told[name]["src"].startswith("data:image/png")
    nearest, mean, cycle = found["checks"]
    assert "is nearer to the truth than the nearest" in nearest and "is nearer" in mean
    assert "1.000 for the reconstruction" in cycle
    assert len(service.queue) == 0


def test_the_verdict_shows_its_inputs_and_thresholds():
    verdict = finished(RunService(Limits()))["verdict"]
    (inputs,) = [text for text in verdict["how"] if text.startswith("Weighed")]
    assert "rank 1 against" in inputs and "95%" in inputs
    assert verdict["equations"] is None and verdict["bits"] is None  # enough equations rule nothing out


def test_a_run_that_nobody_holds_is_forgotten():
    assert controls_with(RunService(Limits()))({"id": "x"}) == {"forgotten": True}
