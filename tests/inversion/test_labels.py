"""Labels read off the head's gradient, on natural pictures and untrained networks."""

import itertools
from collections import Counter
from dataclasses import replace

import pytest
import torch
import torch.nn.functional as F
from skimage import data

from gi_core.errors import BadInput
from gi_core.inversion.labels import nearest_counts, recover
from gi_core.models import build
from gi_core.observation import DefenseFacts, Observation, Training, Update

NETS = ["lenet", "lenet:activation=relu,init=default", "convnet:width=8", "mlp:activation=tanh,width=64"]


@pytest.fixture(scope="module")
def photos():
    """60 random crops of four photographs, (60,3,32,32)."""
    g = torch.Generator().manual_seed(0)
    sources = [torch.tensor(f()).permute(2, 0, 1) / 255 for f in (data.chelsea, data.coffee, data.rocket, data.retina)]
    crops = []
    for i in range(60):
        image = sources[i % 4]
        side = int(torch.randint(64, 256, (), generator=g))
        top, left = (int(torch.randint(0, n - side, (), generator=g)) for n in image.shape[1:])
        crops.append(F.interpolate(image[None, :, top : top + side, left : left + side], size=32, mode="area")[0])
    return torch.stack(crops)


def observe(victim, images, labels, *, scale=1.0, noise=0.0, known=None, **facts):
    gradient = torch.autograd.grad(victim.loss(images, labels), victim.parameters())
    g = torch.Generator().manual_seed(1)
    tensors = {
        name: scale * t + noise * torch.randn(t.shape, generator=g)
        for (name, _), t in zip(victim.named_parameters(), gradient, strict=True)
    }
    return Observation(victim, Update(tensors, examples=len(images)), batch_size=len(images), labels=known, **facts)


@pytest.mark.parametrize("model", [*NETS, "mlp:bias=false", "resnet18:width=8"])
@pytest.mark.parametrize("classes", [2, 10])
def test_one_picture_20_of_20(model, classes, photos):
    victim = build(model, image_shape=(3, 32, 32), num_classes=classes)
    labels = torch.arange(20) % classes
    for rule in ("auto", "idlg"):
        found = [int(recover(observe(victim, photos[i : i + 1], labels[i : i + 1]), rule)) for i in range(20)]
        assert found == labels.tolist()


@pytest.mark.parametrize("model", NETS)
@pytest.mark.parametrize("size", [2, 5, 8])
def test_ilrg_counts_duplicates_exactly(model, size, photos):
    victim = build(model, image_shape=(3, 32, 32), num_classes=10)
    for trial in range(4):
        g = torch.Generator().manual_seed(trial)
        chosen = torch.randperm(60, generator=g)[:size]
        labels = torch.randint(0, 10, (size,), generator=g)
        labels[1] = labels[0]
        observation = observe(victim, photos[chosen], labels)
        assert recover(observation, "auto").tolist() == labels.sort().values.tolist()


@pytest.mark.parametrize("model", NETS[1:])
def test_ilrg_finds_the_scale_of_a_clipped_update(model, photos):
    victim = build(model, image_shape=(3, 32, 32), num_classes=10)
    labels = torch.tensor([1, 1, 1, 4, 7, 7])
    assert recover(observe(victim, photos[:6], labels, scale=0.03), "ilrg").tolist() == labels.tolist()


@pytest.mark.parametrize("known", [True, False])
def test_ilrg_under_label_smoothing(known, photos):
    victim = build("convnet:width=8", image_shape=(3, 32, 32), num_classes=10)
    victim.label_smoothing = 0.3
    labels = torch.tensor([2, 2, 3, 9])
    facts = (DefenseFacts("label-smoothing", {"amount": 0.3}),) if known else None
    assert recover(observe(victim, photos[:4], labels, defense=facts), "ilrg").tolist() == labels.tolist()


def test_bias_corrected_finds_distinct_labels_at_any_scale_and_counts_two_classes(photos):
    victim = build("convnet:width=8", image_shape=(3, 32, 32), num_classes=10)
    for labels in ([0, 3, 5, 9], [3, 3, 3, 8]):
        observation = observe(victim, photos[:4], torch.tensor(labels), scale=0.01)
        assert recover(observation, "bias-corrected").tolist() == labels


