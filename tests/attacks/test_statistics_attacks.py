"""huang, bn-exact, bn-proxy: their targets, what they refuse, and that they descend."""

import pytest
import torch

from gi_core import models
from gi_core.attacks import attacks
from gi_core.attacks.bn_proxy import aligned, cosine, normalisation_layers
from gi_core.attacks.statistics import largest_tensors, median_filter
from gi_core.client import release
from gi_core.errors import BadInput
from gi_core.inversion.backends.plain import gradient_of
from gi_core.observation import Observation, Training
from gi_core.priors.batchnorm import measure

SHAPE = (3, 16, 16)


def pictures(count, seed=0):
    """Smooth random pictures."""
    noise = torch.rand(count, 3, 4, 4, generator=torch.Generator().manual_seed(seed))
    return torch.nn.functional.interpolate(noise, size=SHAPE[1:], mode="bilinear")


def observe(images, model="resnet18-preact:width=4", mode="train", **facts):
    victim = models.build(model, image_shape=SHAPE, num_classes=5, mode=mode)
    labels = torch.arange(len(images)) % 5
    released = release(victim, images, labels, training=Training(batch=len(images)), share_buffers=True)
    return Observation(victim, released.defended, len(images), labels, **facts)


@pytest.mark.parametrize("name", ["huang", "bn-exact", "bn-proxy"])
def test_descends_reproducibly_and_leaves_the_victim_alone(name):
    observation = observe(pictures(2), auxiliary=pictures(6, seed=1))
    state = {n: t.clone() for n, t in observation.victim.state_dict().items()}
    attack = attacks.parse(f"{name}:steps=12,bn=0.01" + (",candidates=4,kept=2" if name == "bn-proxy" else ""))
    runs = [list(attack.run(observation, seed=3)) for _ in range(2)]
    assert len(runs[0]) == attack.iterations
    assert torch.equal(runs[0][-1].images, runs[1][-1].images)
    assert min(f.loss for f in runs[0]) < 0.97 * runs[0][0].loss
    assert runs[0][-1].images.shape == (2, *SHAPE)
    assert all(torch.equal(t, state[n]) for n, t in observation.victim.state_dict().items())


def test_exact_statistics_pull_the_guess_to_the_batch():
    """With the statistics alone the guess's moments reach the private batch's much nearer than with huang's target."""
    images = pictures(4)
    observation = observe(images)
    truth = measure(observation.victim, images)

    def distance(name):
        *_, last = attacks.parse(f"{name}:steps=40,bn=1,tv=0").run(observation, seed=0)
        found = measure(observation.victim, last.images)
        return sum((found[n].mean - m.mean).norm().item() for n, m in truth.items())

    assert distance("bn-exact") < 0.7 * distance("huang")


def test_proxy_prefers_aligned_batches():
    """Among unrelated pictures and the private ones, the private ones' statistics are kept."""
    images = pictures(1)
    auxiliary = torch.cat([torch.rand(7, *SHAPE, generator=torch.Generator().manual_seed(9)), images])
    for model, mode in (("resnet18-preact:width=4", "train"), ("vit-tiny", "eval")):
        observation = observe(images, model, mode, auxiliary=auxiliary)
        found = aligned(observation, observation.labels, candidates=24, kept=1, seed=0)
        truth = measure(observation.victim, images, normalisation_layers(observation.victim))
        assert len(found) == len(truth) > 15
        for name, moments in truth.items():
            torch.testing.assert_close(found[name].mean, moments.mean, rtol=1e-4, atol=1e-5)


def test_what_is_refused():
    images = pictures(2)
    with pytest.raises(BadInput, match="mode=eval"):
        next(attacks.parse("bn-exact").run(observe(images, mode="eval"), 0))
    with pytest.raises(BadInput, match="no BatchNorm"):
        next(attacks.parse("huang").run(observe(images, "lenet"), 0))
    with pytest.raises(BadInput, match="auxiliary"):
        next(attacks.parse("bn-proxy").run(observe(images), 0))
    with pytest.raises(BadInput, match="at least 2 public pictures, 1"):
        next(attacks.parse("bn-proxy").run(observe(images, auxiliary=images[:1]), 0))
    with pytest.raises(BadInput, match="neither BatchNorm nor LayerNorm"):
        next(attacks.parse("bn-proxy").run(observe(images, "lenet", auxiliary=images), 0))


def test_largest_tensors_keep_the_ten_of_largest_norm():
    observation = observe(pictures(2))
    masked, simulate = largest_tensors(observation, 10)
    norms = sorted((t.norm().item() for t in observation.targets), reverse=True)
    assert sorted((t.norm().item() for t in masked.targets), reverse=True)[:11] == [*norms[:10], 0.0]
    guess = simulate(pictures(2), observation.labels)
    full = gradient_of(observation)(pictures(2), observation.labels)
    assert cosine([g.detach() for g in guess], masked.targets) == pytest.approx(1, abs=1e-5)
    assert all(torch.equal(g, f) for g, f, t in zip(guess, full, masked.targets, strict=True) if t.any())


def test_median_filter_against_scipy():
    from scipy.ndimage import median_filter as reference

    noisy = torch.rand(2, *SHAPE, generator=torch.Generator().manual_seed(0))
    same, filtered = noisy.clone(), noisy.clone()
    median_filter(498, same)
    median_filter(499, filtered)
    assert torch.equal(same, noisy)
    expected = reference(noisy.numpy(), size=(1, 1, 3, 3), mode="nearest")
    torch.testing.assert_close(filtered, torch.from_numpy(expected))
