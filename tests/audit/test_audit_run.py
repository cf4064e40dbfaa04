"""The audit and its command: verdicts by the truth, exit statuses for pipelines, a report that needs nothing else."""

import json
import sys
from dataclasses import replace

import numpy as np
import pytest
import torch
from pypdf import PdfReader
from torch import nn

import gi_core as gi
from gi_core.audit import record as records
from gi_core.audit.evidence import Evidence
from gi_core.audit.plan import plan
from gi_core.audit.run import found
from gi_core.cli import audit as command
from gi_core.cli import entry_point
from gi_core.errors import BadInput
from gi_core.evaluation.verdict import Likeness

SMALL = {"side": 12, "model": {"arch": "mlp", "hidden": 24}}


@pytest.fixture
def leaking(recorded, mlp):
    return recorded(mlp, **SMALL)


@pytest.fixture
def gi_audit(monkeypatch, capsys):
    """``gi audit ARGUMENTS`` -> (exit status, stdout, stderr); files that it runs are forgotten after the test."""
    monkeypatch.setattr("gi_core.plugins._loaded", {})

    def call(*arguments):
        monkeypatch.setattr("sys.argv", ["gi", "audit", *map(str, arguments)])
        with pytest.raises(SystemExit) as ended:
            entry_point()
        told = capsys.readouterr()
        return ended.value.code or 0, told.out, told.err

    return call


def test_a_picture_behind_a_perceptron_is_read_out(leaking):
    record = gi.audit.read(leaking)
    report = gi.audit.run(record, truth=record.truth, minutes=0.1)
    assert report.level == 3 and report.judged.attack == "analytic" and report.complete
    assert {s.attack for s in report.skipped} >= {"fedavg-ig", "bn-exact"}


def test_another_truth_and_noise_give_nothing(recorded, leaking, mlp):
    other = recorded(mlp, seed=5, name="other", **SMALL)
    record = gi.audit.read(leaking)
    wrong = gi.audit.run(record, truth=other / "truth.npz", minutes=0.05, attack=["analytic"])
    assert wrong.level == 0
    generator = torch.Generator().manual_seed(1)
    noise = recorded(mlp, name="noise", changed=lambda b, a: {
        k: v + 0.3 * torch.randn(v.shape, generator=generator) for k, v in a.items()}, **SMALL)  # fmt: skip
    record = gi.audit.read(noise)
    drowned = gi.audit.run(record, truth=record.truth, minutes=0.05)
    assert drowned.level == 0 and [a.attack.partition(":")[0] for a in drowned.attempts] == ["ig"]


@pytest.mark.parametrize(("pictures", "candidates"), [(1, 300), (5, 500)])
def test_the_line_up_grows_with_the_pictures(recorded, mlp, pictures, candidates):
    """Of 25 guesses one would often stand first among 100: a finding needs as many candidates as make that unlikely."""
    record = gi.audit.read(recorded(mlp, pictures=pictures, **SMALL))
    report = gi.audit.run(record, truth=record.truth, minutes=0.1, attack=["ig:steps=20"], controls=("noise",))
    told = report.judged.judgement
    assert {like.candidates for like in told.likenesses} == {candidates}


def test_a_line_up_too_small_to_tell_luck_apart_finds_nothing():
    like = Likeness(ssim=0.4, mse=0.02, control_ssim=0.1, control_mse=0.05, rank=1, control_rank=50, candidates=4000)
    assert found(like, 32**2 * 2).level == 0 and found(like, 4).level == 1
    assert found(replace(like, ssim=0.99), 32**2 * 2).level == 3


def test_without_the_truth_there_are_no_verdict_words(leaking):
    report = gi.audit.run(gi.audit.read(leaking), minutes=0.1, attack=["ig:steps=40"])
    data = report.to_dict()
    assert report.level is None and data["word"] is None and data["verdict"] is None and data["pictures"] is None
    assert report.attempts[0].agreement is not None and "cannot be said" in data["says"]
    assert report.attempts[0].best.fit < report.attempts[0].control_fit


def test_an_empty_update_ends_with_a_finding(recorded, mlp):
    folder = recorded(mlp, changed=lambda b, a: b, **SMALL)
    report = gi.audit.run(gi.audit.read(folder), minutes=0.05)
    assert report.attempts == () and report.sheet.of("empty") and report.exit_status() == 0


