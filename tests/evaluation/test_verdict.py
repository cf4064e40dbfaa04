import pytest

from gi_core.evaluation.verdict import IDENTIFIED, PIXELS, SIGNIFICANCE, STRUCTURE, WORDS, Likeness
from gi_core.evaluation.wording import sentence, weighed


def likeness(ssim=0.05, mse=0.1, control_ssim=0.05, control_mse=0.1, rank=50, control_rank=50):
    return Likeness(ssim, mse, control_ssim, control_mse, rank, control_rank, 100)


CASES = [
    ("Nothing", "not-found", likeness()),
    ("Nothing", "not-found", likeness(ssim=0.9, rank=30)),
    (
        "Nothing",
        "guesswork",
        likeness(0.9, 0.001, 0.9, 0.001, 1, 1),
    ),
    ("Nothing", "no-gain", likeness(rank=1)),
    ("Nothing", "guesswork", likeness(ssim=0.2, mse=0.01, rank=3, control_rank=3)),
    ("Colours and layout", "layout", likeness(ssim=0.2, rank=5)),
    ("Colours and layout", "layout", likeness(mse=0.05, rank=2)),
    ("Colours and layout", "layout", likeness(ssim=0.8, mse=0.05, rank=4)),
    ("Colours and layout", "layout", likeness(ssim=0.8, mse=0.01, rank=1)),
    ("Recognisable", "recognised", likeness(ssim=0.9, rank=1)),
    ("Recognisable", "recognised", likeness(ssim=0.9, rank=1, control_rank=1)),
    ("Faithful", "copy", likeness(ssim=0.98, rank=1)),
    ("Faithful", "copy", likeness(ssim=0.98, rank=2)),
]


@pytest.mark.parametrize(("word", "code", "case"), CASES)
def test_levels_and_what_decided_them(word, code, case):
    found = case.finding()
    assert (WORDS[found.level], found.code) == (word, code)


@pytest.mark.parametrize(("word", "code", "case"), CASES)
def test_the_deciding_number_is_on_the_side_of_its_threshold_that_the_word_says(word, code, case):
    found = case.finding()
    assert found.value == getattr(case, found.number)
    reached = found.value <= found.threshold if found.number == "rank" else found.value >= found.threshold
    assert reached == (found.level > 0)


def test_a_small_pixel_error_alone_is_never_enough():
    """40 dB, but the control has it too, or the line-up does not find the picture."""
    assert likeness(mse=1e-4, control_mse=1e-4, rank=1).level() == 0
    assert likeness(mse=1e-4, rank=40).level() == 0


def test_chance_is_shared_out_among_the_pictures_of_a_batch():
    assert likeness(ssim=0.2, rank=4).level() == 1
    assert likeness(ssim=0.2, rank=4).level(8) == 0


def test_the_sentence_names_the_numbers_and_the_thresholds():
    case = likeness(ssim=0.97, rank=1)
    reason = {"code": "copy", "picture": 1, **case.to_dict()}
    assert sentence([0, 3, 0], reason).startswith("1 of 3 pictures is read out")
    assert "rank 1 (guesswork: 50)" in sentence([3], reason)
    told = weighed(reason)
    assert all(f"{share:.0%}" in told for share in (SIGNIFICANCE, IDENTIFIED, PIXELS, *STRUCTURE))
