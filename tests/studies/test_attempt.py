"""One budgeted run and its permutation control; the grids name valid scenarios."""

from types import SimpleNamespace

import pytest
import torch

from gi_core.attacks import attacks
from gi_core.evaluation.verdict import Likeness
from gi_core.experiment import run
from gi_core.metrics.image import ssim
from gi_core.models import models
from gi_core.run import prepare
from gi_core.scenario import Scenario
from gi_core.seeds import stream_seed
from gi_core.studies import feasibility
from gi_core.studies.attempt import attempt, others, verdict
from gi_core.studies.base import format_cell
from gi_core.studies.controlled_init import disturbed
from gi_core.studies.doubling import Reached, doubled, nested
from gi_core.studies.feasibility import REGIMES, Feasibility, doubled_run, scenario_of
from gi_core.studies.pictures import in_turn, private_pictures
from gi_core.studies.train_vs_eval import KNOWLEDGE, TrainVsEval


def test_a_faithful_reconstruction_beats_other_pictures():
    found = attempt(Scenario(model="mlp:activation=sigmoid", attack="analytic"), "samples", 0)
    assert found.row["ssim"] > 0.95
    assert found.row["ssim_others"] < 0.5
    assert verdict(found.row) == "recognisable"


def test_the_budget_ends_the_attack():
    found = attempt(Scenario(attack="ig:steps=100000"), "samples", 0, cpu_seconds=0.2)
    assert found.row["iterations"] < 2000
    assert found.row["cpu_seconds"] < 2
    assert verdict({"ssim": 0.2, "ssim_others": 0.15}) == "nothing at this budget"
    assert verdict({"ssim": 0.3, "ssim_others": 0.15}) == "traces"


def test_others_is_the_mean_over_other_pictures():
    pictures, _ = private_pictures("samples", 4, 32)
    first = others(pictures[:1], "samples", 1, 0)
    rest, _ = private_pictures("samples", 3, 32, first=1)
    assert -0.2 < first < 0.6
    assert ssim(pictures[:1].expand_as(rest), rest).max() < 0.9


@pytest.mark.parametrize("name", REGIMES)
def test_every_regime_is_a_valid_scenario(name):
    scenario = scenario_of(name)
    assert Scenario.from_url(scenario.to_url()) == scenario
    assert REGIMES[name].theirs


def test_a_regime_is_measured_beside_half_its_budget_and_its_control():
    study = Feasibility(effort=0.1)
    row = study.measure({"regime": "preact-train-huang", "place": 0, "seed": 0})
    assert set(Feasibility.columns) <= row.keys()
    least = scenario_of("preact-train-huang", 0, 0.1).attack_component.steps
    assert row["iterations"] - 1 == attacks.parse(row["attack"]).steps >= 2 * least
    ((name, strip),) = row["pictures"].items()
    assert strip.shape == (3, 3 * 32, 32) and len(name) == 16
    run = doubled_run({key: format_cell(value) for key, value in row.items()} | {"place": "0", "seed": "0"})
    assert run.half is not None and run.half_loss >= run.loss


def test_a_closed_form_is_run_once():
    row = Feasibility().measure({"regime": "vit-base-32", "place": 1, "seed": 0})
    assert row["half_ssim"] is None and row["iterations"] == 1 and row["psnr"] != "inf" and row["level"] == 3


@pytest.mark.parametrize(("attack", "whole"), [("ig:steps=4,decay=false", True), ("ig:steps=4", False)])
def test_a_doubled_run_is_the_longer_run(attack, whole, picture):
    """Without a schedule it goes on where the shorter one stood; with one it starts anew. Each is a command's run."""
    run = prepare(Scenario(attack=attack), picture, device="cpu")
    assert nested(run.attack) is whole
    stages = list(doubled(run, 2))
    assert [len(s.losses) - 1 for s in stages] == [4, 8, 16] == [s.attack.steps for s in stages]
    for stage in stages:
        again = prepare(Scenario(attack=stage.attack.text), picture, device="cpu")
        *_, last = again.attack.run(again.observation, stream_seed(0, "attack"))
        assert torch.equal(last.images.clamp(0, 1), stage.images)


