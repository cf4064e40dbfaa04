"""Statistics of the private batch: inferred to float rounding, and pulled to with the right gradient."""

import pytest
import torch

from gi_core import models
from gi_core.attacks.bn_exact import infer
from gi_core.client import release
from gi_core.errors import BadInput
from gi_core.models.batchnorm import batchnorm_layers
from gi_core.observation import Observation, Training
from gi_core.priors.base import PriorContext
from gi_core.priors.batchnorm import BatchNormPrior, measure, running, shared

SHAPE = (3, 16, 16)


def victim(name="resnet18-preact:width=8", mode="train", momentum=0.1):
    built = models.build(name, image_shape=SHAPE, num_classes=5, mode=mode)
    generator = torch.Generator().manual_seed(2)
    for layer in batchnorm_layers(built).values():  # a victim that has seen data
        layer.running_mean.normal_(generator=generator)
        layer.running_var.uniform_(0.5, 2.0, generator=generator)
        layer.momentum = momentum
        layer.num_batches_tracked.fill_(7)
    return built


def observe(net, images, training=None, kind="gradient"):
    training = training or Training(batch=len(images))
    labels = torch.arange(len(images)) % 5
    released = release(net, images, labels, training=training, kind=kind, share_buffers=True)
    return Observation(net, released.defended, len(images), labels, training=training)


def batch(count, seed=0):
    return torch.rand(count, *SHAPE, generator=torch.Generator().manual_seed(seed))


def relative(a, b):
    return ((a - b).norm() / b.norm()).item()


@pytest.mark.parametrize("momentum", [0.1, 0.03, 0.9, None])
@pytest.mark.parametrize("count", [1, 2, 5])
def test_one_step_is_inverted(momentum, count):
    """Against the definition: mean and biased variance of each layer's input in the private batch."""
    net, images = victim(momentum=momentum), batch(count)
    inputs = {}
    hooks = [
        layer.register_forward_pre_hook(lambda _m, i, n=n: inputs.update({n: i[0].detach().double()}))
        for n, layer in batchnorm_layers(net).items()
    ]
    observation = observe(net, images)
    truth = dict(inputs)
    for hook in hooks:
        hook.remove()
    found = infer(observation)
    assert list(found) == list(truth)
    assert len(found) == 17
    for name, x in truth.items():
        mean, variance = found[name]
        assert relative(mean, x.mean((0, 2, 3))) < 1e-4
        assert relative(variance, x.var((0, 2, 3), correction=0)) < 1e-4


def test_several_steps_give_the_weighted_average():
    """Learning rate 0: each step's statistics are known, so the average that the formula promises is too."""
    net, images = victim(momentum=0.3), batch(6)
    training = Training(steps=3, batch=2, lr=1e-12)
    observation = observe(net, images, training, kind="delta")
    found = infer(observation)
    from gi_core.client import minibatches
    from gi_core.seeds import stream_seed

    chosen = minibatches(6, training, stream_seed(0, "order"))
    weights = torch.tensor([0.3 * 0.7**2, 0.3 * 0.7, 0.3]) / (1 - 0.7**3)
    with torch.no_grad():
        each = [measure(net, images[i]) for i in chosen]
    for name in batchnorm_layers(net):
        mean = sum(w * s[name].mean for w, s in zip(weights, each, strict=True))
        variance = sum(w * s[name].variance for w, s in zip(weights, each, strict=True))
        assert relative(found[name][0], mean) < 1e-4
        assert relative(found[name][1], variance) < 1e-4


def test_where_nothing_can_be_inferred():
    net = victim(mode="eval")
    with pytest.raises(BadInput, match="mode=eval"):
        infer(observe(net, batch(2)))
    net = victim()
    observation = observe(net, batch(2))
    silent = Observation(net, release(net, batch(2), torch.tensor([0, 1])).defended, 2)
    for ask in (infer, shared):
        with pytest.raises(BadInput, match="does not share"):
            ask(silent)
    with pytest.raises(BadInput, match="no BatchNorm"):
        running(models.build("lenet", image_shape=SHAPE, num_classes=5))
    assert shared(observation).keys() == running(net).keys()


@pytest.mark.parametrize(
    ("source", "mode"),
    [("running", "train"), ("running", "eval"), ("shared", "train"), ("shared", "eval"), ("exact", "train")],
)
def test_pull_is_the_gradient_of_its_value(source, mode):
    net = victim("resnet18:width=4", mode=mode).double()
    images = batch(2).double()
    observation = observe(net, images)
    prior = BatchNormPrior(weight=0.5, source=source)
    context = PriorContext(observation, 0.0, torch.Generator(), torch.zeros_like(images))
    x, direction = batch(2, seed=1).double(), batch(2, seed=2).double() - 0.5
    before = {n: b.clone() for n, b in net.named_buffers()}
    _, gradient = prior.pull(x, context)
    up, down = (prior.pull(x + h * direction, context)[0] for h in (1e-6, -1e-6))
    assert (gradient * direction).sum().item() == pytest.approx(((up - down) / 2e-6).item(), rel=1e-4)
    assert all(torch.equal(b, before[n]) for n, b in net.named_buffers())  # guesses move no statistics


def test_the_truth_has_no_mismatch_with_its_own_statistics():
    images = batch(3)
    observation = observe(victim(), images)
    context = PriorContext(observation, 0.0, torch.Generator(), torch.zeros_like(images))
    exact, after, before = (
        BatchNormPrior(weight=1, source=s).pull(images, context)[0].item() for s in ("exact", "shared", "running")
    )
    assert exact < 1e-3 * after
    assert after < before
