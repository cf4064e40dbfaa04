import weakref

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from gi_core.attacks.bn_exact import infer
from gi_core.client import aggregate, gradient, minibatches, release
from gi_core.defenses import parse_stack
from gi_core.errors import BadInput
from gi_core.models import build
from gi_core.observation import Observation, Training, Update
from gi_core.priors.batchnorm import measure
from gi_core.run import prepare
from gi_core.scenario import Scenario


def victim(model="lenet", mode="eval"):
    return build(model, image_shape=(3, 32, 32), num_classes=10, mode=mode)


def batch(count):
    generator = torch.Generator().manual_seed(5)
    return torch.rand(count, 3, 32, 32, generator=generator), torch.randint(10, (count,), generator=generator)


def test_gradient_is_that_of_the_mean_loss():
    model, (x, y) = victim(), batch(3)
    together = gradient(model, x, y)
    apart = [gradient(model, x[i : i + 1], y[i : i + 1]) for i in range(3)]
    for name, value in together.items():
        assert torch.allclose(value, torch.stack([a[name] for a in apart]).mean(0), atol=1e-6)


def test_one_step_delta_is_minus_lr_times_gradient():
    model, (x, y) = victim(), batch(2)
    sent = release(model, x, y, training=Training(steps=1, batch=2, lr=0.1), kind="delta").defended
    observation = Observation(model, sent, 2, training=Training(steps=1, batch=2, lr=0.1))
    for target, reference in zip(observation.targets, gradient(model, x, y).values(), strict=True):
        assert torch.allclose(target, reference, atol=2e-6)


def test_local_training_equals_torch_sgd_by_hand():
    model, (x, y) = victim(), batch(4)
    training = Training(steps=5, batch=2, lr=0.05, momentum=0.5)
    delta = release(model, x, y, training=training, kind="delta", seed=3).clean.tensors
    weights = {n: p.detach().clone() for n, p in model.named_parameters()}
    velocity = {n: torch.zeros_like(p) for n, p in weights.items()}
    from gi_core.seeds import stream_seed

    for chosen in minibatches(4, training, stream_seed(3, "order")):
        with torch.no_grad():
            for n, p in model.named_parameters():
                p.copy_(weights[n])
        for n, g in gradient(model, x[chosen], y[chosen]).items():
            velocity[n] = 0.5 * velocity[n] + g
            weights[n] = weights[n] - 0.05 * velocity[n]
    first = {n: p for n, p in victim().named_parameters()}
    for n, d in delta.items():
        assert torch.allclose(d, weights[n] - first[n], atol=1e-6)


def test_release_leaves_the_victim_alone():
    model, (x, y) = victim("resnet18:width=4", mode="train"), batch(2)
    before = {n: t.clone() for n, t in model.state_dict().items()}
    release(model, x, y, training=Training(steps=2, batch=2), kind="delta")
    assert all(torch.equal(before[n], t) for n, t in model.state_dict().items())


@given(count=st.integers(1, 9), size=st.integers(1, 9), steps=st.integers(1, 12))
@settings(max_examples=50, deadline=None)
def test_every_pass_visits_each_picture_once(count, size, steps):
    size = min(size, count)
    batches = minibatches(count, Training(steps=steps, batch=size), seed=1)
    assert len(batches) == steps
    per_pass = -(-count // size)
    for start in range(0, steps - per_pass + 1, per_pass):
        assert sorted(torch.cat(batches[start : start + per_pass]).tolist()) == list(range(count))


def test_a_fixed_order_is_that_of_the_first_pass():
    batches = minibatches(5, Training(steps=6, batch=2, order="fixed"), seed=1)
    assert [b.tolist() for b in batches] == 2 * [[0, 1], [2, 3], [4]]


@pytest.mark.parametrize("clients", [1, 2, 10, 1000])
def test_aggregation_is_a_true_mean(clients):
    """A peer's running average returns 4.138 for ten clients that send 1..10; the mean is 5.5."""
    updates = [Update({"w": torch.full((3,), float(k + 1))}) for k in range(clients)]
    assert torch.allclose(aggregate(updates).tensors["w"], torch.full((3,), (clients + 1) / 2), rtol=1e-7)


def test_aggregation_weighs_by_examples():
    one, three = Update({"w": torch.zeros(1)}, examples=1), Update({"w": torch.ones(1)}, examples=3)
    assert aggregate([one, three]).tensors["w"].item() == 0.75
    assert aggregate([one, three]).examples == 4


def test_per_example_defense_needs_uncoupled_examples():
    model, (x, y) = victim("resnet18:width=4", mode="train"), batch(2)
    with pytest.raises(BadInput, match="BatchNorm"):
        release(model, x, y, stack=parse_stack("clip:norm=1,per=example"))


def test_same_seed_same_update_and_other_seed_other_noise():
    model, (x, y) = victim(), batch(1)
    stack = parse_stack("gaussian:sigma=0.1")
    one, again, other = (release(model, x, y, stack=stack, seed=s).defended.tensors for s in (1, 1, 2))
    assert all(torch.equal(one[n], again[n]) for n in one)
    assert not any(torch.equal(one[n], other[n]) for n in one)


def test_buffers_travel_only_when_shared():
    model, (x, y) = victim("resnet18:width=4", mode="train"), batch(2)
    assert release(model, x, y).defended.buffers is None
    shared = release(model, x, y, share_buffers=True).defended.buffers
    assert shared
    assert all("running_" in name for name in shared)
    before = dict(model.named_buffers())
    assert any(not torch.equal(shared[n], before[n]) for n in shared)


def test_aggregation_holds_one_client_at_a_time():
    """A thousand clients of a large network were once held side by side."""
    held: list[weakref.ref] = []

    def arriving():
        for number in range(50):
            update = Update({"w": torch.full((1000,), float(number))}, "gradient", examples=2)
            held.append(weakref.ref(update.tensors["w"]))
            yield update
            del update
            alive = sum(ref() is not None for ref in held)
            assert alive <= 3

    assert aggregate(arriving()).tensors["w"][0].item() == 24.5


@pytest.mark.parametrize("clients", [2, 4])
def test_an_aggregate_holds_no_clients_own_batchnorm_statistics(clients):
    """What bn-exact infers from the sum is the clients' mean, not the first one's batch."""
    scenario = Scenario(
        model="resnet18:width=4", mode="train", batch_size=2, knowledge="labels+buffers", clients=clients,
        attack="bn-exact", image_size=16,
    )  # fmt: skip
    pictures = torch.rand(2, 3, 16, 16, generator=torch.Generator().manual_seed(0))
    alone, together = (prepare(s, pictures, device="cpu") for s in (scenario.replace(clients=1), scenario))
    with torch.no_grad():
        own = measure(alone.victim, pictures)
    exact, mixed = (infer(run.observation) for run in (alone, together))
    off = lambda found: max(float((found[n][0] - m.mean).norm() / m.mean.norm()) for n, m in own.items())
    assert off(exact) < 1e-3
    assert off(mixed) > 0.05


def test_an_aggregate_shares_buffers_only_where_every_client_does():
    one, two = (Update({"w": torch.ones(1)}, buffers={"b": torch.full((2,), v)}) for v in (1.0, 3.0))
    assert torch.equal(aggregate([one, two]).buffers["b"], torch.full((2,), 2.0))
    assert aggregate([one, Update({"w": torch.ones(1)})]).buffers is None
