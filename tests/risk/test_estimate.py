"""Where nothing was measured: an estimate that says so, how often it is right, and epsilon over all rounds."""

import itertools
import math

import pytest

from gi_core.defenses.accounting import gaussian_epsilon
from gi_core.risk.answer import answer
from gi_core.risk.estimate import at_most, estimate, left_out, measured
from gi_core.risk.privacy import composed
from gi_core.risk.set_up import SetUp
from gi_core.risk.wording import composed_words, estimated

GRID = {
    "model": ("mlp", "lenet", "convnet", "resnet18", "vit-tiny"), "batch_size": (1, 4, 16, 64),
    "local_steps": (1, 5, 20), "participants": (1, 8),
    "defense": ("none", "clip:per=update,norm=1", "clip+gaussian:sigma=0.01", "clip+gaussian:sigma=1", "topk:keep=0.1",
                "dp-gaussian:epsilon=8"),
}  # fmt: skip
"""720 set-ups; DP at several local steps among them."""


def grid():
    for values in itertools.product(*GRID.values()):
        given = dict(zip(GRID, values, strict=True))
        yield SetUp(**given, secure_aggregation=given["participants"] > 1)


def test_of_720_set_ups_most_have_an_answer_that_narrows_it_down():
    setups = list(grid())
    found = [estimate(setup.scenario) for setup in setups]
    assert len(setups) == 720 and all(one is not None for one in found)
    open_ones = sum(one.levels == (0, 3) for one in found)
    assert open_ones <= 0.25 * len(setups)


def test_left_out_in_turn_measured_set_ups_mostly_lie_in_their_estimate():
    inside, above, count, width = left_out()
    assert count >= 100 and inside >= 0.8 * count and above <= 0.1 * count and width <= 1.5


def test_more_pictures_steps_and_noise_never_raise_what_is_estimated_of_the_order():
    places = list(measured())
    assert all(at_most(one, one) for one in places)
    for one, other in itertools.islice(itertools.permutations(places, 2), 4000):
        if at_most(one, other):
            assert all(a <= b for a, b in zip(one.numbers[:3], other.numbers[:3], strict=True))


def test_an_estimate_is_never_said_as_a_measurement():
    far = answer(SetUp(model="lenet", batch_size=128))
    assert not far.measured and far.estimate is not None and "Estimated, not measured" in estimated(far.estimate)
    assert answer(SetUp(model="lenet")).estimate is None


def test_local_epochs_and_the_data_set_make_the_local_steps():
    setup = SetUp(model="lenet", batch_size=8, examples=100, local_epochs=2)
    assert setup.steps == 26 and setup.scenario.local_steps == 26
    assert SetUp(model="lenet", batch_size=8, local_steps=3).steps == 3


def test_dp_at_several_local_steps_is_answered_by_its_first_step():
    found = answer(SetUp(model="lenet", local_steps=5, defense="dp-gaussian:epsilon=8"))
    assert found.setup.scenario.local_steps == 1 and "first-step" in found.outside
    assert found.privacy is not None and found.privacy.releases == 5


@pytest.mark.parametrize(("rounds", "steps"), [(1, 1), (100, 1), (100, 5)])
def test_gaussian_noise_over_rounds_is_one_release_with_less_noise(rounds, steps):
    setup = SetUp(model="lenet", local_steps=steps, rounds=rounds, defense="dp-gaussian:epsilon=2")
    found = composed(setup)
    assert found.releases == rounds * steps
    expected = gaussian_epsilon(found.one.noise_multiplier / math.sqrt(found.releases), found.one.delta)
    assert found.epsilon == pytest.approx(expected) and found.epsilon >= found.one.epsilon * (1 - 1e-9)
    assert f"over {found.releases}" in composed_words(found)


def test_without_noise_there_is_no_guarantee():
    assert composed(SetUp(model="lenet", rounds=10)) is None
    assert composed(SetUp(model="lenet", rounds=10, defense="clip")) is None
