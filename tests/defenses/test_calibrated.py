"""Noise conventions: formulas, accounted epsilon, and what is really released. Values: Balle & Wang 2018 and scipy."""

import math

import pytest
import torch
from dp_accounting.pld.privacy_loss_mechanism import LaplacePrivacyLoss
from scipy import stats

from gi_core.defenses import Batch, noise_of, parse_stack, privacy_of
from gi_core.defenses.accounting import (
    analytic_gaussian,
    analytic_laplace,
    classical_gaussian,
    gaussian_epsilon,
    laplace_epsilon,
)
from gi_core.models import build


def batch_of(size, seed=0):
    victim = build("mlp:width=4,depth=1", image_shape=(1, 4, 4), num_classes=3)
    generator = torch.Generator().manual_seed(seed)
    return Batch(victim, torch.rand(size, 1, 4, 4, generator=generator), torch.zeros(size, dtype=torch.long), generator)


@pytest.mark.parametrize(
    ("epsilon", "analytic", "classical"), [(1, 3.731, 4.845), (5, 0.892, 0.969), (10, 0.4999, 0.4845)]
)
def test_multipliers(epsilon, analytic, classical):
    assert analytic_gaussian(epsilon, 1e-5) == pytest.approx(analytic, abs=5e-4)
    assert classical_gaussian(epsilon, 1e-5) == pytest.approx(classical, abs=5e-4)


@pytest.mark.parametrize("z", [0.2, 0.5, 1.0, 4.0])
@pytest.mark.parametrize("delta", [1e-7, 1e-5, 1e-2])
def test_gaussian_epsilon_solves_its_equation(z, delta):
    """delta = Phi(1/2z - eps z) - e^eps Phi(-1/2z - eps z), Balle & Wang 2018, eq. 6."""
    epsilon = gaussian_epsilon(z, delta)
    reached = stats.norm.cdf(1 / (2 * z) - epsilon * z) - math.exp(epsilon) * stats.norm.cdf(-1 / (2 * z) - epsilon * z)
    assert reached == pytest.approx(delta, rel=1e-6)


@pytest.mark.parametrize("epsilon", [0.3, 1.0, 5.0])
@pytest.mark.parametrize("delta", [0.0, 1e-5, 0.1])
def test_laplace_matches_the_library(epsilon, delta):
    z = analytic_laplace(epsilon, delta)
    assert laplace_epsilon(z, delta) == pytest.approx(epsilon)
    assert LaplacePrivacyLoss(z).get_delta_for_epsilon(epsilon) == pytest.approx(delta, abs=1e-12)
    assert LaplacePrivacyLoss(z * 0.99).get_delta_for_epsilon(epsilon) > delta


@pytest.mark.parametrize(
    ("convention", "epsilon", "added", "replaced"),
    [("alg1", 10, 10.39, 25.4), ("alg1", 1, 0.75, 1.61), ("analytic", 10, 10, None), ("analytic", 1, 1, None),
     ("mean-of-m", 1, None, 0.75), ("mean-of-m", 10, None, 10.39)],
)  # fmt: skip
def test_what_the_conventions_really_give(convention, epsilon, added, replaced):
    (defense,) = parse_stack(f"dp-gaussian:epsilon={epsilon},convention={convention}")
    privacy = defense.privacy(1)
    assert privacy.adjacency == "add or remove one example"
    assert privacy.delta == 1e-5
    if added:
        assert privacy.epsilon == pytest.approx(added, rel=2e-3)
    if replaced:
        assert defense.epsilon_at(privacy.noise_multiplier / 2) == pytest.approx(replaced, rel=2e-3)
        assert f"epsilon is {defense.epsilon_at(privacy.noise_multiplier / 2):.3g}" in privacy.note
    assert ("promises" in privacy.note) == (convention != "analytic")


@pytest.mark.parametrize("size", [1, 2, 8])
def test_mean_of_m_halves_the_signal_whatever_m(size):
    (defense,) = parse_stack("dp-gaussian:epsilon=5,clip=3,convention=mean-of-m")
    assert defense.privacy(size).noise_multiplier == pytest.approx(2 * classical_gaussian(5, 1e-5))


@pytest.mark.parametrize(
    ("m", "epsilon", "sigma"), [(64, 10, 0.0151), (64, 1, 0.151), (8, 10, 0.121), (1000, 5, 0.0019)]
)
def test_two_c_over_m_as_written(m, epsilon, sigma):
    (defense,) = parse_stack(f"dp-gaussian:epsilon={epsilon},convention=two-c-over-m,m={m}")
    assert noise_of((defense,), 1).sigma == pytest.approx(sigma, rel=0.03)
    assert defense.privacy(1).epsilon > epsilon
    assert f"m={m}" in defense.privacy(1).note


