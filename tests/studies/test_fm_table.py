"""The FM table on four tiny pictures: its rows, its pairing, its control."""

import itertools
from types import SimpleNamespace

import numpy as np
import pytest
import torch

from gi_core.run import prepare
from gi_core.scenario import Scenario
from gi_core.studies import fm_table, run_study, studies
from gi_core.studies.fm_table import METHODS, SETTINGS, attacked
from gi_core.studies.pictures import private_pictures


@pytest.fixture
def few(tmp_path, monkeypatch):
    coarse = torch.rand(8, 3, 5, 5, generator=torch.Generator().manual_seed(0))
    images = torch.nn.functional.interpolate(coarse, 32, mode="bilinear")
    arrays = (images * 255).byte().permute(0, 2, 3, 1).numpy()
    np.savez(tmp_path / "cifar10.npz", images=arrays, labels=np.arange(8), split=np.array([0] * 4 + [1] * 4))
    monkeypatch.setenv("GI_DATA", str(tmp_path))
    attacked.cache_clear()
    return tmp_path


def test_rows_pair_every_method_with_total_variation(few, tmp_path):
    study = studies.parse("fm-table:settings=batch 4,methods=tv/none,budget=0.2,count=4")
    baseline, other = list(run_study(study, tmp_path / "out"))
    assert (baseline["setting"], baseline["method"], other["method"]) == ("batch 4", "tv", "none")
    assert float(baseline["ssim_gain"]) == 0
    assert float(other["ssim_gain"]) == pytest.approx(float(other["ssim"]) - float(baseline["ssim"]), abs=2e-4)
    assert float(other["ssim_gain_low"]) <= float(other["ssim_gain"]) <= float(other["ssim_gain_high"])
    assert baseline["count"] == "4"
    assert "steps=" in baseline["attack"]


def test_seconds_become_steps(few, monkeypatch):
    clock = itertools.count()  # the trial's frames take one second together
    monkeypatch.setattr(fm_table, "time", SimpleNamespace(process_time=lambda: next(clock)))
    truth, labels = private_pictures("cifar10", 4, 32)
    observation = prepare(Scenario(model="lenet", batch_size=4), truth, labels, device="cpu").observation
    steps = [fm_table.affordable(METHODS["none"], observation, budget) for budget in (0.2, 2.0, 7.0)]
    assert steps == [fm_table.PROBE, 2 * fm_table.PROBE, 7 * fm_table.PROBE]


def test_settings_and_methods_are_what_the_program_accepts():
    for options in SETTINGS.values():
        if "weights" not in options:
            Scenario(**options)
    for text in METHODS.values():
        Scenario(attack=text.format(steps=3))


def test_unknown_settings_are_refused():
    from gi_core.errors import BadInput

    with pytest.raises(BadInput, match="batch 4"):
        studies.parse("fm-table:settings=batch 5")
    with pytest.raises(BadInput, match="pnp-flow"):
        studies.parse("fm-table:methods=magic")
