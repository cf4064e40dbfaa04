"""The hot loop against autograd through the whole distance, in float64."""

import pytest
import torch
import torch.nn.functional as F

from gi_core.attacks.start import start
from gi_core.client import release
from gi_core.errors import BadInput
from gi_core.inversion.adaptation import distance_to
from gi_core.inversion.backends.factored import Factored, Packed, factored, few_positions
from gi_core.inversion.backends.plain import plain
from gi_core.inversion.descent import Adam, Steps, descend
from gi_core.inversion.matching import Matcher
from gi_core.inversion.objectives import L2, Cosine
from gi_core.models import build
from gi_core.models.base import Victim
from gi_core.observation import DefenseFacts, Observation, Update
from gi_core.priors.base import PriorContext
from gi_core.priors.batchnorm import BatchNormPrior


def observe(model: str, picture: torch.Tensor, defense=None, **options) -> Observation:
    victim = build(model, image_shape=(3, 32, 32), num_classes=10).double()
    labels = torch.tensor([3])
    released = release(victim, picture.double(), labels, **options)
    return Observation(victim, released.defended, 1, labels=labels, defense=defense)


def test_loss_vanishes_at_the_truth(picture):
    observation = observe("lenet", picture)
    truth = Matcher(observation, L2()).evaluate(picture.double(), observation.labels)
    assert truth.loss < 1e-20
    assert truth.gradient.abs().max() < 1e-9


def test_extra_variables_get_their_gradient(picture):
    observation = observe("lenet", picture)
    logits = torch.zeros(1, 10, dtype=torch.float64, requires_grad=True)
    matcher = Matcher(observation, L2())
    own = matcher.evaluate(picture.double() * 0.9, logits.softmax(-1), extra=(logits,))
    step = 1e-6
    for k in (0, 3):
        moved = logits.detach().clone()
        moved[0, k] += step
        up = matcher.evaluate(picture.double() * 0.9, moved.softmax(-1)).loss
        moved[0, k] -= 2 * step
        down = matcher.evaluate(picture.double() * 0.9, moved.softmax(-1)).loss
        assert torch.allclose(own.extra[0][0, k], (up - down) / (2 * step), rtol=1e-4, atol=1e-8)


class Attention(torch.nn.Module):
    def forward(self, x):
        tokens = x.flatten(2).transpose(1, 2).unsqueeze(1).contiguous()
        return F.scaled_dot_product_attention(tokens, tokens, tokens).flatten(1)


def test_attention_without_second_derivative_is_worked_around(picture):
    body = torch.nn.Sequential(torch.nn.Conv2d(3, 8, 8, 8), Attention())
    victim = Victim(body, torch.nn.Linear(16 * 8, 10), image_shape=(3, 32, 32))
    labels = torch.tensor([3])
    observation = Observation(victim, release(victim, picture, labels).defended, 1, labels=labels)
    x = torch.rand(1, 3, 32, 32).requires_grad_()
    tokens = body(x)
    first = torch.autograd.grad(tokens.sum(), x, create_graph=True)[0]
    with pytest.raises(RuntimeError, match="scaled_dot_product"):
        torch.autograd.grad(first.square().sum(), x)
    assert torch.isfinite(Matcher(observation, Cosine()).evaluate(x.detach(), labels).gradient).all()


def test_a_layer_without_second_derivative_is_explained(picture):
    class FirstDerivative(torch.autograd.Function):
        @staticmethod
        def forward(ctx, gradient):
            return gradient.clone()

        @staticmethod
        def backward(ctx, gradient):
            raise RuntimeError("derivative for fast_layer_backward is not implemented")

    class Once(torch.autograd.Function):
        @staticmethod
        def forward(ctx, x):
            return x.clone()

        @staticmethod
        def backward(ctx, gradient):
            return FirstDerivative.apply(gradient)

    class Layer(torch.nn.Module):
        def forward(self, x):
            return Once.apply(x)

    victim = Victim(
        torch.nn.Sequential(torch.nn.Conv2d(3, 4, 5), Layer(), torch.nn.Flatten()),
        torch.nn.Linear(4 * 28 * 28, 10), image_shape=(3, 32, 32),
    )  # fmt: skip
    labels = torch.tensor([3])
    observation = Observation(victim, release(victim, picture, labels).defended, 1, labels=labels)
    with pytest.raises(BadInput, match="second derivative"):
        Matcher(observation, Cosine()).evaluate(picture * 0.5, labels)