def test_several_steps_choose_the_attack_that_simulates_them(recorded, mlp):
    record = gi.audit.read(recorded(mlp, pictures=4, batch=2, steps=2, **SMALL))
    chosen = plan(Evidence(record))
    assert next(c.attack for c in chosen.candidates if c.attack != "analytic") == "fedavg-ig"
    assert "span" in {s.attack for s in chosen.skipped}


def test_statistics_that_were_sent_choose_bn_exact(recorded, net):
    record = gi.audit.read(recorded(net, model="own", pictures=2), make=type(net))
    assert plan(Evidence(record)).candidates[0].attack == "bn-exact"


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"images": np.zeros((1, 9, 9, 3), "u1")}, "9, 9"),
        ({"images": np.zeros((2, 12, 12, 3), "u1")}, "2 true pictures"),
        ({"images": np.full((1, 12, 12, 3), 7.0, "f4")}, "0 to 255"),
        ({"images": np.zeros((1, 12, 12, 3), "u1"), "labels": np.array([11])}, "0 to 9"),
        ({"pictures": np.zeros((1, 12, 12, 3), "u1")}, "'images' is needed"),
    ],
)
def test_a_truth_that_does_not_fit_is_one_sentence(leaking, tmp_path, change, said):
    np.savez(tmp_path / "wrong.npz", **change)
    with pytest.raises(BadInput, match=said):
        gi.audit.run(gi.audit.read(leaking), truth=tmp_path / "wrong.npz", minutes=0.1)


def test_the_report_stands_alone(leaking, tmp_path, gi_audit):
    status, out, _ = gi_audit(leaking, "--minutes", 0.1, "--attack", "analytic", "--out", tmp_path / "out", "--json")
    assert status == 0
    data = json.loads(out)
    assert data["schema"] == 1 and data["level"] == 3 and set(data["hashes"]) == {"before", "sent", "truth"}
    page = (tmp_path / "out" / "report.html").read_text()
    assert "http://" not in page and "https://" not in page and "<script" not in page and "data:image/png" in page
    assert json.loads((tmp_path / "out" / "report.json").read_text())["word"] == data["word"]
    assert "Audit of a recorded update" in PdfReader(tmp_path / "out" / "report.pdf").pages[0].extract_text()
    status, _, _ = gi_audit(
        leaking, "--minutes", 0.1, "--attack", "analytic", "--no-pictures", "--out", tmp_path / "plain.html"
    )
    assert status == 0 and "data:image" not in (tmp_path / "plain.html").read_text()


def test_names_from_a_file_are_escaped_in_the_report(leaking, tmp_path, gi_audit):
    side = json.loads((leaking / "update.json").read_text())
    (leaking / "update.json").write_text(json.dumps(side | {"framework": "<script>alert(1)</script>\u001b[31m"}))
    gi_audit(leaking, "--preflight", "--out", tmp_path / "page.html")
    page = (tmp_path / "page.html").read_text()
    assert "<script" not in page and "\x1b" not in page


@pytest.mark.parametrize(
    ("options", "status"),
    [
        (("--preflight",), 0),
        (("--preflight", "--fail-on", "high"), 3),
        (("--minutes", "0.1", "--attack", "analytic", "--fail-above", "recognisable"), 3),
        (("--minutes", "0.1", "--attack", "analytic", "--lr", "0.2"), 0),
        (("--preflight", "--fail-above", "colours"), 2),
        (("--attack", "nonsense"), 2),
        (("--minutes", "0"), 2),
        (("--fail-above", "faithful"), 2),
        (("--mean", "a,b"), 2),
        (("--filters", "{"), 2),
        (("--model", "nonsense"), 2),
        (("--weights", "x.pt"), 2),
    ],
)
def test_exit_statuses(leaking, gi_audit, options, status):
    told = gi_audit(leaking, *options)
    assert told[0] == status
    if status == 2:
        assert told[2].count("\n") <= 4 and "Traceback" not in told[2]


def test_fail_above_needs_the_truth(leaking, gi_audit):
    (leaking / "truth.npz").unlink()
    side = json.loads((leaking / "update.json").read_text())
    del side["files"]["truth"]
    (leaking / "update.json").write_text(json.dumps(side))
    status, _, said = gi_audit(leaking, "--fail-above", "colours")
    assert status == 2 and "needs --truth" in said


