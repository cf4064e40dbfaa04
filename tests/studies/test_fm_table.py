"""The FM and delta tables on four tiny pictures: rows, pairing, tuning on other pictures, control."""

import itertools
from types import SimpleNamespace

import numpy as np
import pytest
import torch

from gi_core.errors import BadInput
from gi_core.scenario import Scenario
from gi_core.studies import delta_table, fm_table, run_study, studies
from gi_core.studies.fm_table import attacked, tuned
from gi_core.studies.pictures import private_pictures


@pytest.fixture
def few(tmp_path, monkeypatch):
    """Eight validation pictures (every tenth of the training split) and four test pictures."""
    coarse = torch.rand(84, 3, 5, 5, generator=torch.Generator().manual_seed(0))
    images = torch.nn.functional.interpolate(coarse, 32, mode="bilinear")
    arrays = (images * 255).byte().permute(0, 2, 3, 1).numpy()
    np.savez(tmp_path / "cifar10.npz", images=arrays, labels=np.arange(84) % 10, split=np.array([0] * 80 + [1] * 4))
    monkeypatch.setenv("GI_DATA", str(tmp_path))
    for cached in (attacked, tuned):
        cached.cache_clear()
    return tmp_path


def test_rows_pair_every_method_with_total_variation(few, tmp_path):
    study = studies.parse("fm-table:settings=batch 4,methods=tv/none,steps=8,count=4")
    baseline, other = list(run_study(study, tmp_path / "out"))
    assert (baseline["setting"], baseline["method"], other["method"]) == ("batch 4", "tv", "none")
    assert float(baseline["ssim_gain"]) == 0
    assert float(other["ssim_gain"]) == pytest.approx(float(other["ssim"]) - float(baseline["ssim"]), abs=2e-4)
    assert float(other["ssim_gain_low"]) <= float(other["ssim_gain"]) <= float(other["ssim_gain_high"])
    assert [(row["count"], row["trials"], row["tuned_on"]) for row in (baseline, other)] == [
        ("4", "6", "4"),
        ("4", "1", "0"),
    ]
    assert "steps=8" in baseline["attack"]


def test_the_weight_is_chosen_on_validation_pictures_only(few, monkeypatch):
    """The trial with the best SSIM on them wins, and the control takes the same one."""
    seen = []

    def scored(study, setting, method, text, split="test"):
        seen.append((text, split))
        return [{"ssim": 0.4 + 0.2 * ("weight=0.3" in text)}], 1.0

    monkeypatch.setattr(fm_table, "attacked", scored)
    study = studies.parse("fm-table:steps=9")
    assert tuned(study, "batch 4", "flow") == "fm:prior=(flow:weight=0.3,fade=2,every=4),steps=9"
    assert [split for _, split in seen] == ["validation"] * 6
    assert tuned(study, "batch 4", fm_table.CONTROL) == tuned(study, "batch 4", "flow")
    assert tuned(study, "batch 4", "none").startswith("sme:") and len(seen) == 6


def test_validation_and_test_pictures_are_different_ones(few):
    chosen, _ = private_pictures("cifar10", 4, 32, split="validation")
    scored, _ = private_pictures("cifar10", 4, 32)
    assert torch.cdist(chosen.flatten(1), scored.flatten(1)).min() > 1


def test_seconds_become_steps(few, monkeypatch):
    clock = itertools.count()  # the start takes a second, the trial's frames take one together
    monkeypatch.setattr(fm_table, "time", SimpleNamespace(process_time=lambda: next(clock)))
    text = fm_table.METHODS["none"].text
    steps = [
        fm_table.affordable(studies.parse(f"fm-table:budget={budget}"), "batch 4", text) for budget in (0.2, 3.0, 8.0)
    ]
    assert steps == [fm_table.PROBE, 2 * fm_table.PROBE, 7 * fm_table.PROBE]


@pytest.mark.parametrize("table", [fm_table, delta_table])
def test_settings_and_methods_are_what_the_program_accepts(table):
    for options in table.SETTINGS.values():
        Scenario(**options)
    for method in table.METHODS.values():
        for trial in method.trials or ("",):
            Scenario(attack=method.text.replace("{trial}", trial).format(steps=3))


def test_every_tuned_method_of_a_table_has_as_many_trials():
    for table in (fm_table, delta_table):
        assert len({len(m.trials) for m in table.METHODS.values() if m.trials}) == 1


def test_the_delta_tables_methods_share_steps_and_start(few, tmp_path):
    study = studies.parse("delta-table:settings=(lenet, 5 steps),steps=3,count=2,tuning=2")
    rows = list(run_study(study, tmp_path / "out"))
    assert [row["method"] for row in rows] == ["ig", "sme", "fedavg-ig"]
    assert all("steps=3" in row["attack"] and row["baseline"] == "ig" for row in rows)


def test_unknown_settings_are_refused():
    with pytest.raises(BadInput, match="batch 4"):
        studies.parse("fm-table:settings=batch 5")
    with pytest.raises(BadInput, match="pnp-flow"):
        studies.parse("fm-table:methods=magic")
