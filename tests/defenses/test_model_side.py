"""Defenses inside the client's network: dropout, label smoothing, Soteria."""

import copy

import pytest
import torch
import torch.nn.functional as F
from scipy import stats

from gi_core.defenses import Batch, parse_stack
from gi_core.defenses.soteria import sensitivity
from gi_core.models import build


@pytest.fixture
def victim():
    return build("lenet:activation=relu,init=default", image_shape=(3, 8, 8), num_classes=5)


@pytest.fixture
def images():
    return torch.rand(2, 3, 8, 8, generator=torch.Generator().manual_seed(0))


@pytest.mark.parametrize("mode", [True, False])
def test_dropout_masks_the_heads_input_in_both_modes(victim, images, mode):
    clean = victim.features(images)
    defended = copy.deepcopy(victim).train(mode)
    names = [name for name, _ in defended.named_parameters()]
    parse_stack("dropout:p=0.25")[0].on_model(defended)
    assert [name for name, _ in defended.named_parameters()] == names
    torch.manual_seed(7)
    got = defended(images)
    torch.manual_seed(7)
    expected = victim.head(F.dropout(clean, 0.25, training=True))
    torch.testing.assert_close(got, expected)
    torch.manual_seed(8)
    assert not torch.equal(defended(images), got)


def test_dropped_features_leave_zero_columns(victim, images):
    parse_stack("dropout:p=0.5")[0].on_model(victim)
    torch.manual_seed(0)
    loss = victim.loss(images[:1], torch.tensor([1]))
    (gradient,) = torch.autograd.grad(loss, victim.head.weight)
    alive = victim.features(images[:1])[0] > 0
    dropped = (gradient[:, alive] == 0).all(0)
    assert stats.binomtest(int(dropped.sum()), int(alive.sum()), 0.5).pvalue > 1e-3


def test_label_smoothing_is_the_loss_against_smoothed_targets(victim, images):
    labels = torch.tensor([1, 3])
    smoothed = 0.8 * F.one_hot(labels, 5) + 0.2 / 5
    expected = -(smoothed * victim(images).log_softmax(1)).sum(1).mean()
    parse_stack("label-smoothing:amount=0.2")[0].on_model(victim)
    torch.testing.assert_close(victim.loss(images, labels), expected)


def test_exact_sensitivity_is_the_row_norm_of_the_jacobian(victim, images):
    features, slope = sensitivity(victim, images, None, torch.Generator())
    torch.testing.assert_close(features, victim.features(images))
    for i in range(2):
        jacobian = torch.autograd.functional.jacobian(lambda x: victim.features(x[None])[0], images[i]).flatten(1)
        torch.testing.assert_close(slope[i], jacobian.norm(dim=1))


def test_probes_estimate_the_sensitivity(victim, images):
    _, exact = sensitivity(victim, images, None, torch.Generator())
    _, estimate = sensitivity(victim, images, 400, torch.Generator().manual_seed(0))
    alive = exact > 0
    assert ((estimate / exact)[alive] - 1).abs().mean() < 0.05
    assert bool((estimate[~alive] == 0).all())


def test_soteria_zeroes_the_share_of_columns_that_leak_most(victim, images):
    labels = torch.tensor([1, 3])
    names = [name for name, _ in victim.named_parameters()]
    gradient = dict(zip(names, torch.autograd.grad(victim.loss(images, labels), victim.parameters()), strict=True))
    (defense,) = parse_stack("soteria:percentile=25,probes=none")
    before = {name: t.clone() for name, t in victim.state_dict().items()}
    out = defense.on_update(gradient, Batch(victim, images, labels, torch.Generator()))
    features, slope = sensitivity(victim, images, None, torch.Generator())
    leak = torch.where(slope > 0, features.abs() / slope, torch.zeros(())).sum(0)
    count = round(0.25 * leak.numel())
    threshold = leak.sort(descending=True).values[count - 1]
    zeroed = leak >= threshold
    assert int(zeroed.sum()) == count
    assert torch.equal(out["head.weight"], gradient["head.weight"] * ~zeroed)
    assert all(out[name] is gradient[name] for name in names if name != "head.weight")
    assert all(torch.equal(t, before[name]) for name, t in victim.state_dict().items())
    assert images.grad is None
    assert not images.requires_grad


def test_soteria_leaves_batchnorm_statistics_alone(images):
    victim = build("resnet18:width=4", image_shape=(3, 8, 8), num_classes=5, mode="train")
    before = {name: t.clone() for name, t in victim.state_dict().items()}
    batch = Batch(victim, images, torch.tensor([0, 1]), torch.Generator().manual_seed(0))
    out = parse_stack("soteria:probes=4")[0].on_update({"head.weight": torch.ones(5, 32)}, batch)
    assert int((out["head.weight"][0] == 0).sum()) == round(0.6 * 32)
    assert all(torch.equal(t, before[name]) for name, t in victim.state_dict().items())
