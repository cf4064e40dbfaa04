"""Dropout masks: read off for one picture, descended for few."""

import pytest
import torch
from torch import nn

from gi_core import models
from gi_core.attacks import attacks
from gi_core.attacks.dia import dropped, first_mask, with_masks
from gi_core.client import release
from gi_core.defenses import parse_stack
from gi_core.errors import BadInput
from gi_core.models.own import wrap
from gi_core.observation import DefenseFacts, Observation


def observe(images, p=0.5, known=True, model="lenet"):
    victim = models.build(model, image_shape=(3, 32, 32), num_classes=10)
    labels = torch.arange(len(images))
    stack = parse_stack(f"dropout:p={p}")
    update = release(victim, images, labels, stack=stack, seed=4).defended
    facts = tuple(d.facts() for d in stack) if known else None
    return Observation(victim, update, len(images), labels, defense=facts)


def test_one_pictures_mask_is_exact(picture):
    """With the mask read off the zero columns, the truth's simulated gradient equals the client's."""
    observation = observe(picture)
    (site,) = dropped(observation)
    mask = first_mask(site, observation)
    assert not mask.requires_grad
    assert mask.mean().item() == pytest.approx(0.5, abs=0.05)
    guess = with_masks(observation, [site], [mask])(picture, observation.labels)
    for ours, theirs in zip(guess, observation.targets, strict=True):
        torch.testing.assert_close(ours, theirs, rtol=1e-4, atol=1e-6)


def test_it_matches_where_plain_matching_cannot(picture):
    observation = observe(picture)
    *_, with_mask = attacks.parse("dia:steps=80,tv=0").run(observation, 0)
    *_, without = attacks.parse("ig:steps=80,tv=0").run(observation, 0)
    assert with_mask.loss < 0.5 * without.loss


def test_relaxed_masks_descend_in_the_unit_interval(picture):
    images = torch.cat([picture, picture.flip(3)])
    attack = attacks.parse("dia:steps=40,tv=0")
    first, *_, last = list(attack.run(observe(images), 0))
    (mask,) = last.report["masks"]
    assert mask.shape == (2, 768)
    assert 0 <= mask.min() < 0.45
    assert 0.55 < mask.max() <= 1
    assert last.loss < 0.9 * first.loss
    *_, again = attack.run(observe(images), 0)
    assert torch.equal(again.images, last.images)


def test_layers_of_the_victim_are_found_and_their_randomness_replaced():
    module = nn.Sequential(
        nn.Conv2d(3, 4, 3, 2), nn.Sigmoid(), nn.Dropout2d(0.2), nn.Flatten(), nn.Dropout(0.4), nn.Linear(196, 3)
    )
    victim = wrap(module, (3, 16, 16)).train()
    images, labels = torch.rand(2, 3, 16, 16), torch.tensor([0, 2])
    observation = Observation(victim, release(victim, images, labels).defended, 2, labels)
    sites = dropped(observation)
    assert [s.rate for s in sites] == [0.2, 0.4]
    simulate = with_masks(observation, sites, [torch.full((2, *s.shape), 1 - s.rate) for s in sites])
    once, twice = simulate(images, labels), simulate(images, labels)
    assert all(torch.equal(a, b) for a, b in zip(once, twice, strict=True))
    plain = release(victim.eval(), images, labels).defended.tensors
    torch.testing.assert_close(once[-1], plain["head.bias"])


def test_without_known_dropout_it_says_so(picture):
    with pytest.raises(BadInput, match="needs dropout"):
        next(attacks.parse("dia").run(observe(picture, known=False), 0))
    facts = Observation(**{**vars(observe(picture)), "defense": (DefenseFacts("clip", {"norm": 1.0}),)})
    with pytest.raises(BadInput, match="needs dropout"):
        next(attacks.parse("dia").run(facts, 0))
