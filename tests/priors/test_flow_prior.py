"""The flow prior on a Gaussian, where everything it should do is known."""

from dataclasses import replace

import pytest
import torch
from torch import Tensor

from gi_core.errors import BadInput
from gi_core.models import build
from gi_core.networks.flow import per_image, to_flow
from gi_core.networks.flows import load_flow
from gi_core.networks.gaussian_flow import GaussianFlow
from gi_core.observation import Observation, Update
from gi_core.priors.base import PriorContext, denoised, parse_priors
from gi_core.priors.flow import BALANCE, FlowPrior, full_pull, stopped_pull


def gaussian(n: int = 12) -> GaussianFlow:
    generator = torch.Generator().manual_seed(3)
    axes = torch.randn(n, 5, generator=generator, dtype=torch.float64)
    mean = 0.3 * torch.randn(3, 2, 2, generator=generator, dtype=torch.float64)
    return GaussianFlow(
        mean, axes, torch.tensor([2.0, 1.0, 0.5, 0.3, 0.2]).double(), torch.tensor(0.05, dtype=torch.float64)
    )


def context(images: Tensor, progress: float = 0.5, seed: int = 0, gradient: Tensor | None = None) -> PriorContext:
    victim = build("mlp:width=4,depth=1", image_shape=tuple(images.shape[1:]), num_classes=3)
    update = Update({n: torch.zeros_like(p) for n, p in victim.named_parameters()})
    observation = Observation(victim=victim, update=update, batch_size=len(images))
    data_gradient = torch.ones_like(images) if gradient is None else gradient
    return PriorContext(observation, progress, torch.Generator().manual_seed(seed), data_gradient)


@pytest.mark.parametrize("t", [0.2, 0.5, 0.8])
def test_stopped_pull_is_the_denoiser_residual(t: float) -> None:
    flow = gaussian()
    z, noise = torch.randn(2, 4, 3, 2, 2, generator=torch.Generator().manual_seed(0), dtype=torch.float64)
    time = per_image(t, z)
    expected = (z - flow.denoise(time * z + (1 - time) * noise, time)) / (1 - time)
    torch.testing.assert_close(stopped_pull(flow, z, time, noise), expected, rtol=0, atol=1e-10)


@pytest.mark.parametrize("t", [0.2, 0.5, 0.8])
def test_full_pull_is_the_gradient_of_the_velocity_loss(t: float) -> None:
    """(t J - I)^T (v - u) with J of the affine field from its action on unit vectors."""
    flow = gaussian()
    z, noise = torch.randn(2, 4, 3, 2, 2, generator=torch.Generator().manual_seed(0), dtype=torch.float64)
    time = per_image(t, z)
    unit = torch.eye(12).double().view(12, 3, 2, 2)
    t12 = per_image(t, unit)
    jacobian = (flow.velocity(unit, t12) - flow.velocity(torch.zeros_like(unit), t12)).flatten(1)  # row i: d v / d z_i
    residual = (flow.velocity(time * z + (1 - time) * noise, time) - (z - noise)).flatten(1)
    expected = residual @ (t * jacobian - torch.eye(12).double()).T
    torch.testing.assert_close(full_pull(flow, z, time, noise).flatten(1), expected, rtol=0, atol=1e-10)


def test_both_gradients_vanish_at_the_prior_mean_only() -> None:
    """In expectation over the noise; antithetic pairs make it exact for an affine field."""
    flow = gaussian()
    noise = torch.randn(1, 3, 2, 2, generator=torch.Generator().manual_seed(0), dtype=torch.float64)
    mean = flow.mean[None]
    t = per_image(0.5, mean)
    for pull in (stopped_pull, full_pull):
        at_mean = pull(flow, mean, t, noise) + pull(flow, mean, t, -noise)
        away = pull(flow, mean + 0.5, t, noise) + pull(flow, mean + 0.5, t, -noise)
        assert at_mean.abs().max() < 1e-10
        assert (away * 0.5).sum() > 0.1  # descending it leads back to the mean


def test_force_is_a_share_of_the_objectives_first_per_picture() -> None:
    """At weight 1 both are equal where guess and denoised guess are BALANCE apart, whatever the objective's scale."""
    images = torch.rand(3, 3, 8, 8, generator=torch.Generator().manual_seed(1))
    data = torch.tensor([1.0, 10.0, 0.0]).view(-1, 1, 1, 1) * torch.randn(images.shape)
    prior = FlowPrior(weight=0.25, net="gaussian", fade=0)
    here = context(images, gradient=data)
    value, pull = prior.pull(images, here)
    apart = (images - here.memory["look"].seen).flatten(1).norm(dim=1) / images[0].numel() ** 0.5
    torch.testing.assert_close(pull.flatten(1).norm(dim=1), 0.25 * data.flatten(1).norm(dim=1) * apart / BALANCE)
    assert value > 0
    _, later = prior.pull(images, replace(here, progress=0.6, data_gradient=7 * data))
    torch.testing.assert_close(later, pull)


def test_the_value_is_the_potential_whose_gradient_is_the_pull() -> None:
    """weight |g_0| / BALANCE |x - D|^2 / 2 with D held."""
    images = torch.rand(1, 3, 8, 8, generator=torch.Generator().manual_seed(1))
    prior = FlowPrior(weight=0.3, net="gaussian", start=0.3, end=0.95, jitter=0.0, fade=0)
    value, pull = prior.pull(images, context(images, seed=4))
    flow = load_flow("gaussian", (3, 8, 8), images.device)
    generator = torch.Generator().manual_seed(4)
    torch.rand((), generator=generator)
    t = per_image(0.3 + 0.5 * 0.65, images)
    noise = torch.randn(images.shape, generator=generator)
    held = (flow.denoise(t * to_flow(images) + (1 - t) * noise, t) + 1) / 2
    x = images.clone().requires_grad_()
    potential = 0.3 / BALANCE * (x - held).square().sum() / 2
    (expected,) = torch.autograd.grad(potential, x)
    torch.testing.assert_close(value, potential.detach(), rtol=1e-4, atol=0)
    torch.testing.assert_close(pull, expected, rtol=1e-3, atol=1e-4)


