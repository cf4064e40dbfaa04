"""Surrogate weights: their gradient, and what they buy on deltas of several steps."""

import pytest
import torch
from torch import Tensor

import gi_core.client as client
from gi_core.attacks import attacks
from gi_core.errors import BadInput
from gi_core.inversion.backends.plain import gradient_of
from gi_core.inversion.local_steps import local_steps, surrogate_gradient
from gi_core.inversion.matching import Matcher
from gi_core.inversion.objectives import Cosine
from gi_core.models import build
from gi_core.observation import Observation, Training

MODELS = ["mlp:width=16,activation=sigmoid", "lenet:init=default", "convnet:width=4"]


def observe(
    model: str, training: Training, batch: int = 4, kind: str = "delta", size: int = 16
) -> tuple[Observation, Tensor]:
    victim = build(model, image_shape=(3, size, size), num_classes=10).double()
    images = torch.rand(batch, 3, size, size, generator=torch.Generator().manual_seed(0), dtype=torch.float64)
    labels = torch.arange(batch)
    released = client.release(victim, images, labels, training=training, kind=kind)  # type: ignore[arg-type]
    return Observation(victim, released.defended, batch, labels=labels, training=training), images


@pytest.mark.parametrize("model", MODELS)
@pytest.mark.parametrize("lr", [1e-3, 0.3])
def test_one_step_of_plain_sgd_is_the_gradient_times_lr(model: str, lr: float) -> None:
    """The delta is -lr times the gradient, and ig, sme (alpha = 0) and fedavg-ig all explain it by the truth."""
    training = Training(steps=1, epochs=1, batch=4, lr=lr)
    observation, images = observe(model, training)
    raw, _ = observe(model, training, kind="gradient")
    guess = torch.rand(images.shape, generator=torch.Generator().manual_seed(1), dtype=torch.float64)
    for name, delta in observation.update.tensors.items():
        torch.testing.assert_close(delta, -lr * raw.update.tensors[name], rtol=1e-9, atol=1e-12)
    plain = gradient_of(observation)
    for simulate in (surrogate_gradient(observation, torch.zeros(()).double()), local_steps(observation, 1)):
        for pictures in (images, guess):
            for ours, reference in zip(
                simulate(pictures, observation.labels), plain(pictures, observation.labels), strict=True
            ):
                torch.testing.assert_close(ours, reference, rtol=1e-7, atol=1e-10)
        assert Matcher(observation, Cosine(), simulate=simulate).evaluate(images, observation.labels).loss.abs() < 1e-9
        own = Matcher(observation, Cosine(), simulate=simulate).evaluate(guess, observation.labels)
        reference = Matcher(raw, Cosine()).evaluate(guess, raw.labels)
        torch.testing.assert_close(own.loss, reference.loss, rtol=1e-7, atol=1e-9)
        torch.testing.assert_close(own.gradient, reference.gradient, rtol=1e-5, atol=1e-10)


def test_alpha_gets_the_gradient_of_the_loss() -> None:
    """Against a central difference."""
    observation, images = observe("lenet:init=default", Training(steps=5, epochs=5, batch=4, lr=0.1))
    guess = (images * 0.8 + 0.1).clamp(0, 1)

    def value(alpha: float) -> Tensor:
        simulate = surrogate_gradient(observation, torch.tensor(alpha, dtype=torch.float64))
        return Matcher(observation, Cosine(), simulate=simulate).evaluate(guess, observation.labels).loss

    alpha = torch.tensor(0.4, dtype=torch.float64, requires_grad=True)
    matcher = Matcher(observation, Cosine(), simulate=surrogate_gradient(observation, alpha))
    (own,) = matcher.evaluate(guess, observation.labels, extra=(alpha,)).extra
    difference = (value(0.4 + 1e-5) - value(0.4 - 1e-5)) / 2e-5
    torch.testing.assert_close(own, difference, rtol=1e-5, atol=1e-9)


