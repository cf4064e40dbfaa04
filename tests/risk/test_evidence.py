"""One table of everything recorded, and one answer to what got most out of a setting."""

import itertools
import json
import random
import statistics

import pytest
import torch
from click.testing import CliRunner

from gi_core.cli import main
from gi_core.data.sources import open_picture
from gi_core.errors import BadInput
from gi_core.metrics.image import psnr
from gi_core.paths import ASSETS
from gi_core.risk.collect import everything
from gi_core.risk.evidence import TABLE, by_setting, judged_runs, measurements, row_of, runs, strongest, tables, written
from gi_core.risk.pictures import kept_pictures
from gi_core.risk.set_up import EXAMPLES, SetUp, setting_of
from gi_core.scenario import Scenario
from gi_core.web.screens.evidence import evidence
from gi_core.web.screens.evidence.answers import risk_answer

NOT_COMPARED = ("version",)


@pytest.fixture(scope="module")
def drawn():
    """Ten recorded settings, at random but always the same ones."""
    return random.Random(16).sample(sorted(by_setting(), key=Scenario.to_json), 10)


def test_the_table_is_what_the_studies_left():
    stated = [{k: v for k, v in row_of(one).items() if k not in NOT_COMPARED} for one in measurements()]
    left = [{k: v for k, v in row_of(one).items() if k not in NOT_COMPARED} for one in everything()]
    assert stated == left, "gi evidence --collect"


def test_reading_the_table_loses_nothing():
    assert written(list(measurements())) == TABLE.read_text()


def test_every_run_is_a_judged_run_or_a_row_over_pictures():
    assert len(runs()) >= 500 and len(tables()) >= 300
    assert all(one.judged is not None and one.key for one in runs())


def test_nothing_recorded_beats_the_strongest():
    for one in measurements():
        best = strongest(one.scenario)
        assert best is not None and best.structure >= one.structure - 1e-3, row_of(one)


def test_a_setting_is_what_is_attacked_not_who_attacks():
    bare = setting_of(Scenario())
    for changes in ({"attack": "venom"}, {"seed": 3}, {"knowledge": "none"}, {"mode": "train"}):
        assert setting_of(Scenario(**changes)) == bare
    assert setting_of(Scenario(defense="clip")) != bare
    resnet = Scenario(model="resnet18", mode="train")
    assert setting_of(resnet.replace(knowledge="labels+buffers")) != setting_of(resnet)
    assert setting_of(Scenario(model="resnet18:width=16")) != setting_of(Scenario(model="resnet18"))


def test_the_strongest_on_a_bare_resnet_is_span_wherever_one_asks():
    best = strongest(Scenario(model="resnet18", seed=4, attack="venom"))
    assert best.scenario.attack_component.name == "span" and best.psnr > 40
    told = risk_answer({"model": "resnet18", "batchnorm": "eval"})
    assert told["strongest"]["attack"] == best.scenario.attack
    assert any(run["attack"].startswith("span") for run in told["runs"])


@pytest.mark.parametrize("example", EXAMPLES)
def test_risk_states_the_strongest_of_its_very_setting(example):
    best, told = strongest(EXAMPLES[example].scenario), risk_answer(vars(EXAMPLES[example]))["strongest"]
    assert (told is None) == (best is None)
    if best is not None:
        assert (told["attack"], told["psnr"], told["level"]) == (best.scenario.attack, best.psnr, best.level())


def test_risk_hands_out_the_link_of_its_scenario():
    setup = SetUp(
        model="resnet18", batchnorm="shared", defense="topk:keep=0.1", participants=8, secure_aggregation=True
    )
    told = risk_answer(vars(setup))
    assert Scenario.from_url(told["query"]) == setup.scenario
    assert setup.scenario.knowledge == "labels+defense+buffers"


def test_the_command_line_gives_the_same_strongest_result(drawn):
    for setting in drawn:
        result = CliRunner().invoke(main, ["evidence", "--json", *flags(setting)])
        assert result.exit_code == 0, result.output
        assert json.loads(result.stdout)["strongest"] == row_of(strongest(setting))