def test_a_run_ends_once_twice_the_budget_tells_nothing_new():
    """Budgets are doubled while the loss falls, and no further; a recognisable picture ends it at once."""
    run = prepare(Scenario(), torch.rand(1, 3, 32, 32, generator=torch.Generator().manual_seed(0)), device="cpu")
    cell = {"regime": "convnet-eval", "place": 0, "seed": 0}

    def way(*found):
        likeness = lambda ssim: Likeness(ssim, 0.1, 0.1, 0.1, 1, 50, 100)
        judged = lambda ssim: SimpleNamespace(likenesses=(likeness(ssim),), shown=0, level=likeness(ssim).level())
        return [(Reached(run.attack, run.truth, (loss,), 1.0, 1.0), judged(ssim)) for loss, ssim in found]

    assert not feasibility.ended(cell, way((0.9, 0.11)))
    assert not feasibility.ended(cell, way((0.9, 0.11), (0.5, 0.12)))
    assert not feasibility.ended(cell, way((0.5, 0.11), (0.49, 0.4)))
    assert feasibility.ended(cell, way((0.9, 0.11), (0.5, 0.11), (0.49, 0.12)))
    assert feasibility.ended(cell, way((0.9, 0.97)))


def test_a_line_search_descends_where_whole_steps_diverge(picture):
    steep = "lenet:activation=sigmoid"
    ends = {}
    for search in ("false", "true"):
        attack = f"ig:optimiser=lbfgs,steps=3,lr=20,tv=1e-4,line_search={search}"
        prepared = prepare(Scenario(model=steep, attack=attack), picture)
        ends[search] = min(float(frame.loss) for frame in prepared)
    assert ends["true"] < 0.5 * ends["false"]


def test_a_row_is_repeated_by_an_ordinary_run():
    scenario = Scenario(attack="ig:steps=5")
    found = attempt(scenario, "samples", 0)
    trace = run(scenario, private_pictures("samples", 1, 32)[0])
    assert trace.scores[0]["ssim"] == pytest.approx(found.row["ssim"], abs=1e-4)


def test_train_vs_eval_shares_everything_but_the_arm():
    cells = list(TrainVsEval(count=2, seeds=2).cells())
    assert {c["attack"] for c in cells} == KNOWLEDGE.keys()
    row = TrainVsEval(source="samples", width=4, steps=2).measure(cells[0])
    assert row["iterations"] == 3


def test_disturbed_pixels_nest():
    victim = models.parse("lenet").build((3, 32, 32), 10)
    truth = torch.rand(1, 3, 32, 32, generator=torch.Generator().manual_seed(0))
    little, much = disturbed(truth, 0.2, victim, 5), disturbed(truth, 0.6, victim, 5)
    changed = (little != truth).any(1)
    assert changed.float().mean().item() == pytest.approx(0.2, abs=0.05)
    assert torch.equal(much[:, :, changed[0]], little[:, :, changed[0]])
    assert torch.equal(disturbed(truth, 0.0, victim, 5), truth)


def test_classes_take_turns():
    labels = torch.tensor([2, 2, 0, 1, 0, 2])
    assert labels[in_turn(labels)].tolist() == [0, 1, 2, 0, 2, 2]


def test_controlled_init_measures_and_draws(monkeypatch):
    from gi_core.studies import controlled_init

    monkeypatch.setattr(controlled_init, "ARCHITECTURES", ("lenet",))
    monkeypatch.setitem(controlled_init.PUBLISHED, "lenet", (0.5,) * 11)
    study = controlled_init.ControlledInit(source="samples", evaluations=40)
    row = study.measure({"model": "lenet", "factor": 0.3, "picture": 0, "seed": 0})
    assert row["ssim_loss"] > row["ssim_start"]
    assert row["ssim_oracle"] >= row["ssim_loss"] - 1e-3
    assert row["ssim_tv_oracle"] >= row["ssim_tv_last"]
    assert row["matching_end"] < 0.5 * row["matching_start"]
    assert row["psnr_tv_last"] > row["psnr_start"]
    figure = study.figure([{"model": "lenet", "factor": "0.3", **{k: str(v) for k, v in row.items()}}])
    assert [line.get_label() for line in figure.axes[0].lines] == [label for _, label, _ in controlled_init.LINES]
