"""Every prior: a potential, its gradient, and nothing else touched."""

import pytest
import torch

import gi_core as gi
from gi_core.priors.base import PriorContext, parse_priors, priors
from gi_core.run import prepare

TEXTS = {"batchnorm": "batchnorm", "flow": "flow:net=gaussian,start=0.5,end=0.5,jitter=0", "norm": "norm", "tv": "tv"}


def context(double: bool = True) -> PriorContext:
    scenario = gi.Scenario(model="convnet:width=4", image_size=16, batch_size=2)
    pictures = torch.rand(2, 3, 16, 16, generator=torch.Generator().manual_seed(0))
    observation = prepare(scenario, pictures, device="cpu").observation
    if double:
        observation.victim.double()
    gradient = torch.ones(2, 3, 16, 16, dtype=torch.float64 if double else torch.float32)
    return PriorContext(observation, 0.3, torch.Generator().manual_seed(1), gradient)


def guess(double: bool = True) -> torch.Tensor:
    dtype = torch.float64 if double else torch.float32
    return torch.rand(2, 3, 16, 16, generator=torch.Generator().manual_seed(2), dtype=dtype)


def test_the_table_is_whole() -> None:
    assert sorted(TEXTS) == priors.names()


@pytest.mark.parametrize("name", TEXTS)
def test_the_pull_is_the_slope_of_the_potential(name: str) -> None:
    """By central differences along a direction; what the flow prior saw is held, as in a run."""
    double = name != "flow"
    (prior,), here, x = parse_priors(TEXTS[name]), context(double), guess(double)
    value, pull = prior.pull(x, here)
    assert value.dim() == 0 and pull.shape == x.shape and bool(torch.isfinite(pull).all())
    along = torch.randn(x.shape, generator=torch.Generator().manual_seed(3), dtype=x.dtype)
    step = 1e-7 if double else 1e-3
    ahead, behind = (prior.pull(x + h * along, here)[0] for h in (step, -step))
    assert float((ahead - behind) / (2 * step)) == pytest.approx(float((pull * along).sum()), rel=1e-3)


@pytest.mark.parametrize("name", TEXTS)
def test_it_repeats_and_leaves_the_victim_and_the_pictures_alone(name: str) -> None:
    (prior,), x = parse_priors(TEXTS[name]), guess(False)
    here, again, kept = context(False), context(False), x.clone()
    before = {n: t.clone() for n, t in here.observation.victim.state_dict().items()}
    (value, pull), (other, same) = prior.pull(x, here), prior.pull(x, again)
    assert torch.equal(value, other) and torch.equal(pull, same) and torch.equal(x, kept)
    assert all(torch.equal(t, before[n]) for n, t in here.observation.victim.state_dict().items())


@pytest.mark.parametrize("name", TEXTS)
def test_its_weight_scales_it(name: str) -> None:
    option = "," if ":" in TEXTS[name] else ":"
    values = []
    for weight in (0.1, 0.2):
        (prior,) = parse_priors(f"{TEXTS[name]}{option}weight={weight}")
        values.append(float(prior.pull(guess(False), context(False))[0]))
    assert values[1] == pytest.approx(2 * values[0], rel=1e-4) and values[0] > 0
