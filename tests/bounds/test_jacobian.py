import pytest
import torch

from gi_core.bounds.jacobian import full, gram, products, squared_norm, update_map
from gi_core.defenses import parse_stack
from gi_core.models import build

from .conftest import LinearVictim


def setting(model, batch=1, mode="eval", size=16):
    victim = build(model, image_shape=(3, size, size), num_classes=4, mode=mode).double()
    g = torch.Generator().manual_seed(1)
    return victim, torch.rand(batch, 3, size, size, generator=g).double(), torch.arange(batch) % 4


def flat_gradient(victim, images, labels):
    grads = torch.autograd.grad(victim.loss(images, labels), list(victim.parameters()))
    return torch.cat([g.flatten() for g in grads])


@pytest.mark.parametrize(("model", "batch"), [("lenet", 1), ("lenet", 3), ("convnet:width=4", 2), ("mlp:width=8", 2)])
def test_the_map_is_the_gradient(model, batch):
    victim, images, labels = setting(model, batch)
    assert torch.allclose(update_map(victim, labels)(images), flat_gradient(victim, images, labels), atol=1e-12)


def test_a_training_victim_uses_the_batch_statistics_and_is_not_changed():
    victim, images, labels = setting("convnet:width=4", 3, "train")
    before = {k: v.clone() for k, v in victim.state_dict().items()}
    value = update_map(victim, labels)(images)
    assert all(torch.equal(before[k], v) for k, v in victim.state_dict().items())
    assert torch.allclose(value, flat_gradient(victim, images, labels), atol=1e-12)


@pytest.mark.parametrize("per", ["example", "update"])
@pytest.mark.parametrize("scope", ["joint", "tensor"])
def test_clips_are_applied_as_the_client_applies_them(per, scope):
    victim, images, labels = setting("lenet", 3)
    value = update_map(victim, labels, parse_stack(f"clip:norm=0.1,per={per},scope={scope}"))(images)
    singles = [
        torch.autograd.grad(victim.loss(images[i : i + 1], labels[i : i + 1]), list(victim.parameters()))
        for i in range(3)
    ]

    def clipped(tensors):
        norms = [t.norm() for t in tensors] if scope == "tensor" else [torch.cat([t.flatten() for t in tensors]).norm()]
        factors = [min(1.0, 0.1 / n.item()) for n in norms]
        return [t * f for t, f in zip(tensors, factors * (len(tensors) // len(factors)), strict=True)]

    if per == "example":
        expected = [torch.stack(ts).mean(0) for ts in zip(*map(clipped, singles), strict=True)]
    else:
        expected = clipped([torch.stack(ts).mean(0) for ts in zip(*singles, strict=True)])
    assert torch.allclose(value, torch.cat([t.flatten() for t in expected]), atol=1e-12)


@pytest.mark.parametrize("stack", ["none", "clip:norm=0.01", "dp-gaussian:clip=0.01,convention=alg1"])
@pytest.mark.parametrize("model", ["lenet", "convnet:width=4"])
def test_products_against_central_differences(model, stack):
    victim, images, labels = setting(model)
    f = update_map(victim, labels, parse_stack(stack))
    directions = torch.randn(2, *images.shape, generator=torch.Generator().manual_seed(0), dtype=torch.float64)
    step = 1e-6
    expected = torch.stack([(f(images + step * v) - f(images - step * v)) / (2 * step) for v in directions])
    assert torch.allclose(products(f, images, directions), expected, rtol=1e-4, atol=1e-7 * expected.abs().max().item())


def test_a_linear_victim_has_the_closed_form_jacobian():
    victim = LinearVictim().double()
    x = torch.rand(1, 1, 8, 8, dtype=torch.float64)
    assert torch.allclose(full(update_map(victim, torch.tensor([2])), x), victim.jacobian(2), atol=1e-12)


def test_gram_is_the_same_whether_held_or_streamed():
    victim, images, labels = setting("lenet", 2)
    f = update_map(victim, labels)
    directions = torch.randn(5, *images.shape, generator=torch.Generator().manual_seed(0), dtype=torch.float64)
    columns = products(f, images, directions)
    assert torch.allclose(gram(f, images, directions), columns @ columns.T)
    assert torch.allclose(gram(f, images, directions, most=0), columns @ columns.T)


def test_hutchinson_lies_within_three_standard_errors_of_the_trace():
    victim, images, labels = setting("lenet")
    f = update_map(victim, labels)
    exact = full(f, images).square().sum().item()
    estimate, error = squared_norm(f, images, probes=256)
    assert abs(estimate - exact) < 3 * error
    assert error < 0.1 * exact
    assert squared_norm(f, images, probes=256) == (estimate, error)
