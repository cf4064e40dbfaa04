"""Learned attacks with their shipped weights, on a picture they never saw."""

from dataclasses import replace

import pytest
import torch

from gi_core.attacks import attacks
from gi_core.client import release
from gi_core.data.sources import open_picture
from gi_core.defenses import parse_stack
from gi_core.errors import BadInput
from gi_core.metrics.image import psnr
from gi_core.models import build
from gi_core.networks.head import head_gradient, lost_scale
from gi_core.observation import Observation, Update

LEARNED = ("venom", "venom:feature=spe", "venom-diff", "fgla", "fgla:decoder=noisy", "lti", "git")


@pytest.fixture(scope="module")
def lenet():
    return build("lenet", image_shape=(3, 32, 32), num_classes=10)


@pytest.fixture
def picture():
    """A photograph that comes with the project; none of the training sets holds it."""
    return open_picture("rocket", 32, 3).unsqueeze(0)


def observe(victim, picture, label=3, defense="none"):
    released = release(victim, picture, torch.tensor([label]), stack=parse_stack(defense))
    return Observation(victim=victim, update=released.defended, batch_size=len(picture))


def answer(text, observation, seed=0):
    (frame,) = attacks.parse(text).run(observation, seed)
    return frame


@pytest.mark.parametrize("text", LEARNED)
def test_update_gives_the_picture_far_better_than_pure_noise_does(text, lenet, picture):
    observation = observe(lenet, picture)
    generator = torch.Generator().manual_seed(0)
    noise = {n: torch.randn(t.shape, generator=generator) for n, t in observation.update.tensors.items()}
    blank = Observation(victim=lenet, update=Update(noise), batch_size=1)
    informed, blind = (float(psnr(answer(text, o).images, picture)) for o in (observation, blank))
    assert informed > blind + 8
    assert informed > 18


def test_venom_degrades_towards_the_mean_picture_where_the_published_decoder_breaks(lenet, picture):
    def decibels(text, defense):
        return float(psnr(answer(text, observe(lenet, picture, defense=defense)).images, picture))

    clip = "clip:norm=1,scope=tensor+gaussian:sigma="
    venom = [decibels("venom", clip + s) for s in ("0", "1e-4", "1e-2", "1")]
    assert venom[0] > venom[1] > venom[2]
    assert decibels("venom", clip + "3e-3") > decibels("fgla", clip + "3e-3") + 3


def test_venoms_report_shows_features_strength_and_fused_classes(lenet, picture):
    truth = lenet.features(picture).detach()
    frame = answer("venom:feature=spe", observe(lenet, picture, label=7))
    assert torch.allclose(frame.report["features"], truth, atol=1e-3)
    assert frame.report["refined"].shape == frame.report["mean feature"].shape == (1, 768)
    assert frame.report["classes fused"] >= 1
    assert not frame.report["no class stood out"]
    assert frame.labels.tolist() == [7]


def test_ablated_strengths_differ_from_the_measured_one(lenet, picture):
    observation = observe(lenet, picture, defense="gaussian:sigma=0.01")
    found = {
        s: answer(f"venom:strength={s}", observation).report["T"] for s in ("wavelet", "constant", "true", "shuffled")
    }
    assert len(set(found.values())) == 4


def test_fgla_separates_a_batch_of_different_labels(lenet):
    pictures = torch.rand(2, 3, 32, 32, generator=torch.Generator().manual_seed(0))
    labels = torch.tensor([1, 5])
    update = release(lenet, pictures, labels).defended
    frame = answer("fgla", Observation(victim=lenet, update=update, batch_size=2, labels=labels))
    assert frame.images.shape == (2, 3, 32, 32)
    similarity = torch.cosine_similarity(frame.report["features"], lenet.features(pictures).detach())
    assert similarity.min() > 0.98


def test_batches_other_victims_and_heads_without_bias_are_refused(lenet, picture):
    two = observe(lenet, picture).__class__(
        victim=lenet, update=observe(lenet, picture).update, batch_size=2, labels=torch.tensor([0, 1])
    )
    for text in ("venom", "lti", "git"):
        with pytest.raises(BadInput, match="batch_size=2"):
            answer(text, two)
    other = build("lenet", image_shape=(3, 32, 32), num_classes=10, source="init:seed=5")
    for text in LEARNED:
        with pytest.raises(BadInput, match="python -m gi_core train"):
            answer(text, observe(other, picture))
    bare = build("mlp:bias=false", image_shape=(3, 32, 32), num_classes=10)
    for text in ("venom", "lti", "git"):
        with pytest.raises(BadInput):
            answer(text, observe(bare, picture))


def test_git_exact_through_the_attack_with_its_conditioning(picture):
    victim = build(
        "mlp:width=64,depth=3,shrink=true,activation=sigmoid,bias=false", image_shape=(3, 32, 32), num_classes=10
    )
    frame = answer("git-exact", observe(victim, picture, label=4))
    assert float(psnr(frame.images, picture)) >= 90
    assert frame.labels.tolist() == [4]
    assert [layer["layer"] for layer in frame.report["layers"]] == ["head", "body.5", "body.3", "body.1"]


def test_grnn_learns_one_target(lenet, picture):
    start, *_, last = attacks.parse("grnn:steps=120").run(observe(lenet, picture), 0)
    assert float(last.loss) < 0.05 * float(start.loss)
    assert float(psnr(last.images, picture)) > float(psnr(start.images, picture)) + 3
    assert last.labels.tolist() == [3]


@pytest.mark.parametrize("text", ["lti", "git"])
def test_a_factor_on_the_whole_update_changes_nothing(text, lenet, picture):
    observation = observe(lenet, picture)
    own = psnr(answer(text, observation).images, picture)
    for factor in (1e-3, 1e-1, 1e3):
        tensors = {name: factor * tensor for name, tensor in observation.update.tensors.items()}
        scaled = replace(observation, update=replace(observation.update, tensors=tensors))
        assert float((psnr(answer(text, scaled).images, picture) - own).abs()) < 0.1


def test_the_lost_scale_is_one_for_a_raw_gradient(lenet, picture):
    scale = lost_scale(*head_gradient(observe(lenet, picture), "lti"), lenet.head)
    assert float(scale) == pytest.approx(1, rel=1e-3)


@pytest.mark.parametrize("text", ["lti", "git"])
def test_tensors_clipped_one_by_one_get_their_sizes_back(text, lenet, picture):
    raw = answer(text, observe(lenet, picture))
    clipped = answer(text, observe(lenet, picture, defense="clip:norm=1,scope=tensor"))
    noisy = answer(text, observe(lenet, picture, defense="clip:norm=1,scope=tensor+gaussian:sigma=1e-6"))
    assert [frame.report["clipped apart"] for frame in (raw, clipped, noisy)] == [False, True, True]
    own = psnr(raw.images, picture)
    assert all(float((psnr(frame.images, picture) - own).abs()) < 0.5 for frame in (clipped, noisy))


@pytest.mark.parametrize("text", ["lti", "git"])
@pytest.mark.parametrize("factor", [1e-3, 1e3])
def test_a_factor_on_an_update_clipped_apart_changes_nothing(text, factor, lenet, picture):
    observation = observe(lenet, picture, defense="clip:norm=1,scope=tensor")
    own = psnr(answer(text, observation).images, picture)
    tensors = {name: factor * tensor for name, tensor in observation.update.tensors.items()}
    scaled = replace(observation, update=replace(observation.update, tensors=tensors))
    assert float((psnr(answer(text, scaled).images, picture) - own).abs()) < 0.1
