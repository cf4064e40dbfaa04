"""A stop reaches work that yields nothing meanwhile."""

from __future__ import annotations

import itertools

import pytest

from gi_core import cancellation
from gi_core.attacks import attacks
from gi_core.cancellation import Cancelled
from gi_core.data.sources import open_picture
from gi_core.errors import BadInput
from gi_core.run import prepare
from gi_core.scenario import Scenario


def after(asked):
    """Says yes from the so-manieth question on."""
    count = itertools.count(1)
    return lambda: next(count) > asked


def pictures(scenario):
    return open_picture("cat", scenario.image_size, scenario.channels).expand(scenario.batch_size, -1, -1, -1)


SMALL = {"model": "mlp", "image_size": "16"}


@pytest.mark.parametrize(
    "settings",
    [
        {"local_steps": "1000", "update": "delta"},
        {"clients": "1000"},
        {"defense": "soteria:probes=10000"},
        {"defense": "soteria:probes=none"},
        {"defense": "clip+gaussian", "batch_size": "64"},
        {"clients": "3", "local_steps": "1000", "update": "delta"},
    ],
    ids=str,
)
def test_the_client_stops_within_a_step(settings):
    scenario = Scenario.from_dict(SMALL | settings)
    asked = []
    with cancellation.until(lambda: len(asked) > 3 or asked.append(1)), pytest.raises(Cancelled):
        prepare(scenario, pictures(scenario))
    cancellation.check()


def test_a_nested_start_stops_within_a_step():
    scenario = Scenario.from_dict(SMALL | {"attack": "ig:steps=90000,init=(ig:steps=90000)"})
    run = prepare(scenario, pictures(scenario))
    with cancellation.until(after(5)):
        assert list(run) == []
    assert run.iterations == 0 and not run.finished


def test_simulated_local_steps_stop_within_a_step():
    settings = {"local_steps": "100", "local_lr": "0.001", "update": "delta", "attack": "fedavg-ig:steps=9"}
    scenario = Scenario.from_dict(SMALL | settings)
    run = prepare(scenario, pictures(scenario))
    with cancellation.until(after(5)):
        assert list(run) == []
    assert run.iterations == 0 and not run.finished


def test_nobody_asked_is_never_over():
    with cancellation.until(lambda: False):
        cancellation.check()
    cancellation.check()


def test_a_chain_of_starts_has_an_end():
    attacks.parse("ig:init=(ig:init=(ig:init=ig))")
    text = "ig"
    for _ in range(60):
        text = f"ig:init=({text})"
    for chain in (text, "+".join(["ig"] * 60)):
        with pytest.raises(BadInput, match="at most 3"):
            attacks.parse(chain)
