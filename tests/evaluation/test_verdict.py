import json

import pytest
import torch

from gi_core.data.samples import sample
from gi_core.evaluation.controls import answer, gain
from gi_core.evaluation.verdict import WORDS, Evidence, examine, judge, verdict
from gi_core.run import prepare
from gi_core.scenario import Scenario
from gi_core.seeds import stream_seed


def evidence(ssim=0.05, mse=0.1, control_ssim=0.05, control_mse=0.1, rank=50, control_rank=50):
    return Evidence(ssim, mse, control_ssim, control_mse, rank, control_rank, 100)


@pytest.mark.parametrize(
    ("word", "case"),
    [
        ("Nothing", evidence()),
        ("Nothing", evidence(ssim=0.9, rank=30)),
        ("Nothing", evidence(ssim=0.9, mse=0.001, control_ssim=0.9, control_mse=0.001, rank=1, control_rank=1)),
        ("Nothing", evidence(rank=1)),
        ("Nothing", evidence(ssim=0.2, mse=0.01, rank=3, control_rank=3)),
        ("Colours and layout", evidence(ssim=0.2, rank=5)),
        ("Colours and layout", evidence(mse=0.05, rank=2)),
        ("Colours and layout", evidence(ssim=0.8, mse=0.05, rank=4)),
        ("Recognisable", evidence(ssim=0.5, rank=1)),
        ("Recognisable", evidence(ssim=0.5, rank=1, control_rank=1)),
        ("Faithful", evidence(ssim=0.8, rank=1)),
        ("Faithful", evidence(ssim=0.8, rank=2)),
    ],
)
def test_levels(word, case):
    assert verdict([case]).word == word


def test_a_small_pixel_error_alone_is_never_enough():
    """40 dB, but the control has it too, or the line-up does not find the picture."""
    assert verdict([evidence(mse=1e-4, control_mse=1e-4, rank=1)]).level == 0
    assert verdict([evidence(mse=1e-4, rank=40)]).level == 0


def test_the_worst_leak_of_a_batch_counts_and_chance_is_shared_out():
    result = verdict([evidence(), evidence(ssim=0.95, rank=1), evidence()])
    assert (result.level, result.levels) == (3, (0, 3, 0))
    assert result.sentence.startswith("1 of 3 pictures is read out")
    assert verdict([evidence(ssim=0.2, rank=4)]).level == 1
    assert verdict([evidence(ssim=0.2, rank=4)] + 7 * [evidence()]).level == 0
    assert json.dumps(result.inputs)


def examined(names=("noise",), **changes):
    scenario = Scenario(**{"model": "mlp:width=32", "attack": "analytic", "image_size": 16} | changes)
    cast = ("cat", "coffee", "rocket", "tissue", "blobs", "letters", "checker", "gradient")
    run = prepare(scenario, torch.stack([sample(n, scenario.image_size, 3) for n in cast[: scenario.batch_size]]))
    return run, examine(run, answer(run.attack, run.observation, stream_seed(scenario.seed, "attack")), names=names)


def test_an_exact_attack_is_faithful_and_ranks_first_of_a_hundred():
    _, result = examined(names=("noise", "random-picture", "same-label-picture"))
    assert result.verdict.word == "Faithful"
    assert [(r.rank, r.candidates) for r in result.ranks] == [(1, 100)]
    assert set(result.controls) == set(result.gains) == {"noise", "random-picture", "same-label-picture"}
    assert result.verdict.inputs["pictures"][0]["structure"] > 0.99
    assert json.loads(json.dumps(result.to_dict()))["word"] == "Faithful"


def test_gradient_matching_on_lenet_is_faithful_too():
    _, result = examined(model="lenet", attack="ig:steps=300,tv=1e-3")
    assert result.verdict.word == "Faithful"
    assert result.ranks[0].rank == 1


def test_under_differential_privacy_the_verdict_is_nothing_whatever_the_seed():
    words = [examined(defense="dp-gaussian:epsilon=1", seed=seed)[1].verdict.word for seed in range(12)]
    assert words == 12 * [WORDS[0]]


@pytest.mark.parametrize("attack", ["venom", "fgla"])
def test_learned_attacks_leak_without_a_defense_and_are_unmasked_under_differential_privacy(attack):
    """Venom's answer to noise is a plausible picture: SSIM 0.36 on the rocket, and yet nothing of it leaked."""
    lenet = {"model": "lenet", "attack": attack, "image_size": 32, "batch_size": 1}
    assert examined(**lenet)[1].verdict.level >= 2
    results = [examined(**lenet, defense="dp-gaussian:epsilon=1", seed=seed)[1] for seed in range(6)]
    assert [r.verdict.level for r in results] == 6 * [0]
    pictures = [r.verdict.inputs["pictures"][0] for r in results]
    assert not gain([p["ssim"] for p in pictures], [p["control_ssim"] for p in pictures]).low > 0.02


def test_the_control_itself_is_judged_nothing():
    """Hand the control's picture in as if it were the attack's."""
    run, result = examined()
    again = judge(run, result.controls["noise"], result.controls)
    assert again.verdict.level == 0
    assert again.verdict.inputs["pictures"][0]["structure"] == 0


def test_order_within_a_batch_does_not_matter():
    run, _ = examined(batch_size=3)
    noise = {"noise": torch.rand(3, 3, 16, 16, generator=torch.Generator().manual_seed(0))}
    straight, shuffled = judge(run, run.truth, noise), judge(run, run.truth[[2, 0, 1]], noise)
    assert straight.verdict == shuffled.verdict
    assert straight.verdict.levels == (3, 3, 3)
    assert straight.gains["noise"].above_zero
