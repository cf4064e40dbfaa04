"""One budgeted run and its permutation control; the grids name valid scenarios."""

import json

import pytest
import torch

from gi_core.experiment import run
from gi_core.metrics.image import ssim
from gi_core.models import models
from gi_core.run import prepare
from gi_core.scenario import Scenario
from gi_core.studies import attempt as attempts
from gi_core.studies import feasibility
from gi_core.studies.attempt import attempt, others, verdict
from gi_core.studies.controlled_init import disturbed
from gi_core.studies.feasibility import REGIMES, Feasibility, scenario_of, sheet
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


def test_a_regime_is_measured_with_its_way():
    row = Feasibility(effort=0.02, doublings=0).measure({"regime": "preact-train-huang", "update": 0, "seed": 0})
    assert row["settled"] is False and row["cpu_total"] == row["cpu_seconds"]
    assert set(Feasibility.columns) <= row.keys()
    assert row["attack"] == scenario_of("preact-train-huang", 0, 0.02).attack
    way = json.loads(row["history"])
    assert [way[0][0], way[-1][0]] == [0, row["iterations"] - 1]
    assert way[-1][2] == pytest.approx(row["ssim"], abs=1e-4)
    assert row["pictures"]["preact-train-huang-0-0"].shape == (3, 32 * (1 + len(way)), 32)


def test_a_budget_is_doubled_until_it_tells_nothing_new(monkeypatch):
    regime = feasibility.Regime("mlp:activation=sigmoid", 32, 1, "eval", "ig:steps=10", "none")
    monkeypatch.setitem(REGIMES, "mlp", regime)
    ends = iter([(0.9, 0.1), (0.5, 0.2), (0.4, 0.5), (0.39, 0.5), (0.1, 0.9)])
    tried = []

    def run_of(scenario, source, place):
        loss, likeness = next(ends)
        tried.append(scenario.attack_component.steps)
        row = dict.fromkeys(attempts.COLUMNS, 0.0) | {"loss_last": loss, "ssim": likeness, "cpu_seconds": 1.0}
        return attempts.Attempt(torch.zeros(1, 3, 32, 32), torch.zeros(1, 3, 32, 32), row, [])

    monkeypatch.setattr(feasibility, "attempt", run_of)
    found, scenario, settled, spent = Feasibility(doublings=5).until_settled({"regime": "mlp", "update": 0, "seed": 0})
    assert tried == [10, 20, 40, 80] and scenario.attack_component.steps == 80
    assert (settled, spent, found.row["ssim"]) == (True, 4.0, 0.5)


def test_a_line_search_descends_where_whole_steps_diverge(picture):
    steep = "lenet:activation=sigmoid"
    ends = {}
    for search in ("false", "true"):
        attack = f"ig:optimiser=lbfgs,steps=3,lr=20,tv=1e-4,line_search={search}"
        prepared = prepare(Scenario(model=steep, attack=attack), picture)
        ends[search] = min(float(frame.loss) for frame in prepared)
    assert ends["true"] < 0.5 * ends["false"]


def test_large_pictures_keep_only_the_end():
    scenario = Scenario(image_size=96, attack="ig:steps=6")
    found = attempt(scenario, "samples", 0)
    assert len(found.moments) > 2
    assert sheet(found).shape == (3, 2 * 96, 96)


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
