"""Ten stated set-ups, each answered by runs that exist in the store; and what the answer must not do."""

import itertools
import math
import shlex
from dataclasses import replace

import pytest
from PIL import Image

import gi_core.risk.answer as answering
from gi_core.errors import BadInput
from gi_core.evaluation.verdict import WORDS
from gi_core.risk.answer import LIMIT, answer
from gi_core.risk.evidence import Measurement, frontier_scenario, rows, runs, strip_of, tables
from gi_core.risk.set_up import SetUp, place
from gi_core.risk.wording import OUTSIDE, sentence
from gi_core.scenario import Scenario
from gi_core.store import Store, address, shipped
from gi_core.studies.judged import judged

SETUPS = {
    "one picture through a small network, no defense": SetUp(model="lenet"),
    "four pictures per update": SetUp(model="lenet", batch_size=4),
    "sixteen pictures per update": SetUp(model="lenet", batch_size=16),
    "four pictures, five local steps": SetUp(model="lenet", batch_size=4, local_steps=5),
    "fifty participants under secure aggregation": SetUp(model="lenet", participants=50, secure_aggregation=True),
    "clip and noise of a tenth of it": SetUp(model="lenet", defense="clip+gaussian:sigma=0.1"),
    "differential privacy, epsilon 1": SetUp(model="lenet", defense="dp-gaussian:epsilon=1"),
    "a fully connected network that sends its largest 10 %": SetUp(model="mlp", defense="topk:keep=0.1"),
    "a ResNet in training that sends its BatchNorm statistics along": SetUp(model="resnet18", batchnorm="shared"),
    "a vision transformer": SetUp(model="vit-tiny"),
}
"""Ten set-ups in words."""


@pytest.fixture(scope="module", params=SETUPS.values(), ids=SETUPS)
def answered(request):
    return answer(request.param)


def test_there_are_ten():
    assert len(SETUPS) == 10


def test_each_is_answered_by_runs_that_exist_in_the_store(answered):
    assert answered.measured and answered.runs
    store = Store(None)
    for near in answered.runs:
        e = near.evidence
        record = store.find(e.key)
        assert record is not None and record.origin == "shipped"
        assert (record.scenario, record.pictures) == (e.scenario, e.pictures)
        assert record.summary["verdict"]["word"] == WORDS[e.level()]
        assert record.summary["scores"]["ssim"] == pytest.approx(e.ssim, abs=1e-4)
        assert near.distance <= LIMIT
        assert e.key == address(Scenario.from_url(e.scenario.to_url()), e.pictures)


def test_the_range_is_that_of_the_strongest_attack_on_each_picture(answered):
    found = answered.found
    pictures = sum(near.evidence.count for near in answered.runs)
    strongest = {}
    for near in answered.runs:
        e = near.evidence
        key = (place(e.scenario), e.pictures)
        strongest[key] = max(strongest.get(key, -1), e.level(pictures))
    assert found.levels == (min(strongest.values()), max(strongest.values()))
    assert found.gain[0] <= found.gain[1] and found.rank[0] <= found.rank[1] <= found.candidates == 100
    assert WORDS[found.levels[0]] in sentence(answered.reason) and WORDS[found.levels[1]] in sentence(answered.reason)


def test_it_says_what_to_change_what_it_leaves_out_and_which_bounds_hold(answered):
    for change in answered.change:
        assert change.levels[1] < answered.found.levels[1] and change.runs and change.cost
    assert "protocol" in answered.outside and set(answered.outside) <= set(OUTSIDE)
    private = answered.setup.defense.startswith("dp-")  # weaker noise than that caps no identification
    assert {bound.name for bound in answered.bounds} >= ({"bits", "rero"} if private else set())
    assert not any(bound.vacuous for bound in answered.bounds)


def test_the_strongest_and_the_weakest_of_the_ten():
    assert WORDS[answer(SETUPS["one picture through a small network, no defense"]).found.levels[1]] == "Faithful"
    assert answer(SETUPS["differential privacy, epsilon 1"]).found.levels == (0, 0)


@pytest.mark.parametrize("attack", ["analytic", "fgla"])
def test_a_cheap_run_of_the_evidence_gives_the_same_score_again(attack):
    e = next(e for e in runs() if e.table == "risk" and e.scenario.attack == attack)
    again = judged(e.scenario, e.pictures).row
    assert float(again["psnr"]) == pytest.approx(e.psnr, abs=0.05)
    assert float(again["ssim"]) == pytest.approx(e.ssim, abs=2e-3)
    assert again["level"] == e.level()


def test_the_command_of_a_run_is_the_run():
    e = next(e for e in runs() if e.scenario.defense != "none" and e.scenario.batch_size == 4)
    words = shlex.split(e.command)
    assert words[:4] == ["python", "-m", "gi_core", "run"]
    given = (
        dict(itertools.batched(words[4:], 2))
        if hasattr(itertools, "batched")
        else dict(zip(words[4::2], words[5::2], strict=True))
    )
    pictures = [value for name, value in zip(words[4::2], words[5::2], strict=True) if name == "--image"]
    fields = {name[2:].replace("-", "_"): value for name, value in given.items() if name != "--image"}
    assert Scenario.from_dict({"batch_size": str(len(pictures)), **fields}) == e.scenario
    assert tuple(pictures) == e.pictures


def test_every_judged_run_ships_with_the_store_and_with_its_pictures():
    found = shipped()
    for e in runs():
        assert e.key in found
        if e.table == "risk":
            width, height = Image.open(strip_of(e)).size
            assert (width, height) == (e.scenario.image_size * e.scenario.batch_size, 3 * e.scenario.image_size)


