"""Servers that change weights alone: fishing and inconsistent; and trap weights."""

import pytest
import torch

import gi_core as gi
from gi_core.client import gradient
from gi_core.data.samples import public_crops
from gi_core.errors import BadInput
from gi_core.evaluation.controls import control
from gi_core.evaluation.inspection import inspect_sent
from gi_core.models import build
from gi_core.run import prepare
from gi_core.servers.trap import trap_weights

MODELS = ("lenet", "mlp:width=32", "resnet18:width=8", "vit-tiny")


def scenario(**fields):
    return gi.Scenario(**({"image_size": 28, "attack": "dlg:steps=1"} | fields))


def photos(count, seed=3):
    return public_crops(count, 28, 3, seed)


def apart(seen, own, names):
    """Relative distance over the named tensors, in double precision."""
    wrong = sum(float((seen[n].double() - own[n].double()).square().sum()) for n in names)
    return (wrong / sum(float(own[n].double().square().sum()) for n in names)) ** 0.5


@pytest.mark.parametrize("model", MODELS)
def test_fishing_by_class_leaves_the_one_picture_of_the_class(model):
    labels = torch.arange(16) % 9 + 1
    labels[5] = 0
    run = prepare(scenario(model=model, batch_size=16, server="fishing"), photos(16), labels)
    assert len(run.truth) == 1 and run.observation.batch_size == 1
    assert torch.equal(run.truth[0], photos(16)[5])
    own = gradient(run.observation.victim, run.truth, run.labels)
    assert apart(run.observation.update.tensors, own, list(own)) < 1e-5


def test_fishing_by_feature_needs_no_label_and_two_answers():
    s = scenario(model="resnet18:width=8", batch_size=24, server="fishing:kind=feature,share=0.3", knowledge="none")
    run = prepare(s, photos(24))
    assert 1 <= len(run.truth) < 24
    own = gradient(run.observation.victim, run.truth, torch.zeros(len(run.truth), dtype=torch.long))
    assert apart(run.observation.update.tensors, own, [n for n in own if not n.startswith("head")]) < 1e-4
    assert run.observation.labels.tolist() == [0] * len(run.truth)


def test_any_attack_and_its_control_follow_the_one_picture():
    labels = torch.arange(16) % 9 + 1
    labels[2] = 0
    s = scenario(model="lenet", batch_size=16, server="fishing", attack="ig:steps=2")
    run = prepare(s, photos(16), labels)
    for _ in run:
        pass
    trace = run.trace()
    guess = control(run, "noise").images()
    assert trace.images.shape == guess.shape == (1, 3, 28, 28)
    assert len(trace.scores) == 1


@pytest.mark.parametrize("model", MODELS)
@pytest.mark.parametrize("batch", [1, 4])
def test_with_inconsistent_models_the_sum_is_the_targets_own_update(model, batch):
    labels = torch.tensor([1, 7, 7, 3])[:batch]
    alone = prepare(scenario(model=model, batch_size=batch), photos(batch), labels)
    many = prepare(scenario(model=model, batch_size=batch, clients=16, server="inconsistent"), photos(batch), labels)
    own, seen = (run.observation.update.tensors for run in (alone, many))
    assert list(seen) == list(own) == list(gradient(many.observation.victim, many.truth, many.labels))
    assert all(torch.equal(seen[n], own[n]) for n in own if n != "head.bias")
    assert apart(seen, own, ["head.bias"]) < 1e-5


@pytest.mark.parametrize("changed", [{"batch_size": 16}, {"defense": "gaussian:sigma=0.001"}, {"local_steps": 2}])
def test_a_bias_that_nothing_confirms_is_left_out(changed):
    s = scenario(clients=4, server="inconsistent", **changed)
    run = prepare(s, photos(s.batch_size))
    assert "head.bias" not in run.observation.update.tensors
    assert "head.bias" not in dict(run.observation.victim.named_parameters())


def test_dead_clients_stay_dead_over_local_steps():
    s = scenario(batch_size=2, clients=4, server="inconsistent", local_steps=3, local_momentum=0.9)
    labels = torch.tensor([1, 7])
    alone, summed = (prepare(s.replace(clients=c), photos(2), labels).observation.update.tensors for c in (1, 4))
    assert apart(summed, alone, list(summed)) < 1e-5


def test_the_clients_fingerprints_differ_and_one_client_alone_is_sent_the_honest_model():
    sight = inspect_sent(scenario(server="inconsistent"))
    assert sight.others is not None and sight.others.fingerprint != sight.target.fingerprint
    assert sight.target.level == "green" and sight.others.level == "red"
    run = prepare(scenario(batch_size=2, server="inconsistent"), photos(2))
    assert run.observation.victim is run.victim and len(run.observation.update.tensors) == len(run.clean.tensors)


@pytest.mark.parametrize("model", MODELS)
@pytest.mark.parametrize("server", ["fishing", "fishing:kind=feature", "inconsistent", "trap:rows=64"])
def test_each_manipulation_is_red_by_weights_and_gradients_alone(model, server):
    assert inspect_sent(scenario(model=model, server=server), architecture=False).level == "red"


def test_trap_rows_are_off_for_a_flat_picture_and_paired():
    weight = trap_weights(8, 48, 1.0, torch.Generator().manual_seed(0))
    torch.testing.assert_close(weight.sum(1), torch.zeros(8), atol=1e-5, rtol=0)
    assert (weight != 0).all() and ((weight < 0).sum(1) == 24).all()


def test_trap_rows_that_agree_show_pictures():
    s = scenario(batch_size=6, server="trap", attack="imprint")
    run = prepare(s, photos(6) * torch.linspace(0.5, 1, 6).view(-1, 1, 1, 1))
    (frame,) = run
    trust = torch.tensor(frame.report["trust"], dtype=torch.bool)
    errors = (frame.pool[trust][:, None] - run.cohort[None]).square().flatten(2).mean(2).min(1).values
    assert trust.any() and (errors < 1e-3).all()


def test_refusals():
    with pytest.raises(BadInput, match="no picture of the batch is of class 0"):
        prepare(scenario(batch_size=2, server="fishing"), photos(2), torch.tensor([1, 2]))
    with pytest.raises(BadInput, match="fishing:label=12"):
        prepare(scenario(batch_size=2, server="fishing:label=12"), photos(2))
    with pytest.raises(BadInput, match="trap:rows"):
        prepare(scenario(image_size=224, server="trap:rows=2048"), torch.rand(1, 3, 224, 224))
    assert build("lenet", image_shape=(3, 28, 28), num_classes=10).head.bias is not None
