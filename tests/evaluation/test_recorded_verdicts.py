"""The record that ``python -m gi_core study verdicts`` made: what it says, and that it is what the code says today."""

import csv
from pathlib import Path

import pytest

from gi_core.evaluation.controls import gain
from gi_core.evaluation.verdict import WORDS, Likeness
from gi_core.scenario import Scenario
from gi_core.studies import studies
from gi_core.studies.judged import judged, sample_names
from gi_core.studies.verdicts import ATTACKS, LEARNED, PRIVATE, READS_FIRST_LAYER

RESULTS = Path(__file__).parents[2] / "assets" / "results"
NUMBERS = {"ssim": float, "mse": float, "control_ssim": float, "control_mse": float}
PLACES = {"rank": int, "control_rank": int, "candidates": int}


def rows(attack=None, defense=PRIVATE):
    with (RESULTS / "verdicts.csv").open(newline="") as file:
        return [r for r in csv.DictReader(file) if r["defense"] == defense and attack in (None, r["attack"])]


def likeness_of(row):
    return Likeness(**{name: kind(row[name]) for name, kind in (NUMBERS | PLACES).items()})


def likeness(found, key):
    return [float(row[key]) for row in found]


def test_the_record_is_the_whole_study():
    text = (RESULTS / "verdicts.txt").read_text().splitlines()[0]
    wanted = [(c["attack"], c["model"], c["defense"], str(c["draw"])) for c in studies.parse(text).cells()]
    with (RESULTS / "verdicts.csv").open(newline="") as file:
        found = [(r["attack"], r["model"], r["defense"], r["draw"]) for r in csv.DictReader(file)]
    assert set(wanted) <= set(found) and len(set(found)) == len(found)


def test_every_recorded_word_follows_from_the_recorded_inputs():
    for row in rows() + rows("ig", "none"):
        assert WORDS[likeness_of(row).level()] == row["word"], row
        assert Scenario.from_url(row["url"]).defense_stack == Scenario(defense=row["defense"]).defense_stack


def test_without_a_defense_ig_reads_lenets_picture_out():
    """Default ``ig`` on four sample pictures with four seeds: picked out at rank 1 of 100, each of them."""
    found = rows("ig", "none")
    assert len(found) == 4
    assert {(row["rank"], row["candidates"]) for row in found} == {("1", "100")}
    assert all(row["word"] != WORDS[0] for row in found)


@pytest.mark.parametrize("attack", [READS_FIRST_LAYER, *ATTACKS])
def test_under_noise_no_gain_over_control_is_above_zero_and_the_verdict_is_nothing(attack):
    """Intervals of 1 - 5 %/attacks, as the study fixed beforehand; the draws share the chance of a lucky rank."""
    found = rows(attack)
    assert len(found) >= 16
    confidence = 1 - 0.05 / (1 + len(ATTACKS))
    interval = gain(likeness(found, "ssim"), likeness(found, "control_ssim"), confidence=confidence)
    assert interval.low <= 0 <= interval.high < 0.1
    assert max(likeness_of(row).level(len(found)) for row in found) == 0


def test_single_lucky_ranks_are_as_rare_as_the_significance_level_says():
    words = [row["word"] for row in rows()]
    assert sum(word != WORDS[0] for word in words) <= 0.05 * len(words)
    assert {"Recognisable", "Faithful"}.isdisjoint(words)


def test_a_plausible_picture_is_no_evidence():
    """Venom under noise returns smooth pictures with an SSIM well above 0 to the truth, and so does its control."""
    found = rows("venom")
    assert max(likeness(found, "ssim")) > 0.3
    assert {row["word"] for row in found} == {WORDS[0]}


def test_learned_attacks_are_all_there():
    assert {attack.partition(":")[0] for attack in ATTACKS} >= {"venom", "venom-diff", "fgla", "lti", "git", "mjolnir",
        "grnn", "dlg", "idlg", "ig"}  # fmt: skip
    assert set(LEARNED) <= set(ATTACKS)


@pytest.mark.parametrize(
    ("attack", "draw"), [(READS_FIRST_LAYER, 3), ("venom", 0), ("fgla", 5), ("git", 2), ("lti", 1)]
)
def test_recorded_rows_are_what_the_code_finds_today(attack, draw):
    row = next(r for r in rows(attack) if r["draw"] == str(draw))
    again = judged(Scenario.from_url(row["url"]), sample_names(1, draw)).row
    assert again["samples"] == row["samples"]
    for name in NUMBERS:
        assert float(again[name]) == pytest.approx(float(row[name]), abs=2e-3)
    assert abs(int(again["rank"]) - int(row["rank"])) <= 1
    assert again["word"] == row["word"]
