"""The tables of Venom and GIT: cells, measures and controls on tiny data."""

import numpy as np
import pytest
import torch

from gi_core.errors import BadInput
from gi_core.metrics.image import psnr
from gi_core.models import build
from gi_core.studies import run_study, studies
from gi_core.studies.git_table import moved
from gi_core.studies.measure import _test_split, attack_all, attack_each, held_out, noise_like
from gi_core.studies.venom_table import CONVENTIONS, VenomTable, table_victim


@pytest.fixture
def few(tmp_path, monkeypatch):
    coarse = torch.rand(12, 3, 5, 5, generator=torch.Generator().manual_seed(0))
    images = torch.nn.functional.interpolate(coarse, 32, mode="bilinear")
    arrays = (images * 255).byte().permute(0, 2, 3, 1).numpy()
    for name in ("cifar10.npz", "cifar100_subset.npz"):
        np.savez(tmp_path / name, images=arrays, labels=np.arange(12) % 10, split=np.array([0] * 4 + [1] * 8))
    monkeypatch.setenv("GI_DATA", str(tmp_path))
    _test_split.cache_clear()
    yield tmp_path
    _test_split.cache_clear()


def test_venom_table_rows_hold_control_bits_and_published_values(few, tmp_path):
    study = studies.parse("venom-table:data=cifar10,count=4,iterative_count=0,conventions=alg1")
    cells = list(study.cells())
    assert {c["epsilon"] for c in cells} == {1, 5, 10}
    rows = []
    for row in run_study(study, tmp_path / "out"):
        rows.append(row)
        if len(rows) == 1:
            break
    again = next(iter(run_study(study, tmp_path / "out")))
    assert again == rows[0]
    row = rows[0]
    assert row["attack"] == "venom"
    assert float(row["published_psnr"]) == 26.06
    assert float(row["z"]) == pytest.approx(0.4845, abs=1e-3)
    assert float(row["bits"]) == pytest.approx(8 * 3.07, rel=0.01)
    assert abs(float(row["psnr"]) - float(row["control_psnr"])) < 3


def test_every_convention_is_a_defense_that_runs(few):
    victim = build("lenet", image_shape=(3, 32, 32), num_classes=10)
    for text in CONVENTIONS.values():
        sample = attack_all("venom", text.format(10), victim, held_out("cifar10", 2), control=False)
        assert sample.images.shape == (2, 3, 32, 32)
        assert 0 <= float(sample.images.min()) <= float(sample.images.max()) <= 1
    assert VenomTable.noise("none", victim) == {"sigma": None, "z": None, "bits": None}


def test_shipped_venom_beats_its_control_on_pictures_of_another_kind(few):
    victim = build("lenet", image_shape=(3, 32, 32), num_classes=10)
    row = attack_all("venom", "none", victim, held_out("cifar10", 8)).row()
    assert row["psnr"] > row["control_psnr"] + 6
    assert row["psnr_ci"] > 0
    assert row["asr_low"] <= row["asr"] <= row["asr_high"]


def test_noise_like_keeps_each_tensors_norm_and_nothing_else(few):
    from gi_core.observation import Update

    update = Update({"a": torch.ones(100), "b": 5 * torch.ones(7)})
    blank = noise_like(update, seed=1)
    for name, tensor in update.tensors.items():
        assert float(blank.tensors[name].norm()) == pytest.approx(float(tensor.norm()), rel=1e-5)
    assert torch.cosine_similarity(blank.tensors["a"], update.tensors["a"], dim=0).abs() < 0.4


def test_git_table_moves_the_clients_weights_by_the_stated_distance():
    victim = build("lenet", image_shape=(3, 32, 32), num_classes=10)
    client = moved(victim, 0.1)
    for a, b in zip(victim.parameters(), client.parameters(), strict=True):
        assert float((a - b).detach().norm() / a.detach().norm()) == pytest.approx(0.1, rel=1e-4)
    settings = {c["setting"] for c in studies.parse("git-table:end_count=0").cells()}
    assert settings == {"clean", "noise 0.01", "noise 0.1", "shift", "weights off by 1 %", "weights off by 10 %"}


def test_tables_can_be_asked_for_by_column():
    cells = list(studies.parse("git-table:settings=to the end").cells())
    assert {c["setting"] for c in cells} == {"to the end"}
    assert {c["attack"] for c in cells} >= {"ig", "git+ig:steps=2400,lr=0.1"}
    with pytest.raises(BadInput, match="allowed are all"):
        studies.parse("git-table:settings=nowhere")
    cells = list(studies.parse("venom-table:conventions=alg1+2C/64,model=resnet18,ablations=false").cells())
    assert {c["convention"] for c in cells} == {"alg1", "2C/64"}
    assert len(cells) == len({tuple(c.values()) for c in cells}) == 2 * 2 * 3 * 8
    with pytest.raises(BadInput, match="allowed are none, alg1"):
        studies.parse("venom-table:conventions=alg2")


def test_attacks_of_a_cell_get_the_same_updates_and_control_rows_only_noise(few):
    victim = build("lenet", image_shape=(3, 32, 32), num_classes=10)
    pictures = held_out("cifar10", 2)
    together = attack_each(("fgla", "lti", "lti:pairs=3"), "gaussian:sigma=0.001", victim, pictures)
    assert together["fgla"].images.equal(attack_all("fgla", "gaussian:sigma=0.001", victim, pictures).images)
    assert isinstance(together["lti:pairs=3"], BadInput)
    blank = attack_each(("fgla",), "none", victim, pictures, control=False, blank=True)["fgla"]
    assert blank.controls is None
    assert psnr(blank.images, blank.truth).max() < psnr(together["fgla"].images, together["fgla"].truth).min()
    study = studies.parse("venom-table:data=cifar10,conventions=control,iterative_count=1,count=4,steps=2")
    (row,) = [study.measure(c) for c in study.cells() if c["attack"] == "ig"]
    assert row["budget"] == "ig:steps=2"
    assert row["count"] == 1


def test_victims_have_as_many_classes_as_the_data(tmp_path, monkeypatch):
    labels = np.array([0, 41, 99, 7, 63, 99])
    images = np.zeros((6, 32, 32, 3), dtype=np.uint8)
    np.savez(tmp_path / "cifar100_subset.npz", images=images, labels=labels, split=np.array([0, 0, 1, 1, 1, 1]))
    monkeypatch.setenv("GI_DATA", str(tmp_path))
    _test_split.cache_clear()
    assert table_victim("cifar100", "mlp:width=4").num_classes == 100
    _test_split.cache_clear()
