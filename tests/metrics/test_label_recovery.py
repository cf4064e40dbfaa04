"""Labels found against an even guess."""

import pytest
import torch

import gi_core as gi
from gi_core.metrics.labels import even_guess, label_recovery, labels_right


def test_shares_count_what_both_hold():
    assert labels_right([1, 1, 2], [2, 1, 3]) == pytest.approx(2 / 3)
    assert even_guess([0, 1, 2, 3], 4) == 1
    assert even_guess([0, 0, 0, 0], 4) == 0.25


def test_a_guess_below_chance_is_called_so():
    assert "warning" in label_recovery([3, 3, 3, 3], [0, 1, 2, 3], 4)
    assert "warning" not in label_recovery([0, 0, 0, 1], [0, 0, 0, 1], 4)


@pytest.mark.parametrize(("knowledge", "said"), [("none", True), ("labels", False)])
def test_a_run_says_how_well_labels_were_recovered_unless_they_were_given(knowledge, said):
    scenario = gi.Scenario(attack="ig:steps=1", batch_size=4, knowledge=knowledge)
    trace = gi.run(scenario, torch.rand(4, 3, 32, 32, generator=torch.Generator().manual_seed(0)), device="cpu")
    assert ("label recovery" in trace.report) is said
    if said:
        assert trace.report["label recovery"]["right"] == labels_right(trace.guessed_labels, trace.labels)