@pytest.mark.parametrize("rule", ["bias-corrected", "ilrg"])
def test_under_noise_there_are_still_as_many_labels_as_pictures(rule, photos):
    victim = build("lenet", image_shape=(3, 32, 32), num_classes=10)
    for size in (1, 2, 12):
        observation = observe(victim, photos[:size], torch.zeros(size, dtype=torch.long), noise=10.0)
        found = recover(observation, rule)
        assert found.shape == (size,)
        assert found.dtype == torch.long
        assert 0 <= int(found.min()) <= int(found.max()) < 10


def test_idlg_stands_noise_that_hides_the_bias(photos):
    victim = build("lenet", image_shape=(3, 32, 32), num_classes=10)
    by_rule, by_bias = 0, 0
    for i in range(20):
        clean = observe(victim, photos[i : i + 1], torch.tensor([i % 10]))
        observation = observe(victim, photos[i : i + 1], torch.tensor([i % 10]), noise=0.05 * clean.update.norm())
        by_rule += int(recover(observation)) == i % 10
        by_bias += int(observation.update.tensors["head.bias"].argmin()) == i % 10
    assert by_rule >= 19
    assert by_bias <= 15


@pytest.mark.parametrize("epochs", [1, 2])
def test_labels_of_a_weight_delta(epochs, photos):
    victim = build("convnet:width=8", image_shape=(3, 32, 32), num_classes=10)
    local = build("convnet:width=8", image_shape=(3, 32, 32), num_classes=10)
    labels = torch.tensor([1, 1, 6, 8])
    training = Training(steps=2 * epochs, epochs=epochs, batch=2, lr=1e-3)
    optimiser = torch.optim.SGD(local.parameters(), lr=training.lr)
    for _ in range(epochs):
        for part in (slice(0, 2), slice(2, 4)):
            optimiser.zero_grad()
            local.loss(photos[:4][part], labels[part]).backward()
            optimiser.step()
    delta = {n: (p - q).detach() for (n, p), q in zip(local.named_parameters(), victim.parameters(), strict=True)}
    observation = Observation(victim, Update(delta, "delta", 4), batch_size=4, training=training)
    assert recover(observation).tolist() == labels.tolist()


def test_known_labels_come_back_in_their_order(photos):
    victim = build("mlp:width=8", image_shape=(3, 32, 32), num_classes=10)
    observation = observe(victim, photos[:3], torch.tensor([7, 1, 4]), known=torch.tensor([7, 1, 4]))
    assert recover(observation).tolist() == recover(observation, "known").tolist() == [7, 1, 4]
    assert recover(observation, "ilrg").tolist() == [1, 4, 7]


def test_the_victim_is_left_alone(photos):
    victim = build("convnet:width=8", image_shape=(3, 32, 32), num_classes=10, mode="train")
    observation = observe(victim, photos[:4], torch.tensor([1, 2, 3, 4]))
    before = {name: t.clone() for name, t in victim.state_dict().items()}
    first, again = recover(observation), recover(observation)
    assert torch.equal(first, again)
    assert all(torch.equal(t, before[name]) for name, t in victim.state_dict().items())


def test_refusals(photos):
    victim = build("mlp:width=8", image_shape=(3, 32, 32), num_classes=10)
    observation = observe(victim, photos[:2], torch.tensor([1, 2]))
    with pytest.raises(BadInput, match="does not grant"):
        recover(observation, "known")
    with pytest.raises(BadInput, match="batch_size=2"):
        recover(observation, "idlg")
    with pytest.raises(BadInput, match="allowed are"):
        recover(observation, "guess")


def test_nearest_counts():
    """Against every way of sharing out the total."""
    g = torch.Generator().manual_seed(0)
    for total in range(5):
        every = torch.tensor([c for c in itertools.product(range(total + 1), repeat=5) if sum(c) == total])
        for _ in range(10):
            solution = torch.randn(5, generator=g) * 2
            best = (every - solution).square().sum(1).min()
            torch.testing.assert_close((nearest_counts(solution, total) - solution).square().sum(), best)


def test_auxiliary_pictures_give_the_typical_feature(photos):
    """Without biases the features' direction comes from public pictures: with the right ones the counts are exact."""
    victim = build("mlp:bias=false", image_shape=(3, 32, 32), num_classes=10)
    labels = torch.tensor([2, 2, 5, 6])
    observation = observe(victim, photos[:4], labels)
    informed = replace(observation, auxiliary=photos[40:])
    overlap = sum((Counter(recover(informed, "ilrg").tolist()) & Counter(labels.tolist())).values())
    assert overlap == 4