def test_what_breaks_makes_the_evidence_incomplete(leaking, gi_audit, monkeypatch):
    def broken(*_):
        raise RuntimeError("out of luck")

    monkeypatch.setattr(sys.modules["gi_core.audit.trials"], "attempt", broken)
    status, out, _ = gi_audit(leaking, "--minutes", 0.1, "--attack", "analytic", "--json")
    assert status == 1 and json.loads(out)["failed"] == {"analytic": "out of luck"}


def test_a_stop_keeps_what_was_found(leaking, gi_audit, monkeypatch):
    monkeypatch.setattr(command, "stop_on_interrupt", lambda stop: stop.set())
    status, out, _ = gi_audit(leaking, "--minutes", 0.1, "--attack", "ig:steps=50", "--json")
    assert status == 130 and json.loads(out)["stopped"] is True and json.loads(out)["sheet"]["findings"]


def test_ones_own_network_and_pictures_in_one_command(tmp_path, gi_audit, mlp):
    (tmp_path / "model.py").write_text(
        "from torch import nn\ndef make():\n"
        "    return nn.Sequential(nn.Flatten(), nn.Linear(432, 24), nn.ReLU(), nn.Linear(24, 10))\n"
    )
    torch.save({k.removeprefix("layers."): v for k, v in mlp.state_dict().items()}, tmp_path / "x.pt")
    from PIL import Image

    (tmp_path / "data").mkdir()
    for i in range(3):
        pixels = np.random.default_rng(i).integers(0, 255, (12, 12, 3), dtype=np.uint8)
        Image.fromarray(pixels).save(tmp_path / "data" / f"{i}.png")
    status, out, _ = gi_audit(
        f"{tmp_path / 'model.py'}:make", "--weights", tmp_path / "x.pt", "--data", tmp_path / "data", "--batch", 1,
        "--steps", 1, "--image-size", 12, "--attack", "analytic", "--minutes", 0.1, "--json",
        "--out", tmp_path / "r.html",
    )  # fmt: skip
    assert status == 0 and json.loads(out)["level"] == 3 and (tmp_path / "r.html").exists()


def test_a_gate_does_not_pass_on_too_short_to_tell(recorded, mlp, leaking, gi_audit):
    other = recorded(mlp, seed=5, name="other", **SMALL)
    asked = ("--truth", other / "truth.npz", "--minutes", 0.1, "--attack", "ig:steps=20", "--json")
    for gate, expected in (((), 0), (("--fail-above", "recognisable"), 1)):
        status, out, _ = gi_audit(leaking, *asked, *gate)
        assert (status, json.loads(out)["word"]) == (expected, "Too short to tell")


def test_a_gate_passes_on_an_empty_update_and_not_where_no_attack_applied(recorded, mlp, leaking, gi_audit):
    still = recorded(mlp, changed=lambda b, a: b, name="still", **SMALL)
    assert gi_audit(still, "--minutes", 0.1, "--fail-above", "colours")[0] == 0
    assert gi_audit(leaking, "--minutes", 0.1, "--attack", "bn-exact", "--fail-above", "colours")[0] == 1


def test_a_clipped_picture_behind_sigmoids_is_solved_for_and_nothing_else_is_run(recorded):
    def make():
        layers = (nn.Conv2d(3, 12, 5, 2, 2), nn.Sigmoid(), nn.Conv2d(12, 12, 5, 2, 2), nn.Sigmoid())
        return nn.Sequential(*layers, nn.Flatten(), nn.Linear(12 * 16, 10))

    torch.manual_seed(0)
    folder = recorded(make(), "own", side=16, changed=lambda b, a: {k: b[k] + 0.05 * (v - b[k]) for k, v in a.items()})
    record = gi.audit.read(folder, make=make)
    report = gi.audit.run(record, truth=record.truth, minutes=1)
    assert report.level == 3 and report.judged.attack == "rgap"
    assert any(s.attack == "ig" and "not needed" in s.reason for s in report.skipped)


def test_a_side_file_names_no_code(leaking, gi_audit, tmp_path):
    marker = tmp_path / "ran"
    (leaking / "net.py").write_text(f"open({str(marker)!r}, 'w')")
    side = json.loads((leaking / "update.json").read_text())
    for model in ("net.py:Net", {"arch": "net.py:Net"}):
        (leaking / "update.json").write_text(json.dumps(side | {"model": model}))
        assert gi_audit(leaking, "--preflight")[0] == 2
    assert not marker.exists()
    assert records.SIDE_FILE == "update.json"
