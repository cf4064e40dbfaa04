"""A user's own module: split at its last linear layer, or refused with the reason."""

import pytest
import torch
from torch import nn

from gi_core import models
from gi_core.errors import BadInput
from gi_core.models.own import use, wrap

pytestmark = pytest.mark.usefixtures("own_names_forgotten")
SHAPE = (3, 16, 16)


def small(*after: nn.Module) -> nn.Module:
    return nn.Sequential(
        nn.Conv2d(3, 4, 3, 2, 1), nn.Sigmoid(), nn.Flatten(), nn.Linear(256, 8), nn.Sigmoid(), nn.Linear(8, 5), *after
    )


class Named(nn.Module):
    """Branches, an attribute for the classifier, and a layer defined after it."""

    def __init__(self) -> None:
        super().__init__()
        self.classifier = nn.Linear(12, 7)
        self.first = nn.Linear(768, 12)

    def forward(self, x):
        return self.classifier(torch.tanh(self.first(x.flatten(1))))


@pytest.mark.parametrize("module", [small(), Named(), nn.Sequential(nn.Flatten(), nn.Linear(768, 4))])
def test_split_keeps_the_function_and_the_parameters(module):
    x = torch.rand(2, *SHAPE)
    victim = wrap(module, SHAPE)
    torch.testing.assert_close(victim(x), module(x))
    torch.testing.assert_close(victim.head(victim.features(x)), module(x))
    assert sum(p.numel() for p in victim.parameters()) == sum(p.numel() for p in module.parameters())


def test_the_module_itself_is_not_changed():
    module = small()
    wrap(module, SHAPE)
    assert isinstance(module[-1], nn.Linear)


@pytest.mark.parametrize(
    ("module", "words"),
    [
        (nn.Sequential(nn.Conv2d(3, 4, 3), nn.Flatten()), "no linear layer"),
        (small(nn.Softmax(-1)), "ends with Softmax"),
        (small(nn.Tanh()), "not that of its last linear layer"),
        (nn.Sequential(nn.Flatten(), nn.Linear(10, 2)), "fails on pictures of 3x16x16"),
    ],
)
def test_unsuitable_modules_are_refused(module, words):
    with pytest.raises(BadInput, match=words):
        wrap(module, SHAPE)


def test_named_in_a_scenario():
    use("test-own", small)
    a, b = (models.build("test-own", image_shape=SHAPE, num_classes=5) for _ in range(2))
    assert all(torch.equal(p, q) for p, q in zip(a.parameters(), b.parameters(), strict=True))
    with pytest.raises(BadInput, match="has 5 outputs"):
        models.build("test-own", image_shape=SHAPE, num_classes=10)
    with pytest.raises(BadInput, match="taken"):
        use("lenet", small)
    with pytest.raises(BadInput, match="letters"):
        use("my net", small)


def test_six_lines_attack_an_own_module():
    """The README's example."""
    import gi_core as gi
    from gi_core.models.own import use

    use("mynet", lambda: nn.Sequential(nn.Flatten(), nn.Linear(768, 64), nn.Sigmoid(), nn.Linear(64, 10)))
    scenario = gi.Scenario(model="mynet", image_size=16, attack="analytic")
    trace = gi.run(scenario, torch.rand(1, 3, 16, 16))
    assert trace.scores[0]["psnr"] > 60