ADAPTED = [
    DefenseFacts("topk", {"ratio": 0.1}),
    DefenseFacts("clip", {"norm": 0.5, "per": "update", "scope": "joint"}),
    DefenseFacts("sign", {}),
    DefenseFacts("quantize", {"bits": 4, "scale": "max", "stochastic": True}),
]


@pytest.mark.parametrize("facts", ADAPTED, ids=lambda f: f.name)
def test_adapted_distances_have_the_right_gradient(facts):
    """Central differences of the value against scale * cotangent."""
    generator = torch.Generator().manual_seed(0)
    net = torch.nn.Linear(3, 4).double()
    victim = Victim(torch.nn.Identity(), net, image_shape=(3, 1, 1)).double()
    raw = [torch.randn(p.shape, generator=generator, dtype=torch.float64) for p in victim.parameters()]
    sparse, signs = [t * (t.abs() > 0.5) for t in raw], [t.sign() for t in raw]
    sent = {"topk": sparse, "sign": signs}.get(facts.name, raw)
    names = [n for n, _ in victim.named_parameters()]
    update = Update(dict(zip(names, sent, strict=True)))
    distance = distance_to(Observation(victim, update, 1, defense=(facts,)), L2())
    guess = [torch.randn(t.shape, generator=generator, dtype=torch.float64) for t in raw]
    _, cotangent, scale = distance(guess)
    cotangent = [c.clone() * scale for c in cotangent]
    for index in [(0, 0), (2, 1), (3, 2)]:
        up, down = [g.clone() for g in guess], [g.clone() for g in guess]
        up[0][index] += 1e-6
        down[0][index] -= 1e-6
        slope = (distance(up)[0] - distance(down)[0]) / 2e-6
        assert torch.allclose(cotangent[0][index], slope, rtol=1e-4, atol=1e-7)


def test_descent_returns_the_lowest_loss_iterate(picture):
    observation = observe("lenet", picture)
    matcher = Matcher(observation, Cosine())
    x = start("rand", observation, 0).double()
    seen: list[tuple[float, torch.Tensor]] = []

    def evaluate(pictures, progress):
        result = matcher.evaluate(pictures, observation.labels, progress)
        seen.append((float(result.loss), pictures.clone()))
        return result

    *_, last = descend(evaluate, x, observation, Steps(20, lr=0.5))
    loss, best = min(seen, key=lambda pair: pair[0])
    assert torch.equal(last.images, best)
    assert loss < seen[-1][0] or torch.equal(best, seen[-1][1])
    assert len(seen) == 21


def test_adam_equals_torch():
    generator = torch.Generator().manual_seed(0)
    own = torch.randn(4, 5, generator=generator)
    reference = own.clone().requires_grad_()
    adam, trusted = Adam([own], [0.1]), torch.optim.Adam([reference], lr=0.1)
    for i in range(20):
        gradient = torch.randn(4, 5, generator=generator)
        if i == 10:
            adam.rates = [0.01]
            trusted.param_groups[0]["lr"] = 0.01
        adam.step([gradient])
        reference.grad = gradient.clone()
        trusted.step()
    assert torch.allclose(own, reference.detach(), rtol=1e-5, atol=1e-7)