def test_one_look_serves_so_many_iterations_of_one_start(monkeypatch: pytest.MonkeyPatch) -> None:
    """The network is asked at every third iterate, and anew when a start begins; in between its view is held."""
    looks = []
    monkeypatch.setattr(
        "gi_core.priors.flow.stopped_pull", lambda *a: looks.append(1) or stopped_pull(*a)
    )  # fmt: skip
    prior = FlowPrior(net="gaussian", every=3, weight=0.3, fade=0)
    images = torch.rand(1, 3, 8, 8, generator=torch.Generator().manual_seed(1))
    here = context(images)
    steps = [prior.pull(images, replace(here, progress=p)) for p in (0.0, 0.1, 0.2, 0.3, 0.4)]
    here = replace(here, memory={})
    prior.pull(images, here)
    assert len(looks) == 3
    torch.testing.assert_close(steps[1], steps[0])
    assert not torch.equal(steps[3][1], steps[2][1])

    look = here.memory["look"]
    x = 0.7 * images + 0.1
    _, pull = prior.pull(x, replace(here, progress=0.1))
    assert len(looks) == 3
    torch.testing.assert_close(pull, 0.3 / BALANCE * (x - look.seen))


def test_each_start_takes_its_own_scale() -> None:
    images = torch.rand(1, 3, 8, 8, generator=torch.Generator().manual_seed(1))
    prior = FlowPrior(net="gaussian", every=1)
    here = context(images)
    scales = []
    for memory, size in ((here.memory, 2.0), (here.memory, 3.0), ({}, 5.0)):
        prior.pull(images, replace(here, memory=memory, data_gradient=size * torch.ones_like(images)))
        scales.append(float(memory["look"].scale * BALANCE))
    assert scales == pytest.approx([2, 2, 5])


def test_a_fading_prior_leaves_the_last_word_to_the_update() -> None:
    images = torch.rand(1, 3, 8, 8, generator=torch.Generator().manual_seed(1))
    size = lambda fade, progress: float(
        FlowPrior(net="gaussian", start=0.5, end=0.5, jitter=0, fade=fade)
        .pull(images, context(images, progress))[1]
        .norm()
    )
    assert [size(2, p) / size(0, p) for p in (0.0, 0.5, 1.0)] == pytest.approx([1, 0.25, 0])
    assert size(0, 1.0) > 0


def test_time_goes_from_start_to_end() -> None:
    prior = FlowPrior(net="gaussian", start=0.2, end=0.9, jitter=0.05)
    generator = torch.Generator().manual_seed(0)
    times = [prior.time(p, generator) for p in (0.0, 0.5, 1.0) for _ in range(200)]
    for expected, block in zip((0.2, 0.55, 0.9), (times[:200], times[200:400], times[400:]), strict=True):
        assert expected - 0.05 <= min(block) < expected - 0.03
        assert expected + 0.03 < max(block) <= expected + 0.05


def test_the_same_seed_pulls_the_same_way_and_draws_average() -> None:
    images = torch.rand(1, 3, 8, 8)
    pull = lambda seed, draws: FlowPrior(net="gaussian", draws=draws).pull(images, context(images, seed=seed))[1]
    assert torch.equal(pull(0, 1), pull(0, 1))
    assert not torch.equal(pull(0, 1), pull(1, 1))
    assert (pull(0, 16) - pull(1, 16)).norm() < (pull(0, 1) - pull(1, 1)).norm()


def test_opinion_denoises_towards_pictures() -> None:
    """A smooth ramp under noise: the denoiser's view is closer to the ramp than the noisy picture is."""
    ramp = torch.linspace(0.2, 0.8, 16).view(1, 1, 1, 16).expand(1, 3, 16, 16).contiguous()
    noisy = (ramp + 0.2 * torch.randn(ramp.shape, generator=torch.Generator().manual_seed(0))).clamp(0, 1)
    seen = FlowPrior(net="gaussian", end=0.8).denoised(noisy, context(noisy, progress=1.0))
    assert seen.shape == ramp.shape
    assert (seen - ramp).square().mean() < 0.5 * (noisy - ramp).square().mean()


def test_opinion_by_the_text_of_an_attack() -> None:
    images = torch.rand(2, 3, 8, 8)
    world = context(images).observation
    assert denoised("tv", world, images, 0.5) is None
    seen = denoised("tv+flow:net=gaussian", world, images, 0.5)
    assert seen is not None
    assert torch.equal(seen, FlowPrior(net="gaussian").denoised(images, context(images)))


def test_names_and_shapes_are_checked() -> None:
    with pytest.raises(BadInput, match="gaussian"):
        parse_priors("flow:net=stylegan")
    with pytest.raises(BadInput, match="flow:net=gaussian"):
        load_flow("unet", (1, 28, 28), torch.device("cpu"))
    assert [p.text for p in parse_priors("tv:weight=0.2+flow:weight=0.5,net=gaussian")] == [
        "tv:weight=0.2", "flow:weight=0.5,net=gaussian"
    ]  # fmt: skip