def test_every_point_of_the_frontier_has_its_recorded_run():
    for row in rows("tradeoff"):
        assert address(frontier_scenario(row), ("digit-3",)) in shipped(), row["defense"]


# ---- what it must not do --------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "setup",
    [
        SetUp(model="swin-tiny", batch_size=64, local_steps=100),
        SetUp(model="lenet", batch_size=128),
        SetUp(model="lenet", participants=1000, secure_aggregation=True, batch_size=64),
        SetUp(model="lenet", defense="correlated:sigma=1"),
        SetUp(model="maxvit-tiny", defense="clip+gaussian:sigma=0.01"),
    ],
)
def test_far_from_everything_it_says_not_measured(setup):
    found = answer(setup)
    assert not found.measured and found.found is None and not found.change
    assert sentence(found.reason).startswith("Not measured")
    assert not any(word in sentence(found.reason) for word in WORDS[1:])


def test_only_tables_near_give_no_verdict(monkeypatch):
    monkeypatch.setattr(answering, "runs", tuple)
    found = answer(SetUp(model="resnet18", batchnorm="eval"))
    assert not found.runs and found.tables
    assert found.found is None and "without a verdict" in sentence(found.reason)


def test_a_longer_study_that_found_more_is_told(monkeypatch):
    bare = SetUp(model="lenet", defense="dp-gaussian:epsilon=1")
    more = replace(runs()[0], scenario=bare.scenario, table="tradeoff", pictures=(), judged=None, ssim=0.9,
                   control_ssim=0.0)  # fmt: skip
    monkeypatch.setattr(answering, "tables", lambda: (more,))
    assert "found more: SSIM gain +0.90" in sentence(answer(bare).reason)


def test_chance_is_shared_among_the_runs_that_an_answer_rests_on():
    e = next(e for e in runs() if e.judged.candidates == 100)
    lucky = replace(e, judged=replace(e.judged, rank=4, control_rank=50, ssim=0.3, control_ssim=0.05), count=1)
    assert lucky.level() == 1
    assert lucky.level(20) == 0
    read = replace(e, judged=replace(e.judged, rank=1, control_rank=50, ssim=0.97, control_ssim=0.05), count=1)
    assert read.level() == read.level(1000) == 3


# ---- distance -------------------------------------------------------------------------------------------------------


def test_a_narrow_network_does_not_stand_in_for_a_wide_one():
    narrow, wide = (place(Scenario(model=name)) for name in ("resnet18:width=16", "resnet18"))
    assert narrow.distance(wide) == math.inf and wide.distance(wide) == 0
    for near in answer(SetUp(model="resnet18", batchnorm="eval")).runs:
        assert "width" not in near.evidence.scenario.model


def where(**changes):
    return place(SetUp(**({"model": "lenet"} | changes)).scenario)


@pytest.mark.parametrize(
    ("changes", "distance"),
    [
        ({}, 0),
        ({"batch_size": 4}, 2),
        ({"local_steps": 2, "batch_size": 2}, 2),
        ({"participants": 8}, 0),
        ({"participants": 8, "secure_aggregation": True}, 3),
        ({"image_size": 64}, 1),
        ({"channels": 1}, 0.5),
        ({"model": "lenet:init=default"}, 0.5),
        ({"batchnorm": "eval"}, 0),
        ({"model": "mlp"}, math.inf),
        ({"model": "convnet:width=16"}, math.inf),
        ({"defense": "clip"}, math.inf),
    ],
)
def test_distance_counts_as_its_sentence_says(changes, distance):
    assert where().distance(where(**changes)) == pytest.approx(distance)
    assert where(**changes).distance(where()) == pytest.approx(distance)


def test_noise_counts_by_its_ratio_to_the_clip_whatever_its_name():
    clip = where(defense="clip:norm=2+gaussian:sigma=0.2")
    assert clip.distance(where(defense="clip+gaussian:sigma=0.1")) == pytest.approx(0)
    assert clip.distance(where(defense="clip+gaussian:sigma=0.01")) == pytest.approx(2)
    assert clip.distance(where(defense="dp-gaussian:epsilon=1")) == pytest.approx(2 * math.log10(37.306), abs=1e-3)
    assert clip.distance(where(defense="clip:scope=tensor+gaussian:sigma=0.1")) == math.inf


def test_batchnorm_matters_where_there_is_some():
    modes = [where(model="resnet18", batchnorm=mode) for mode in ("eval", "train", "shared")]
    assert all(a.distance(b) == math.inf for a, b in itertools.combinations(modes, 2))


def test_trained_weights_and_unknown_networks_are_near_to_nothing():
    assert place(Scenario(weights="trained:epoch=1")) is None
    assert {e.table for e in tables()} >= {"tradeoff", "venom-table", "fm-table"}
    assert all(isinstance(e, Measurement) for e in tables())


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"batch_size": 0}, "batch_size=0"),
        ({"defense": "magic"}, "unknown defense"),
        ({"model": "vgg"}, "unknown model"),
        ({"batchnorm": "some"}, "allowed are"),
    ],
)
def test_bad_set_ups_are_refused_in_words(changes, words):
    with pytest.raises(BadInput, match=words):
        SetUp(**changes)


def test_text_values_are_read():
    setup = SetUp.from_dict({"model": "mlp", "batch_size": "4", "secure_aggregation": "true", "participants": "9"})
    assert (setup.batch_size, setup.clients) == (4, 9)
    with pytest.raises(BadInput, match="unknown field"):
        SetUp.from_dict({"speed": "9"})