def test_mjolnir_code_numbers():
    stack = parse_stack("dp-gaussian:epsilon=10,delta=1e-4,clip=10,convention=mjolnir-code")
    assert noise_of(stack, 1).sigma == pytest.approx(0.00869, rel=1e-3)
    privacy = privacy_of(stack, 1)
    assert privacy.epsilon == math.inf
    assert privacy.note.startswith("No guarantee")
    assert not stack[0].per_example
    tensors = {"w": torch.full((5000,), 100.0)}
    released = stack[0].on_update(tensors, batch_of(1))["w"]
    assert (released - 100).std() == pytest.approx(0.00869, rel=0.05)


def test_tensors_clipped_one_by_one_count_together():
    gaussian, laplace = parse_stack("dp-gaussian:convention=alg1+dp-laplace:convention=alg1")
    assert gaussian.privacy(1, 4).noise_multiplier == pytest.approx(gaussian.privacy(1, 1).noise_multiplier / 2)
    assert laplace.privacy(1, 4).noise_multiplier == pytest.approx(laplace.privacy(1, 1).noise_multiplier / 4)
    joint = parse_stack("dp-gaussian")[0]
    assert joint.privacy(1, 4) == joint.privacy(1, 1)


@pytest.mark.parametrize("kind", ["gaussian", "laplace"])
@pytest.mark.parametrize("per", ["example", "update"])
@pytest.mark.parametrize("convention", ["analytic", "mean-of-m", "alg1", "two-c-over-m"])
def test_release_is_the_clipped_average_plus_noise_of_the_stated_scale(kind, per, convention):
    (defense,) = parse_stack(f"dp-{kind}:epsilon=3,clip=0.5,convention={convention},per={per}")
    generator = torch.Generator().manual_seed(1)
    examples = {"a": torch.randn(4, 50, 60, generator=generator), "b": torch.randn(4, 70, generator=generator)}
    batch = batch_of(4)
    assert defense.per_example == (per == "example")
    clipped = defense.on_example(examples, batch) if per == "example" else examples
    mean = {name: t.mean(0) for name, t in clipped.items()}
    released = defense.on_update(mean, batch)

    order = 2 if kind == "gaussian" else 1

    def shorten(ts):
        groups = [[t] for t in ts] if convention == "alg1" else [ts]
        lengths = [torch.cat([t.flatten() for t in group]).norm(order) for group in groups]
        factors = [min(1.0, 0.5 / float(n)) for n in lengths for _ in range(len(ts) // len(lengths))]
        return [t * f for t, f in zip(ts, factors, strict=True)]

    each = [shorten([examples["a"][i], examples["b"][i]]) for i in range(4)] if per == "example" else None
    whole = [torch.stack(p).mean(0) for p in zip(*each, strict=True)] if each else shorten(list(mean.values()))
    noise = torch.cat([(r - w).flatten() for r, w in zip(released.values(), whole, strict=True)]).numpy()
    scale = noise_of((defense,), 4).sigma
    law = stats.norm(scale=scale) if kind == "gaussian" else stats.laplace(scale=scale)
    assert stats.kstest(noise, law.cdf).pvalue > 1e-3


def test_per_example_and_per_update_agree_for_one_example():
    tensors = {"w": torch.randn(1, 3, 4, generator=torch.Generator().manual_seed(0)) * 5}
    released = []
    for per in ("example", "update"):
        (defense,) = parse_stack(f"dp-gaussian:per={per}")
        batch = batch_of(1)
        mean = {name: t.mean(0) for name, t in defense.on_example(tensors, batch).items()}
        released.append(defense.on_update(mean, batch)["w"])
    torch.testing.assert_close(*released, rtol=1e-5, atol=1e-6)


def test_same_seed_same_noise_and_another_seed_another():
    (defense,) = parse_stack("dp-gaussian")
    tensors = {"w": torch.zeros(10)}
    first, again, other = (defense.on_update(tensors, batch_of(2, seed))["w"] for seed in (0, 0, 1))
    assert torch.equal(first, again)
    assert not torch.equal(first, other)


def test_stack_privacy():
    def epsilon(text, size=4, tensors=1):
        return privacy_of(parse_stack(text), size, tensors).epsilon

    assert privacy_of(parse_stack("gaussian+topk"), 4) is None
    assert privacy_of((), 4) is None
    assert epsilon("clip:norm=2+gaussian:sigma=0.5") == pytest.approx(gaussian_epsilon(0.5 * 4 / 2, 1e-5))
    assert epsilon("clip:norm=2,per=update+gaussian:sigma=0.5") == pytest.approx(gaussian_epsilon(0.25, 1e-5))
    assert epsilon("clip:scope=tensor+gaussian:sigma=1", 1, 9) == pytest.approx(gaussian_epsilon(1 / 3, 1e-5))
    assert epsilon("dp-gaussian+topk+quantize") == epsilon("dp-gaussian") == pytest.approx(1)
    assert epsilon("dp-gaussian+dp-laplace:epsilon=0.5") == 0.5


@pytest.mark.parametrize("text", ["topk+dp-gaussian", "clip+topk+gaussian:sigma=1", "dp-gaussian+soteria"])
def test_what_voids_the_guarantee(text):
    privacy = privacy_of(parse_stack(text), 4)
    assert privacy.epsilon == math.inf
    assert privacy.note.startswith("No guarantee: ")
