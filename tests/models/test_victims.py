"""Every victim runs forward, backward and double backward; parameter counts are the published ones."""

import os

import pytest
import torch
from torch.nn.attention import SDPBackend, sdpa_kernel

from gi_core import models
from gi_core.errors import BadInput
from gi_core.models.batchnorm import batchnorm_layers, statistics_kept

SMALL = (3, 32, 32)
CANONICAL = (3, 224, 224)

# Published counts at 224 pixels and 1000 classes: torchvision's and timm's tables, and the papers'.
PUBLISHED = {
    "resnet18": (11_689_512, 0),
    "resnet18-preact": (11_687_720, 0),
    "swin-tiny": (28_288_354, 0),
    "swinv2-tiny": (28.35e6, 1e-3),
    "convnext-tiny": (28_589_128, 0),
    "convnext-atto": (3.7e6, 2e-3),
    "maxvit-tiny": (30.92e6, 1e-3),
    "vit-base-16": (86_567_656, 0),
    "vit-tiny": (5_717_416, 0),
}


def count(victim: torch.nn.Module) -> int:
    return sum(p.numel() for p in victim.parameters())


def picture_gradient(victim: models.Victim, batch: int = 1) -> torch.Tensor:
    """d/dx of the squared norm of the parameter gradient: a double backward through the whole victim."""
    generator = torch.Generator().manual_seed(0)
    x = torch.rand(batch, *victim.image_shape, generator=generator).requires_grad_()
    loss = victim.loss(x, victim.draw_targets(batch, generator))
    gradient = torch.autograd.grad(loss, list(victim.parameters()), create_graph=True)
    return torch.autograd.grad(torch.stack([g.square().sum() for g in gradient]).sum(), x)[0]


@pytest.mark.parametrize("name", PUBLISHED)
def test_parameter_count_is_the_published_one(name):
    with torch.device("meta"):
        victim = models.models.parse(name).build(CANONICAL, 1000)
    expected, tolerance = PUBLISHED[name]
    assert count(victim) == pytest.approx(expected, rel=tolerance, abs=0)


@pytest.mark.parametrize("name", PUBLISHED)
def test_double_backward_at_32_pixels(name):
    gradient = picture_gradient(models.build(name, image_shape=SMALL, num_classes=10))
    assert gradient.isfinite().all()
    assert (gradient != 0).float().mean() > 0.9


@pytest.mark.parametrize("name", ["resnet18", "resnet18-preact", "convnext-atto"])
def test_double_backward_at_224_pixels(name):
    assert picture_gradient(models.build(name, image_shape=CANONICAL, num_classes=10)).isfinite().all()


@pytest.mark.skipif("GI_SLOW" not in os.environ, reason="a minute and 2.5 GB: set GI_SLOW=1")
@pytest.mark.parametrize("name", sorted(PUBLISHED.keys() - {"resnet18", "resnet18-preact", "convnext-atto"}))
def test_double_backward_of_large_victims_at_224_pixels(name):
    assert picture_gradient(models.build(name, image_shape=CANONICAL, num_classes=10)).isfinite().all()


@pytest.mark.parametrize("name", ["swin-tiny", "swinv2-tiny", "convnext-tiny", "vit-base-16", "maxvit-tiny"])
def test_small_pictures_keep_width_and_depth(name):
    """Block weights have the canonical shapes: only stem, patch, position and window tensors differ."""
    with torch.device("meta"):
        small, large = (models.models.parse(name).build(shape, 10) for shape in (SMALL, CANONICAL))
    shapes = {n: p.shape for n, p in large.named_parameters()}
    changed = {n for n, p in small.named_parameters() if p.shape != shapes[n]}
    assert [n for n, _ in small.named_parameters()] == list(shapes)
    assert all("patch_embed" in n or "pos" in n for n in changed), changed


def test_resnet18_equals_timm_given_its_weights():
    from gi_core.models.pretrained import copy_in_order
    from gi_core.torch_setup import make_torchvision_importable

    make_torchvision_importable()
    import timm

    torch.manual_seed(0)
    theirs = timm.create_model("resnet18").eval()
    ours = models.build("resnet18", image_shape=(3, 96, 96), num_classes=1000)
    copy_in_order(theirs, ours)
    x = torch.rand(2, 3, 96, 96)
    torch.testing.assert_close(ours(x), theirs((x - ours.mean) / ours.std), rtol=1e-4, atol=1e-4)


def test_attention_is_unfused():
    """The fused kernel alone would fail on a second derivative; the victims never call it."""
    victim = models.build("vit-tiny", image_shape=SMALL, num_classes=10)
    with sdpa_kernel(SDPBackend.FLASH_ATTENTION):
        assert picture_gradient(victim).isfinite().all()


def test_same_seed_same_weights_and_training_mode_is_deterministic():
    a, b = (models.build("swin-tiny", image_shape=SMALL, num_classes=10, mode="train") for _ in range(2))
    x = torch.rand(2, *SMALL)
    assert all(torch.equal(p, q) for p, q in zip(a.parameters(), b.parameters(), strict=True))
    assert torch.equal(a(x), a(x))  # no dropout, no stochastic depth


@pytest.mark.parametrize(("name", "side"), [("maxvit-tiny", 40), ("vit-tiny", 30), ("swin-tiny", 33), ("yolov8n", 48)])
def test_sides_that_do_not_fit_are_refused(name, side):
    with pytest.raises(BadInput, match=f"multiples of .*, not {side}x{side}"):
        models.build(name, image_shape=(3, side, side), num_classes=10)


def test_statistics_are_kept_within_and_move_without():
    victim = models.build("resnet18-preact:width=8", image_shape=SMALL, num_classes=10, mode="train")
    layers = batchnorm_layers(victim)
    before = {n: m.running_mean.clone() for n, m in layers.items()}
    x = torch.rand(4, *SMALL)
    with statistics_kept(victim):
        kept = victim(x)
    assert all(torch.equal(m.running_mean, before[n]) for n, m in layers.items())
    assert torch.equal(kept, victim(x))  # the batch's own statistics normalise in both cases
    assert not any(torch.equal(m.running_mean, before[n]) for n, m in layers.items())
