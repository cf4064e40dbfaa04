"""Every victim, as small as it comes: what all of them promise."""

from __future__ import annotations

import pytest
import torch

from gi_core import models
from gi_core.errors import BadInput
from gi_core.models.base import Victim

SMALLEST = {
    "convnet": "convnet:width=4",
    "convnext-atto": "convnext-atto",
    "convnext-tiny": "convnext-tiny",
    "lenet": "lenet",
    "maxvit-tiny": "maxvit-tiny",
    "mlp": "mlp:width=8,depth=1",
    "net": "net",
    "resnet18": "resnet18:width=4",
    "resnet18-preact": "resnet18-preact:width=4",
    "swin-tiny": "swin-tiny",
    "swinv2-tiny": "swinv2-tiny",
    "vit-base-16": "vit-base-16",
    "vit-tiny": "vit-tiny",
    "yolov8n": "yolov8n",
}
CHEAP = sorted(SMALLEST.keys() - {"convnext-tiny", "maxvit-tiny", "swin-tiny", "swinv2-tiny", "vit-base-16"})
CLASSIFIERS = [name for name in CHEAP if name != "yolov8n"]
SHAPE = (3, 32, 32)


def build(name: str, **changes: object) -> Victim:
    given = {"image_shape": SHAPE, "num_classes": 5} | changes
    return models.build(SMALLEST[name], **given)  # type: ignore[arg-type]


def pictures(count: int = 2, shape: tuple[int, int, int] = SHAPE) -> torch.Tensor:
    return torch.rand(count, *shape, generator=torch.Generator().manual_seed(0))


def test_the_table_is_whole() -> None:
    assert sorted(SMALLEST) == models.models.names()


@pytest.mark.parametrize("name", SMALLEST)
def test_it_can_be_counted_without_memory(name: str) -> None:
    with torch.device("meta"):
        victim = models.models.parse(SMALLEST[name]).build(SHAPE, 5)
    parameters = list(victim.parameters())
    assert sum(p.numel() for p in parameters) > 0 and all(p.is_meta for p in parameters)


@pytest.mark.parametrize("name", CLASSIFIERS)
def test_a_classifier_is_a_linear_head_on_features_and_judges_each_picture_alone(name: str) -> None:
    victim, x = build(name), pictures(3)
    logits = victim(x)
    assert logits.shape == (3, 5) and logits.isfinite().all()
    torch.testing.assert_close(victim.head(victim.features(x)), logits)
    torch.testing.assert_close(victim(x[1:2]), logits[1:2], rtol=1e-3, atol=1e-4)


@pytest.mark.parametrize("name", CHEAP)
def test_the_seed_alone_decides_the_weights(name: str) -> None:
    one, same, other = (list(build(name, source=f"init:seed={seed}").parameters()) for seed in (3, 3, 4))
    assert all(torch.equal(p, q) for p, q in zip(one, same, strict=True))
    assert any(not torch.equal(p, q) for p, q in zip(one, other, strict=True))


@pytest.mark.parametrize("name", CHEAP)
def test_the_loss_has_a_gradient_in_every_parameter_that_depends_on_the_picture(name: str) -> None:
    """What an attack needs: a double backward to the picture that is finite and not zero."""
    victim, generator = build(name), torch.Generator().manual_seed(0)
    x = pictures(1).requires_grad_()
    loss = victim.loss(x, victim.draw_targets(1, generator))
    gradient = torch.autograd.grad(loss, list(victim.parameters()), create_graph=True)
    assert all(g.shape == p.shape for g, p in zip(gradient, victim.parameters(), strict=True))
    (second,) = torch.autograd.grad(torch.stack([g.square().sum() for g in gradient]).sum(), x)
    assert second.isfinite().all() and second.abs().max() > 0


@pytest.mark.parametrize("name", CHEAP)
def test_modes_are_those_two_and_evaluation_moves_no_buffer(name: str) -> None:
    assert build(name, mode="train").training and not build(name).training
    with pytest.raises(BadInput, match="mode"):
        build(name, mode="sideways")
    victim = build(name)
    before = {n: b.clone() for n, b in victim.named_buffers()}
    victim(pictures())
    assert all(torch.equal(b, before[n]) for n, b in victim.named_buffers())


@pytest.mark.parametrize("name", CLASSIFIERS)
def test_labels_that_do_not_exist_are_refused(name: str) -> None:
    with pytest.raises(BadInput, match="from 0 to 4"):
        build(name).check_targets(torch.tensor([5]), 1)
