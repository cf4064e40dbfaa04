import pytest

from gi_core.data.samples import sample
from gi_core.errors import BadInput
from gi_core.evaluation.dose_response import dose_response
from gi_core.scenario import Scenario

DOSES = ("none", "clip+gaussian:sigma=0.01", "dp-gaussian:epsilon=1")


def response(doses=DOSES):
    scenario = Scenario(model="mlp:width=32", image_size=16, attack="analytic")
    return dose_response(scenario, sample("cat", 16, 3)[None], doses, draws=4)


def test_what_is_read_out_vanishes_with_the_dose():
    found = response()
    assert [dose.defense for dose in found.doses] == list(DOSES)
    assert found.doses[0].gain.mean > 0.9
    assert found.read_out
    assert found == response()


def test_where_nothing_was_read_out_there_is_no_response():
    found = response(doses=("dp-gaussian:epsilon=2", "dp-gaussian:epsilon=1"))
    assert found.returns_to_null
    assert not found.read_out


def test_a_leak_that_does_not_vanish_is_told():
    assert not response(doses=("none", "clip")).returns_to_null


def test_one_dose_or_two_pairs_tell_nothing():
    with pytest.raises(BadInput, match="at least 2 doses on 3"):
        response(doses=("none",))