@pytest.mark.parametrize("objective", [Cosine(), L2()], ids=lambda o: o.name)
def test_a_factored_client_gives_the_numbers_of_the_plain_one_in_single_precision_too(picture, objective):
    positions = {"body.9.conv1": 32, "body.9.conv2": 32, "body.9.shortcut.0": 32, "body.10.conv1": 32}
    victim = build("resnet18:width=8", image_shape=(3, 32, 32), num_classes=10)
    labels, pictures = torch.tensor([3, 5]), torch.cat([picture, picture.flip(3)])
    observation = Observation(victim, release(victim, pictures, labels).defended, 2, labels=labels)
    guess = torch.rand(2, 3, 32, 32, generator=torch.Generator().manual_seed(0))
    own, expected = (
        Matcher(observation, objective, backend=backend).evaluate(guess, labels)
        for backend in (factored(observation, objective, positions), plain(observation, objective))
    )
    assert torch.allclose(own.loss, expected.loss, rtol=1e-3)
    assert (own.gradient - expected.gradient).norm() < 1e-3 * expected.gradient.norm()


def test_only_wide_layers_of_few_positions_are_factored():
    resnet = build("resnet18", image_shape=(3, 32, 32), num_classes=10)
    assert few_positions(resnet, 1)["body.10.conv2"] == 16
    assert "body.3.conv1" not in few_positions(resnet, 1)
    assert len(few_positions(resnet, 64)) == 0
    assert few_positions(build("lenet", image_shape=(3, 32, 32), num_classes=10), 1) == {}


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_a_packed_product_is_the_product(dtype):
    generator = torch.Generator().manual_seed(0)
    matrix, rows = (torch.randn(shape, generator=generator, dtype=dtype) for shape in ((40, 27), (5, 27)))
    tolerance = {"rtol": 1e-5, "atol": 1e-5}
    torch.testing.assert_close(Packed(matrix, 5)(rows), rows @ matrix.t(), **tolerance)
    ones = torch.ones(3, 40, dtype=dtype)
    torch.testing.assert_close(Packed(matrix.t(), 5)(ones), ones @ matrix, **tolerance)
    strided = rows.t().contiguous().t()
    torch.testing.assert_close(Packed(matrix, 5)(strided), rows @ matrix.t(), **tolerance)


@pytest.mark.parametrize(("kernel", "stride", "padding"), [(3, 1, 1), (3, 2, 1), (1, 2, 0), ((3, 1), (2, 1), (1, 0))])
def test_a_factored_convolution_is_the_convolution_twice_differentiated(kernel, stride, padding):
    generator = torch.Generator().manual_seed(0)
    layer = torch.nn.Conv2d(4, 6, kernel, stride, padding).double()
    own = Factored(layer, 9)
    x = torch.randn(2, 4, 7, 6, generator=generator, dtype=torch.float64, requires_grad=True)
    assert torch.allclose(own(x), layer(x))
    first, expected = (torch.autograd.grad(f(x).square().sum(), x, create_graph=True)[0] for f in (own, layer))
    assert torch.allclose(first, expected)
    second, expected = (torch.autograd.grad(g.pow(3).sum(), x)[0] for g in (first, expected))
    assert torch.allclose(second, expected)


@pytest.mark.parametrize("objective", [L2(), Cosine()])
def test_statistics_read_in_the_matching_pass_are_those_of_a_pass_of_their_own(picture, objective):
    observation = observe("resnet18:width=4", picture)
    guess = torch.rand(1, 3, 32, 32, generator=torch.Generator().manual_seed(0), dtype=torch.float64)
    prior = BatchNormPrior(weight=0.1)
    in_pass = Matcher(observation, objective, (prior,)).evaluate(guess, observation.labels)
    alone = Matcher(observation, objective).evaluate(guess, observation.labels)
    context = PriorContext(observation, 0.0, torch.Generator(), alone.gradient)
    potential, pull = prior.pull(guess, context)
    assert torch.allclose(in_pass.terms["batchnorm"], potential, rtol=1e-9)
    assert torch.allclose(in_pass.loss, alone.loss + potential, rtol=1e-9)
    assert torch.allclose(in_pass.gradient, alone.gradient + pull, rtol=1e-6, atol=1e-12)
