"""Whether an attack had ended, told from its losses alone; and whether a cell's word stands."""

from dataclasses import replace

import pytest

from gi_core.evaluation.settled import Doubled, cell_settled, settled, still_falling
from gi_core.evaluation.verdict import Likeness


def way(loss, count=41):
    return [(i, loss(i / (count - 1))) for i in range(count)]


@pytest.mark.parametrize(
    ("loss", "falling"),
    [
        (lambda t: 1.0, False),
        (lambda t: max(0.2, 1 - 2 * t), False),
        (lambda t: 1 - 0.9 * t, True),
        (lambda t: 10.0 ** (-6 * t), True),
        (lambda t: 1 + t, False),
        (lambda t: 0.3 + 0.7 * 0.001**t, False),
    ],
)
def test_a_plateau_is_told_from_a_fall(loss, falling):
    assert still_falling(way(loss)) is falling


def test_the_scale_of_the_loss_and_single_outliers_do_not_matter():
    losses = way(lambda t: max(0.2, 1 - 2 * t))
    assert still_falling([(i, 1e-9 * loss) for i, loss in losses]) is False
    losses[-3] = (losses[-3][0], 5.0)
    assert still_falling(losses) is False


def test_too_few_losses_tell_nothing():
    assert still_falling(way(lambda t: 1 - t, 4)) is None and settled([]) is None


def test_the_restart_of_lowest_loss_counts():
    rows = [{"restart": 0, "iteration": i, "loss": 2 - 0.04 * i} for i in range(41)]
    rows += [{"restart": 1, "iteration": 41 + i, "loss": 0.1} for i in range(41)]
    assert settled(rows) is True and settled(rows[:41]) is False


# ---- a cell: pictures by seeds --------------------------------------------------------------------------------------

NOTHING = Likeness(0.05, 0.1, 0.04, 0.1, 50, 50, 100)
READ = Likeness(0.97, 0.001, 0.04, 0.1, 1, 50, 100)


def cell(whole=NOTHING, half=NOTHING, loss=0.99, half_loss=1.0, updates=3, seeds=2):
    return [Doubled(u, s, whole, loss, half, half_loss) for u in range(updates) for s in range(seeds)]


def test_a_picture_that_was_read_out_needs_no_second_run():
    assert cell_settled(cell(READ, None)) == "leaks"
    assert cell_settled([*cell(READ, None), Doubled(3, 0, NOTHING)]) == "leaks"


def test_nothing_stands_only_once_twice_the_budget_found_nothing_new():
    assert cell_settled(cell()) == "plateau"
    assert cell_settled(cell(half=None)) == "short"
    assert cell_settled(cell(loss=0.85)) == "short"
    assert cell_settled(cell(replace(NOTHING, ssim=0.15))) == "short"


def test_one_run_that_found_more_withdraws_the_word():
    found = cell()
    found[2] = replace(found[2], whole=replace(NOTHING, rank=1, ssim=0.14))
    assert cell_settled(found) == "short" and not found[2].told_nothing_new(6)
    assert found[0].told_nothing_new(6)


@pytest.mark.parametrize(("updates", "seeds"), [(2, 2), (3, 1), (1, 6)])
@pytest.mark.parametrize("likeness", [NOTHING, READ])
def test_too_few_pictures_or_seeds_settle_nothing(updates, seeds, likeness):
    assert cell_settled(cell(likeness, likeness, updates=updates, seeds=seeds)) == "short"


def test_a_closed_form_has_no_budget_to_double():
    once = [replace(run, half=None, single_pass=True) for run in cell()]
    assert cell_settled(once) == "plateau" and once[0].told_nothing_new()
    assert cell_settled(once[:5]) == "short"
