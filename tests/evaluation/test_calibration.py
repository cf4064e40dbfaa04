"""The words are calibrated: what the record of ``study calibration`` says of pictures that chose no threshold."""

import csv
from dataclasses import replace

import pytest

from gi_core.evaluation.calibration import (
    MISSED,
    NAMED,
    SAME,
    above,
    because,
    chosen,
    halves,
    left_out,
    viewed,
)
from gi_core.evaluation.verdict import STRUCTURE
from gi_core.paths import ASSETS
from gi_core.studies import studies
from gi_core.studies.base import key_of

TABLE = ASSETS / "results" / "calibration.csv"


@pytest.fixture(scope="module")
def rows():
    with TABLE.open(newline="") as file:
        return list(csv.DictReader(file))


def test_the_record_is_the_whole_study(rows):
    study = studies.parse(TABLE.with_suffix(".txt").read_text().splitlines()[0])
    keys = [tuple(row[key] for key in study.keys) for row in rows]
    assert len(set(keys)) == len(keys) and {key_of(study, cell) for cell in study.cells()} <= set(keys)


def test_no_picture_both_chooses_and_tests(rows):
    fit, held_out = halves(viewed(rows))
    assert not {v.number for v in fit} & {v.number for v in held_out}
    assert min(len(fit), len(held_out)) >= 200


def test_the_thresholds_are_those_that_one_half_chooses(rows):
    assert chosen(halves(viewed(rows))[0]) == STRUCTURE[1:]


def test_on_pictures_that_chose_nothing_recognisable_is_right_and_nothing_is_seldom_wrong(rows):
    held_out = halves(viewed(rows))[1]
    levels = [v.likeness.level() for v in held_out]
    named = [v for v, level in zip(held_out, levels, strict=True) if level >= 2]
    assert len(named) >= 30 and because(named) >= NAMED
    nothing = [v for v, level in zip(held_out, levels, strict=True) if level == 0]
    assert len(nothing) >= 100 and because(nothing) <= MISSED
    faithful = above(held_out, STRUCTURE[2])
    assert sum(v.same for v in faithful) >= (SAME - 0.05) * len(faithful)


def test_what_the_control_names_too_does_not_count(rows):
    some = viewed(rows)[:20]
    made_up = [replace(v, named=True, control_named=True) for v in some[:10]]
    told = [replace(v, named=True, control_named=False) for v in some[10:]]
    assert because(told) == 1 and because(made_up + told) == 1
    assert because([replace(v, named=v.control_named) for v in some]) == 0


def test_an_attack_that_chose_nothing_is_told_as_it_is(rows):
    """Each attack against thresholds chosen without it: what is exact holds, what is blurred does not."""
    found = left_out(rows)
    assert {one.attack for one in found} >= {"analytic", "dlg", "fgla", "ig", "venom"}
    named, missed = [one for one in found if one.count], [one for one in found if one.nothing]
    total = sum(one.count for one in named)
    share = sum(one.named * one.count for one in named) / total
    wrong = sum(one.missed * one.nothing for one in missed) / sum(one.nothing for one in missed)
    assert next(one for one in found if one.attack == "analytic").named >= NAMED and wrong <= MISSED
    page = " ".join((ASSETS.parent / "docs" / "verdicts.md").read_text().split())
    assert f"All together {share:.1%} of {total} are named".replace("%", " %") in page
    assert f"and {wrong:.1%} of *Nothing*".replace("%", " %") in page


def test_the_page_counts_the_record(rows):
    assert f"({len(rows):,} reconstructions" in (ASSETS.parent / "docs" / "verdicts.md").read_text()


def test_the_page_states_the_shares_of_each_word_alone(rows):
    fit, held_out = halves(viewed(rows))
    page = " ".join((ASSETS.parent / "docs" / "verdicts.md").read_text().split())
    alone = [[v for v in half if v.likeness.level() == level] for level in (2, 1) for half in (held_out, fit)]
    tested, chose, layout, layout_chose = (f"{because(group):.0%}".replace("%", " %") for group in alone)
    assert f"no more, {tested} were named on the pictures that chose nothing ({len(alone[0])} of them)" in page
    assert f"{chose} on those that chose ({len(alone[1])}); of *Colours and layout* {layout} and {layout_chose}" in page
