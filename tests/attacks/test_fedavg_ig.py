"""Simulated local training against the real client, and the order-invariant prior against autograd."""

import pytest
import torch
from torch import Tensor

import gi_core.client as client
from gi_core.attacks import attacks
from gi_core.attacks.fedavg_ig import assignment, averaged, order_invariant
from gi_core.inversion.local_steps import local_steps
from gi_core.inversion.matching import Matcher
from gi_core.inversion.objectives import Cosine
from gi_core.models import build
from gi_core.observation import Observation, Training


def observe(training: Training, batch: int, labels: Tensor | None = None) -> tuple[Observation, Tensor]:
    victim = build("lenet:init=default", image_shape=(3, 16, 16), num_classes=10).double()
    images = torch.rand(batch, 3, 16, 16, generator=torch.Generator().manual_seed(0), dtype=torch.float64)
    labels = torch.arange(batch) if labels is None else labels
    released = client.release(victim, images, labels, training=training, kind="delta", seed=5)
    return Observation(victim, released.defended, batch, labels=labels, training=training), images


@pytest.mark.parametrize("momentum", [0.0, 0.9])
def test_full_batch_training_is_simulated_exactly(momentum: float) -> None:
    observation, images = observe(Training(steps=4, epochs=4, batch=3, lr=0.2, momentum=momentum), 3)
    mean = local_steps(observation, 1)(images, observation.labels)
    for ours, target in zip(mean, observation.targets, strict=True):
        torch.testing.assert_close(ours, target, rtol=1e-8, atol=1e-12)


def test_own_pictures_per_epoch_explain_a_secret_order() -> None:
    """Mini-batches reshuffled each pass: with every epoch's pictures in the client's order the fit is exact."""
    training = Training(steps=4, epochs=2, batch=2, lr=0.2)
    observation, images = observe(training, 4, labels=torch.zeros(4).long())
    generator = torch.Generator().manual_seed(client.stream_seed(5, "order"))
    in_order = torch.cat([images[torch.randperm(4, generator=generator)] for _ in range(2)])
    exact = local_steps(observation, 2)(in_order, observation.labels)
    for ours, target in zip(exact, observation.targets, strict=True):
        torch.testing.assert_close(ours, target, rtol=1e-8, atol=1e-12)
    shared = local_steps(observation, 1)(images, observation.labels)
    assert any(not torch.allclose(a, b, rtol=1e-6) for a, b in zip(shared, observation.targets, strict=True))


def test_one_set_of_pictures_explains_a_fixed_order() -> None:
    training = Training(steps=4, epochs=2, batch=2, lr=0.2, order="fixed")
    observation, images = observe(training, 4)
    shared = local_steps(observation, 1)(images, observation.labels)
    for ours, target in zip(shared, observation.targets, strict=True):
        torch.testing.assert_close(ours, target, rtol=1e-8, atol=1e-12)
    *_, last = attacks.parse("fedavg-ig:steps=1").run(observation, 0)
    assert sorted(last.terms) == ["cosine", "tv"]


def test_gradient_passes_through_all_steps() -> None:
    """Against a central difference along a random direction."""
    observation, images = observe(Training(steps=3, epochs=3, batch=2, lr=0.5), 2)
    guess = 0.7 * images + 0.1
    direction = torch.randn(guess.shape, generator=torch.Generator().manual_seed(2), dtype=torch.float64)
    matcher = Matcher(observation, Cosine(), simulate=local_steps(observation, 1))
    at = lambda x: matcher.evaluate(x, observation.labels)
    slope = (at(guess + 1e-6 * direction).loss - at(guess - 1e-6 * direction).loss) / 2e-6
    torch.testing.assert_close((at(guess).gradient * direction).sum(), slope, rtol=1e-4, atol=1e-9)
    assert at(images).loss.abs() < 1e-10


def test_order_invariant_prior() -> None:
    """Mean over all ordered pairs of epochs, by two loops, and its gradient by autograd."""
    images = torch.rand(6, 3, 4, 4, dtype=torch.float64, generator=torch.Generator().manual_seed(0), requires_grad=True)
    means = [images[2 * e : 2 * e + 2].mean(0) for e in range(3)]
    expected = torch.stack([(a - b).square().mean() for a in means for b in means]).mean()
    (gradient,) = torch.autograd.grad(expected, images)
    value, own = order_invariant(images.detach(), 3)
    torch.testing.assert_close(value, expected.detach())
    torch.testing.assert_close(own, gradient)


def test_epochs_are_matched_before_they_are_averaged() -> None:
    first = torch.rand(3, 3, 4, 4, generator=torch.Generator().manual_seed(0))
    shuffle = torch.tensor([2, 0, 1])
    images = torch.cat([first, first[shuffle]])
    torch.testing.assert_close(averaged(images, assignment(images, 2)), first)


def test_the_attack_beats_ig_on_a_strongly_trained_delta() -> None:
    """5 steps at a rate that turns the gradient: one gradient at w_0 can't explain the delta, simulation can."""
    observation, images = observe(Training(steps=5, epochs=5, batch=2, lr=0.5), 2)
    observation.victim.float()
    for name, delta in observation.update.tensors.items():
        observation.update.tensors[name] = delta.float()
    images = images.float()
    errors = {}
    for text in ("ig:steps=120,tv=0", "fedavg-ig:steps=120,tv=0"):
        *_, frame = attacks.parse(text).run(observation, 0)
        guess = frame.images
        swapped = min((guess - images).square().mean(), (guess.flip(0) - images).square().mean())
        errors[text.split(":")[0]] = float(swapped), float(frame.loss)
    assert errors["fedavg-ig"][1] < 0.5 * errors["ig"][1]
    assert errors["fedavg-ig"][0] < errors["ig"][0]
