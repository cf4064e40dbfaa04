from gi_core.scenario import Scenario
from gi_core.studies import studies
from gi_core.studies.risk import cell_of, names_of, scenario_of
from gi_core.studies.verdicts import ATTACKS, PRIVATE


def test_the_grid_spans_the_controls_of_the_page():
    study = studies.parse("risk")
    cells = list(study.cells())
    assert len({tuple(cell.values()) for cell in cells}) == len(cells) >= 120
    assert all(tuple(cell) == study.keys for cell in cells)
    for name, wanted in {
        "batch_size": {1, 2, 4, 12}, "local_steps": {1, 5, 20}, "clients": {1, 8, 64}, "image_size": {16, 28, 32, 64},
        "mode": {"eval", "train"}, "channels": {1, 3},
    }.items():  # fmt: skip
        assert {cell[name] for cell in cells} == wanted
    families = {cell["model"].partition(":")[0] for cell in cells}
    assert families >= {"lenet", "mlp", "convnet", "resnet18", "vit-tiny", "convnext-atto"}
    assert len({cell["attack"].partition(":")[0] for cell in cells}) >= 6
    for cell in cells:
        assert cell_of(scenario_of(cell)) == cell
        assert len(names_of(scenario_of(cell))) == cell["batch_size"]


def test_a_cell_holds_what_the_verdict_weighs_and_its_pictures():
    study = studies.parse("risk")
    row = study.measure(cell_of(Scenario(model="mlp:width=32", attack="analytic", batch_size=2, image_size=16)))
    (strip,) = row.pop("pictures").values()
    assert strip.shape == (3, 3 * 16, 2 * 16)
    assert set(row) == set(study.columns)
    assert (row["word"], row["samples"], row["refused"]) == ("Faithful", "cat+coffee", None)
    assert float(row["psnr"]) > float(row["control_psnr"])


def test_an_attack_that_does_not_apply_says_why():
    row = studies.parse("risk").measure(cell_of(Scenario(attack="analytic")))
    assert row["word"] is None and "fully-connected" in row["refused"]


def test_verdicts_take_one_attack_or_all():
    cells = list(studies.parse("verdicts:draws=2,bare=1").cells())
    assert len(cells) == 2 * (1 + len(ATTACKS)) + 1
    assert (cells[-1]["attack"], cells[-1]["defense"]) == ("ig", "none")
    one = list(studies.parse("verdicts:draws=2,bare=0,attack=venom").cells())
    assert [(c["attack"], c["defense"], c["draw"]) for c in one] == [("venom", PRIVATE, 0), ("venom", PRIVATE, 1)]