def test_ends_of_the_line() -> None:
    """alpha = 0 is the gradient at w_0, alpha = 1 at w_T."""
    training = Training(steps=4, epochs=4, batch=4, lr=0.1)
    observation, images = observe("convnet:width=4", training)
    labels = observation.labels
    after = build("convnet:width=4", image_shape=(3, 16, 16), num_classes=10).double()
    with torch.no_grad():
        for name, p in after.named_parameters():
            p.add_(observation.update.tensors[name])
    expected = {0.0: gradient_of(observation)(images, labels)}
    expected[1.0] = list(torch.autograd.grad(after.loss(images, labels), list(after.parameters())))
    for alpha, reference in expected.items():
        ours = surrogate_gradient(observation, torch.tensor(alpha).double())(images, labels)
        for a, b in zip(ours, reference, strict=True):
            torch.testing.assert_close(a, b, rtol=1e-8, atol=1e-12)


def test_half_way_explains_many_steps_better_than_the_start() -> None:
    """The method's premise, at the true pictures: 20 steps of a small ResNet."""
    observation, images = observe("resnet18:width=4", Training(steps=20, epochs=20, batch=4, lr=0.03))

    def misfit(alpha: float) -> Tensor:
        simulate = surrogate_gradient(observation, torch.tensor(alpha).double())
        return Matcher(observation, Cosine(), simulate=simulate).evaluate(images, observation.labels).loss

    assert misfit(0.5) < 0.5 * misfit(0.0)


def test_the_attack_runs_repeats_and_learns_alpha() -> None:
    observation, _ = observe("lenet:init=default", Training(steps=5, epochs=5, batch=4, lr=0.1))
    observation.victim.float()
    for name, delta in observation.update.tensors.items():
        observation.update.tensors[name] = delta.float()
    attack = attacks.parse("sme:steps=15,lr=0.1,alpha_lr=0.01")
    frames = [(float(f.loss), float(f.report["alpha"])) for f in attack.run(observation, 3)]  # type: ignore[arg-type]
    again = [(float(f.loss), float(f.report["alpha"])) for f in attack.run(observation, 3)]  # type: ignore[arg-type]
    assert frames == again
    assert len(frames) == attack.iterations == 16
    assert frames[0][1] == 0.5
    assert frames[-1][1] != 0.5
    assert min(loss for loss, _ in frames) < 0.95 * frames[0][0]


def test_a_gradient_holds_no_line_and_momentum_is_warned_of() -> None:
    training = Training(steps=1, epochs=1, batch=2, lr=0.1, momentum=0.9)
    for kind, alpha in (("gradient", 0.0), ("delta", 0.5)):
        observation, _ = observe("mlp:width=8", training, batch=2, kind=kind)
        frame = next(attacks.parse("sme:steps=2,learn=false").run(observation, 0))
        assert float(frame.report["alpha"]) == alpha  # type: ignore[arg-type]
        assert "momentum" in str(frame.report["warning"])


@pytest.mark.parametrize("text", ["sme:alpha=2", "sme:prior=nothing", "fm:init=nothing", "fedavg-ig:pictures=some"])
def test_bad_options_are_refused(text: str) -> None:
    with pytest.raises(BadInput):
        attacks.parse(text)


def test_the_attack_beats_ig_on_twenty_local_steps() -> None:
    """Same start, steps, objective and step rule; nearer to the truth and a better match."""
    training = Training(steps=20, epochs=20, batch=2, lr=0.05)
    observation, images = observe("resnet18:width=4", training, batch=2)
    observation.victim.float()
    for name, delta in observation.update.tensors.items():
        observation.update.tensors[name] = delta.float()
    errors = {}
    for text in ("ig:steps=50,tv=0", "sme:steps=50,tv=0,lr=0.1,signed=true"):
        *_, last = attacks.parse(text).run(observation, 0)
        error = (last.images - images.float()).square().mean()
        errors[text.split(":")[0]] = float(error), float(last.terms["cosine"])
    assert errors["sme"][1] < 0.8 * errors["ig"][1]
    assert errors["sme"][0] < errors["ig"][0]
