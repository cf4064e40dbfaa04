import numpy as np
import pytest
import torch

from gi_core.data.samples import sample
from gi_core.errors import BadInput
from gi_core.evaluation.controls import CONTROLS, answer, applicable, control, gain
from gi_core.run import prepare
from gi_core.scenario import Scenario
from gi_core.seeds import stream_seed


def prepared(**changes):
    scenario = Scenario(model="mlp:width=32", attack="analytic", image_size=16, **changes)
    pictures = torch.stack([sample(name, 16, 3) for name in ("cat", "coffee", "rocket")[: scenario.batch_size]])
    return prepare(scenario, pictures)


def same(a, b):
    return all(torch.equal(a[name], b[name]) for name in a)


def test_noise_has_the_norm_of_each_tensor_and_nothing_of_the_update():
    run = prepared()
    observed = run.observation.update.tensors
    replaced = control(run, "noise").observations[0].update.tensors
    assert list(replaced) == list(observed)
    for name, tensor in observed.items():
        assert replaced[name].norm().item() == pytest.approx(tensor.norm().item(), rel=1e-5)
        cosine = (replaced[name] * tensor).sum() / tensor.norm() ** 2
        assert cosine.abs() < 6 / tensor.numel() ** 0.5
    assert same(replaced, control(run, "noise").observations[0].update.tensors)
    assert not same(replaced, control(run, "noise", draw=1).observations[0].update.tensors)


@pytest.mark.parametrize("name", ["noise", "random-picture", "same-label-picture"])
def test_only_the_update_and_its_labels_change(name):
    run = prepared(knowledge="labels+defense+auxiliary", defense="clip:norm=1")
    (observation,) = control(run, name).observations
    assert control(run, name).attack == run.attack
    assert control(run, name).seed == stream_seed(run.scenario.seed, "attack")
    assert not same(observation.update.tensors, run.observation.update.tensors)
    assert observation.defense == run.observation.defense
    assert torch.equal(observation.auxiliary, run.observation.auxiliary)
    if name != "random-picture":
        assert torch.equal(observation.labels, run.observation.labels)


def test_zero_and_shuffled_updates_hold_no_picture():
    run = prepared()
    observed = run.observation.update.tensors
    zero, mixed = (control(run, name).observations[0].update.tensors for name in ("zero", "shuffled"))
    assert all(not tensor.any() for tensor in zero.values())
    with pytest.raises(BadInput, match="zero everywhere"):
        control(run, "zero").images()
    assert not same(mixed, observed)
    for name, tensor in observed.items():
        assert torch.equal(mixed[name].flatten().sort().values, tensor.flatten().sort().values)
    assert (control(run, "shuffled").images() - run.truth).abs().mean() > 0.05


def test_random_pictures_have_labels_of_their_own():
    run = prepared(batch_size=3)
    labels = [control(run, "random-picture", draw).observations[0].labels.tolist() for draw in range(4)]
    assert len({tuple(row) for row in labels}) > 1


def test_shared_batchnorm_statistics_are_replaced_by_those_the_server_sent():
    scenario = Scenario(
        model="convnet:width=4", mode="train", batch_size=3, knowledge="labels+buffers", attack="ig:steps=1"
    )
    run = prepare(scenario, torch.stack([sample(name, 32, 3) for name in ("cat", "coffee", "rocket")]))
    own = dict(run.victim.named_buffers())
    replaced = control(run, "noise").observations[0].update.buffers
    assert replaced
    assert same(replaced, own)
    assert not same(replaced, run.observation.update.buffers)


def test_the_control_is_the_attack_on_that_update_and_differs_from_the_answer():
    run = prepared()
    truth = answer(run.attack, run.observation, stream_seed(0, "attack"))
    chosen = control(run, "noise")
    assert torch.equal(chosen.images(), answer(run.attack, chosen.observations[0], chosen.seed))
    assert torch.equal(list(chosen.frames())[-1].images.clamp(0, 1), chosen.images())
    assert (truth - run.truth).abs().max() < 1e-3
    assert (chosen.images() - run.truth).abs().mean() > 0.05


def test_prior_only_averages_or_weighs_the_prior_and_is_refused_without_one():
    run = prepared()
    averaged = control(run, "prior-only")
    answers = [answer(averaged.attack, o, averaged.seed) for o in averaged.observations]
    assert len(answers) == 4
    assert torch.allclose(averaged.images(), torch.stack(answers).mean(0))
    flow = prepare(Scenario(attack="fm:prior=(tv:weight=1e-3+flow:weight=0.2,start=0.5)"), sample("cat", 32, 3)[None])
    assert control(flow, "prior-only").attack.prior == "tv:weight=1e-3+flow:start=0.5,weight=1e+06"
    assert "prior-only" in applicable(flow)
    plain = prepare(Scenario(attack="ig:steps=1"), sample("cat", 32, 3)[None])
    assert applicable(plain) == ["noise", "zero", "shuffled", "random-picture", "same-label-picture"]
    with pytest.raises(BadInput, match="no prior"):
        control(plain, "prior-only")
    with pytest.raises(BadInput, match="allowed are"):
        control(plain, "nothing")
    assert set(applicable(run)) == set(CONTROLS)


def test_gain_has_the_sense_of_leaking():
    assert gain([0.2, 0.3, 0.4], [0.1, 0.1, 0.1]).mean == pytest.approx(0.2)
    assert gain([0.2, 0.3, 0.4], [0.5, 0.5, 0.5], higher_is_better=False).mean == pytest.approx(0.2)
    assert gain([0.9], [0.1]).low is None
    assert not gain([0.9], [0.1]).above_zero
    assert gain([0.5, 0.5, 0.5], [0.1, 0.1, 0.1]).above_zero
    with pytest.raises(BadInput):
        gain([1.0], [])
    wide, narrow = (gain([0.2, 0.3, 0.7, 0.1], [0.0] * 4, confidence=c) for c in (0.999, 0.8))
    assert wide.low < narrow.low < narrow.high < wide.high


def test_the_interval_covers_the_true_gain_about_as_often_as_it_says():
    rng = np.random.default_rng(0)
    hits, zeros = 0, 0
    for _ in range(60):
        controls = rng.normal(0, 1, 25)
        interval = gain((controls + rng.normal(0.5, 1, 25)).tolist(), controls.tolist())
        hits += interval.low <= 0.5 <= interval.high
        zeros += gain(rng.normal(0, 1, 25).tolist(), controls.tolist()).above_zero
    assert hits >= 50
    assert zeros <= 6
