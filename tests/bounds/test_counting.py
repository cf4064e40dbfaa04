import pytest
import torch

from gi_core.bounds import Setting, applicable, bounds
from gi_core.bounds.counting import count
from gi_core.bounds.spectrum import local_rank, singular_values
from gi_core.defenses import parse_stack
from gi_core.models import build
from gi_core.scenario import Scenario

from .conftest import LinearVictim


def test_lenet_by_hand():
    """Convolutions of 12 x 75 and 12 x 300 weights keep all numbers; the head's gradient has rank 1."""
    counted = count(build("lenet", image_shape=(3, 32, 32), num_classes=10), 1)
    assert [layer.equations for layer in counted.layers] == [912, 3612, 3612, 10 + 769 - 1]
    assert counted.unknowns == 3072
    assert counted.deficit == 0
    assert sum(layer.numbers for layer in counted.layers) == 15_826


CASES = [("lenet", 1), ("lenet", 3), ("mlp:width=4", 2), ("mlp:width=3,bias=false", 3)]


@pytest.mark.parametrize(("model", "batch"), CASES)
def test_the_jacobian_has_no_more_rank_than_the_count(model, batch):
    victim = build(model, image_shape=(1, 12, 12), num_classes=3).double()
    x = torch.rand(batch, 1, 12, 12, generator=torch.Generator().manual_seed(0)).double()
    counted = count(victim, batch)
    rank = local_rank(singular_values(victim, x, torch.arange(batch) % 3), 1e-9)
    assert rank <= min(counted.unknowns, counted.equations)


def test_a_narrow_linear_layer_leaves_a_deficit():
    victim = build("mlp:width=2,depth=1,bias=false", image_shape=(1, 12, 12), num_classes=3)
    counted = count(victim, 4)
    assert counted.equations == 2 * 144 + 3 * 2
    assert counted.deficit == 4 * 144 - counted.equations


def test_singular_values_of_a_linear_victim():
    victim = LinearVictim().double()
    values = singular_values(victim, torch.zeros(1, 1, 8, 8).double(), torch.tensor([0]))
    assert torch.allclose(values, torch.linalg.svdvals(victim.jacobian(0)), atol=1e-9)
    assert local_rank(values) == 64


def test_effective_rank_falls_with_noise_and_counting_needs_none():
    victim = build("lenet", image_shape=(3, 16, 16), num_classes=10)
    x, y = torch.rand(1, 3, 16, 16, generator=torch.Generator().manual_seed(0)), torch.tensor([3])
    names = lambda stack, **more: {b.name for b in applicable(Setting(victim, parse_stack(stack), 1, x, y), **more)}
    assert names("none") == {"counting"}
    assert names("topk") == set()
    assert names("clip+gaussian:sigma=0.1") == {"bits", "rero", "fisher", "needle", "effective-rank"}
    assert "cramer-rao" in names("clip+gaussian:sigma=0.1", slow=True)
    assert names("dp-laplace:epsilon=1") == {"bits", "rero"}
    rule = bounds.get("effective-rank")()
    stacks = [parse_stack(f"clip+gaussian:sigma={s}") for s in (1e-3, 1e-2, 1, 10)]
    ranks = [rule.of(Setting(victim, stack, 1, x, y)).value for stack in stacks]
    assert ranks == sorted(ranks, reverse=True)
    assert ranks[0] > 20
    assert ranks[-1] == 0


def test_every_rule_says_whom_it_binds():
    for rule in bounds:
        assert rule.binds.endswith(".")
        assert rule.assumes.endswith(".")
        assert rule.summary()


def test_no_bound_is_shown_where_batchnorm_statistics_leave_without_noise():
    scenario = Scenario(
        model="convnet:width=4", mode="train", knowledge="labels+buffers", defense="dp-gaussian", batch_size=1
    )
    victim = build("convnet:width=4", image_shape=(3, 32, 32), num_classes=10, mode="train")
    assert applicable(Setting.of(scenario, victim)) == []
    assert applicable(Setting.of(scenario.replace(defense="none"), victim)) == []
    assert {b.name for b in applicable(Setting.of(scenario.replace(knowledge="labels"), victim))} >= {"bits", "rero"}
    assert applicable(Setting.of(scenario, victim.eval()))