def test_ten_drawn_settings_have_one_strongest_result_in_every_room():
    """Settings that a person can ask Risk for, drawn among those that Explore's atlas holds: all four rooms agree."""
    rng, askable = random.Random(22), {}
    for setting in by_setting():
        setup = asked_of(setting)
        if setup is not None and any(m.table == "atlas" for m in by_setting()[setting]):
            askable[setting] = setup
    assert len(askable) >= 10
    for setting in rng.sample(sorted(askable, key=Scenario.to_json), 10):
        best = strongest(setting)
        by_risk = risk_answer(vars(askable[setting]))["strongest"]
        assert (by_risk["attack"], by_risk["psnr"], by_risk["table"]) == (best.scenario.attack, best.psnr, best.table)
        told = CliRunner().invoke(main, ["evidence", "--json", *flags(setting)]).stdout
        assert json.loads(told)["strongest"] == row_of(best)
        in_atlas = [m for m in by_setting()[setting] if m.table == "atlas"]
        by_explore = max(in_atlas, key=lambda m: m.structure)
        found = [m for m in by_setting()[setting] if m.level() and shares(m, in_atlas)]
        assert all(m.structure <= by_explore.structure + 0.05 for m in found)
        for row, column in itertools.product(evidence.ROWS, evidence.COLUMNS):
            if best.judged and evidence.stands_in(best, row, column) and best.scenario.weights == "init":
                assert round(evidence.cell_runs(row, column)[0].structure, 3) >= round(best.structure, 3)


def asked_of(setting):
    """The set-up that a person would describe so; None where Risk does not ask for it."""
    options = {
        "model": setting.model, "image_size": setting.image_size, "channels": setting.channels,
        "batch_size": setting.batch_size, "local_steps": setting.local_steps, "defense": setting.defense,
        "batchnorm": "eval", "participants": setting.clients, "secure_aggregation": setting.clients > 1,
    }  # fmt: skip
    try:
        setup = SetUp(**options)
    except BadInput:
        return None
    return setup if setting_of(setup.scenario) == setting else None


def flags(setting):
    return [f"--{name.replace('_', '-')}={value}" for name, value in setting.to_dict().items()]


def shares(one, others):
    """Whether it attacked the pictures and the draw of noise of one of these."""
    return any((m.pictures, m.scenario.seed) == (one.pictures, one.scenario.seed) for m in others)


def test_explores_cells_show_the_strongest_of_what_was_tried_there():
    """Of the same pictures under the same setting and draw of noise nothing recorded beats a cell of the atlas."""
    index = json.loads((ASSETS / "atlas" / "index.json").read_text())
    cells = [(one, cell) for one in index["sets"] for cell in one["cells"]]
    for one, cell in cells:
        setting, pictures = setting_of(Scenario.from_dict(cell["scenario"])), tuple(one["pictures"])
        seed = cell["scenario"].get("seed", 0)
        rivals = [m for m in by_setting()[setting] if m.pictures == pictures and m.scenario.seed == seed]
        own = max(m.structure for m in rivals if m.table == "atlas")
        found = [m.structure for m in rivals if m.level()]  # what is judged Nothing is luck
        assert max(found, default=own) <= own + 0.05, (one["id"], cell["strength"])


def test_no_setting_on_the_map_has_a_stronger_judged_run_than_its_cell_shows():
    """The vision transformer's cell said Nothing while the atlas held a run that showed its colours and layout."""
    for row, column in itertools.product(evidence.ROWS, evidence.COLUMNS):
        shown = evidence.cell_runs(row, column)
        for found in by_setting().values():
            judged = [
                e for e in found if e.judged and e.scenario.weights == "init" and evidence.stands_in(e, row, column)
            ]
            assert all(round(e.structure, 3) <= round(shown[0].structure, 3) for e in judged)


@pytest.mark.parametrize("mixed", [1, 4])
def test_the_atlas_gives_its_pictures_back(mixed):
    """What is cut out of stills and films scores as the run did: to 8 bits, or to what a lossy film keeps."""
    near = 0.5 if mixed == 1 else 3.0
    found = [e for e in judged_runs() if e.table == "atlas" and len(e.pictures) == mixed]
    assert len(found) >= 12
    off = []
    for e in found:
        images, control = kept_pictures(e)
        truth = torch.stack([open_picture(n, e.scenario.image_size, e.scenario.channels) for n in e.pictures])
        assert images.shape == control.shape == truth.shape
        off.append(abs(float(psnr(images, truth).mean()) - e.psnr))
    assert statistics.median(off) < near


def test_a_lane_of_a_comparison_gives_its_pictures_back():
    found = [(e, kept) for e in judged_runs() if e.table == "comparisons" and (kept := kept_pictures(e)) is not None]
    assert len(found) >= 10
    for e, (images, control) in found:
        truth = torch.stack([open_picture(n, e.scenario.image_size, e.scenario.channels) for n in e.pictures])
        assert images.shape == control.shape == truth.shape
        exact = 50  # dB: from there on 8 bits tell no more
        assert min(exact, float(psnr(images, truth).mean())) == pytest.approx(min(exact, e.psnr), abs=0.3)
