"""Whether an attack had ended, told from its losses alone."""

import pytest

from gi_core.evaluation.settled import settled, still_falling


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
