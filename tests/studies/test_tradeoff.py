import copy

import pytest
import torch
from sklearn.datasets import load_digits

from gi_core.client import release
from gi_core.data.arrays import Pictures
from gi_core.defenses import parse_stack
from gi_core.models import build
from gi_core.studies import run_study, tradeoff
from gi_core.studies.tradeoff import FAMILIES, Tradeoff, federated, guarantees
from gi_core.training.victim import accuracy

MODEL = "mlp:width=32,depth=1"


@pytest.fixture(scope="module")
def digits():
    """1,797 digits of 8x8, enlarged to 16x16: (train, validation, test)."""
    found = load_digits()
    images = torch.from_numpy(found.images / 16 * 255).float().unsqueeze(1)
    images = torch.nn.functional.interpolate(images, (16, 16), mode="bilinear").round().to(torch.uint8)
    everything = Pictures(images, torch.from_numpy(found.target).long())
    return everything.take(slice(0, 1200)), everything.take(slice(1200, 1500)), everything.take(slice(1500, None))


@pytest.fixture
def victim():
    return build(MODEL, image_shape=(1, 16, 16), num_classes=10)


def test_without_a_defense_it_is_adam_on_the_mean_gradient(digits, victim):
    trained = federated(victim, (), digits[0], rounds=3, clients=8, lr=0.01)
    reference, generator = copy.deepcopy(victim).train(), torch.Generator().manual_seed(0)
    optimiser = torch.optim.Adam(reference.parameters(), lr=0.01)
    for _ in range(3):
        rows = torch.randint(1200, (8,), generator=generator)
        optimiser.zero_grad()
        reference.loss(digits[0].floats(rows), digits[0].labels[rows]).backward()
        optimiser.step()
    for ours, theirs in zip(trained.parameters(), reference.parameters(), strict=True):
        assert torch.allclose(ours, theirs, atol=1e-5)


def test_each_client_sends_what_the_attack_sees(digits, victim):
    stack = parse_stack("clip:norm=0.5+topk:keep=0.2")
    image, label = digits[0].floats(slice(0, 1)), digits[0].labels[:1]
    rows = {
        name: g.unsqueeze(0)
        for name, g in zip(
            dict(victim.named_parameters()),
            torch.autograd.grad(victim.loss(image, label), list(victim.parameters())),
            strict=True,
        )
    }
    sent = tradeoff.defended(rows, stack, victim, image[0], label[0], torch.Generator())
    expected = release(victim, image, label, stack=stack).defended.tensors
    assert all(torch.allclose(sent[name], expected[name], atol=1e-7) for name in expected)


def test_it_learns_and_noise_hinders_it(digits, victim):
    plain = accuracy(federated(victim, (), digits[0], 60, 32, 0.01), digits[1])
    noisy = accuracy(federated(victim, parse_stack("gaussian:sigma=3"), digits[0], 60, 32, 0.01), digits[1])
    assert plain > 0.7
    assert noisy < plain - 0.2


def test_a_row_has_the_frontier_and_the_bound(digits, monkeypatch, tmp_path):
    monkeypatch.setattr(tradeoff, "load", lambda name: digits)
    monkeypatch.setattr(tradeoff, "FAMILIES", {"none": ("none",), "dp-gaussian": ("dp-gaussian:epsilon=1",)})
    study = Tradeoff(model=MODEL, rounds=20, clients=8, count=4, steps=20)
    bare, private = run_study(study, tmp_path)
    assert (bare["oracle_attack"], bare["top1"]) == ("analytic", "1.0000")
    assert float(bare["gain_low"]) > 0.8
    assert bare["epsilon"] == bare["bits"] == bare["cap"] == ""
    assert float(private["epsilon"]) == pytest.approx(1, rel=1e-3)
    assert abs(float(private["gain"])) < 0.1
    assert float(private["bits"]) == pytest.approx(1 / (2 * float(private["z"]) ** 2) / 0.6931, rel=1e-2)
    assert len(list((tmp_path / "pictures").glob("*.png"))) == 2
    assert (tmp_path / "tradeoff.png").stat().st_size > 5000


def test_the_suite_leaves_out_what_cannot_run(digits):
    study = Tradeoff(count=2, steps=2)
    lenet = build("lenet", image_shape=(1, 16, 16), num_classes=10)
    assert study.best(lenet, (), digits[2], 1)[0].startswith("ig")


def test_every_defense_of_the_grid_exists_and_strengths_grow(victim):
    assert len(FAMILIES) > 5
    for texts in FAMILIES.values():
        for text in texts:
            parse_stack(text)
    weak, strong = (guarantees(victim, parse_stack(t)) for t in FAMILIES["dp-gaussian"][::3])
    assert weak["bits"] > strong["bits"]
    assert weak["cap"] > strong["cap"]
    assert weak["epsilon"] > strong["epsilon"]
