"""Beside a malicious run stands what the client could have seen; beside an honest one nothing."""

import json

import pytest
from click.testing import CliRunner

import gi_core as gi
from gi_core.cli import main
from gi_core.data.samples import public_crops
from gi_core.evaluation.judge import judge
from gi_core.report.html import html
from gi_core.run import prepare


def judged(**fields):
    run = prepare(gi.Scenario(**({"image_size": 28, "batch_size": 2} | fields)), public_crops(2, 28, 3, 1))
    for _ in run:
        pass
    trace = run.trace()
    judge(run, trace)
    return trace


def test_a_judged_run_of_a_malicious_server_holds_the_inspection():
    told = judged(server="imprint:bins=32", attack="imprint").to_dict()
    inspection = told["inspection"]
    assert inspection["level"] == "red" and inspection["same"]
    assert {"repeated rows", "architecture"} <= {f["check"] for f in inspection["findings"]}
    levels = [f["level"] for f in inspection["findings"]]
    assert levels == sorted(levels, reverse=True), "red comes before amber"
    json.dumps(told, allow_nan=False)


def test_other_clients_model_is_looked_at_where_it_differs():
    inspection = judged(server="inconsistent", clients=2, attack="dlg:steps=1").to_dict()["inspection"]
    assert inspection["level"] == "red" and not inspection["same"]


def test_an_honest_server_is_not_inspected():
    assert judged(attack="dlg:steps=1").to_dict()["inspection"] is None


@pytest.mark.parametrize(("server", "says"), [("imprint:bins=32", "red."), ("honest", "")])
def test_the_command_says_it_under_the_verdict(server, says):
    attack = "imprint" if says else "dlg:steps=1"
    options = ["run", "--image", "cat", "--image-size", "28", "--server", server, "--attack", attack]
    printed = CliRunner().invoke(main, options)
    assert printed.exit_code == 0, printed.output
    assert ("Inspection of the model sent" in printed.output) == bool(says) and (
        not says or f"model sent: {says}" in printed.output
    )


def test_the_report_says_it_too():
    assert "Inspection of the model sent: red" in html(judged(server="imprint:bins=32", attack="imprint"))
