"""Every line of the sheet: seen where it is, and not where it is not."""

import pytest
import torch
from safetensors.torch import load_file, save_file

from gi_core.audit.checks import SEVERITIES, checks
from gi_core.audit.evidence import Evidence
from gi_core.audit.record import read
from gi_core.audit.sheet import preflight
from gi_core.audit.spectra import median_of_law, noise_of, singular_values
from gi_core.models import build

SMALL = {"side": 12, "model": {"arch": "mlp", "hidden": 24}}


def said(sheet, check):
    return " ".join(f.finding for f in sheet.of(check))


def test_one_step_of_sgd_on_two_pictures(recorded, mlp):
    folder = recorded(mlp, pictures=2, **SMALL)
    sheet = preflight(read(folder))
    assert sheet.failed == {}
    assert "One local step" in said(sheet, "steps")
    assert "is a gradient" in said(sheet, "gradient")
    assert sheet.facts["pictures_by_rank"] == 2 and sheet.facts["is_gradient"] is True
    assert "No noise" in said(sheet, "noise")
    assert not sheet.of("clipping") and not sheet.of("adam")
    assert sheet.worst == "high" and "pictures by themselves" in said(sheet, "first-layer")
    assert len(sheet.facts["labels"]) == 2


@pytest.mark.parametrize("seed", range(3))
def test_labels_and_pictures_are_counted(recorded, mlp, seed):
    folder = recorded(mlp, pictures=4, seed=seed, **SMALL)
    import numpy as np

    sheet = preflight(read(folder))
    assert sorted(sheet.facts["labels"]) == sorted(np.load(folder / "truth.npz")["labels"].tolist())
    assert sheet.facts["pictures_by_rank"] == 4


def test_several_steps_show_in_the_rank(recorded, mlp):
    sheet = preflight(read(recorded(mlp, pictures=8, batch=2, steps=4, momentum=0.9, **SMALL)))
    assert "4 local steps" in said(sheet, "steps")
    assert 7 <= sheet.facts["pictures_by_rank"] <= 8
    assert sheet.facts["is_gradient"] is False
    assert "in doubt for 4 local steps" in said(sheet, "labels")


def test_adams_first_step_is_told_whatever_the_recipe_says(recorded, mlp):
    folder = recorded(mlp, pictures=2, optimiser="adam", lr=0.001, **SMALL)
    for told, contradicted in (("adam", False), ("sgd", True)):
        sheet = preflight(read(folder, optimiser=told))
        assert sheet.facts["optimiser"] == "adam" and sheet.facts["sign_share"] > 0.99
        assert ("The recipe says SGD" in said(sheet, "adam")) == contradicted
    other = recorded(mlp, name="sgd", **SMALL)
    assert "The recipe says adam, and only" in said(preflight(read(other, optimiser="adam")), "adam")


def test_batchnorms_buffers_and_counters(recorded, net):
    folder = recorded(net, model="own", pictures=4)
    sheet = preflight(read(folder, make=type(net)))
    assert sheet.facts["steps_counted"] == 1
    assert sheet.of("batchnorm")[0].severity == "high" and sheet.of("batchnorm")[0].number == 12
    wrong = preflight(read(folder, make=type(net), steps=3))
    assert "tells of 3 local steps, BatchNorm counted 1" in said(wrong, "steps")
    torch.manual_seed(0)
    kept = recorded(type(net)(), model="own", pictures=4, buffers=False, name="kept")
    assert preflight(read(kept, make=type(net))).of("batchnorm")[0].severity == "info"


def noisy(sigma, seed=0):
    generator = torch.Generator().manual_seed(seed)
    return lambda b, a: {k: v + sigma * torch.randn(v.shape, generator=generator) for k, v in a.items()}


@pytest.mark.parametrize("sigma", [0.01, 0.3])
def test_noise_is_measured_in_the_update(recorded, mlp, sigma):
    sheet = preflight(read(recorded(mlp, changed=noisy(sigma), **SMALL)))
    assert sheet.facts["noise"] == pytest.approx(sigma, rel=0.15)
    assert sheet.facts["pictures_by_rank"] is None
    assert "in doubt for noise" in said(sheet, "labels")


def test_the_estimate_of_noise_follows_the_law():
    generator = torch.Generator().manual_seed(0)
    for shape in ((40, 50), (20, 200), (64, 64)):
        values = singular_values(0.3 * torch.randn(*shape, generator=generator, dtype=torch.float64))
        assert noise_of(values, shape, 0.0) == pytest.approx(0.3, rel=0.1)
    assert median_of_law(1e-3) == pytest.approx(1.0, abs=0.01)


def test_clean_updates_raise_no_false_alarm_of_noise_and_noise_no_miss(recorded, mlp):
    clean, missed = 0, 0
    record = read(recorded(mlp, pictures=2, **SMALL))
    import dataclasses

    for seed in range(200):
        generator = torch.Generator().manual_seed(seed)
        labels = torch.randint(10, (3,), generator=generator)
        images = torch.rand(3, 3, 12, 12, generator=generator)
        loss = record.victim.loss(images, labels)
        names, parameters = zip(*record.victim.named_parameters(), strict=True)
        gradient = torch.autograd.grad(loss, parameters)
        change = {n: -0.1 * g.double() for n, g in zip(names, gradient, strict=True)}
        clean += bool(Evidence(dataclasses.replace(record, change=change)).noise)
        if seed < 20:
            loud = {n: t + 0.05 * torch.randn(t.shape, generator=generator) for n, t in change.items()}
            missed += not Evidence(dataclasses.replace(record, change=loud)).noise
    assert clean <= 2 and missed == 0


def test_a_clip_shows_in_the_norm(recorded, mlp):
    def clipped(before, after):
        delta = {k: after[k] - before[k] for k in after}
        norm = sum(float(d.square().sum()) for d in delta.values()) ** 0.5
        return {k: before[k] + 0.01 / norm * d for k, d in delta.items()}

    named = recorded(mlp, changed=clipped, filters=[{"name": "fixedclipping_mod", "options": {"clipping_norm": 0.01}}],
                     **SMALL)  # fmt: skip
    sheet = preflight(read(named))
    assert "was clipped" in said(sheet, "clipping") and sheet.facts["is_gradient"] is True


def percentile(before, after, gamma, cut):
    """NVIDIA FLARE's PercentilePrivacy, on a difference."""
    delta = {k: after[k] - before[k] for k in after}
    return {k: d.where(d.abs() >= cut, 0.0).clamp(-gamma, gamma) for k, d in delta.items()}


@pytest.mark.parametrize(("gamma", "word"), [(10.0, "did nothing"), (1e-4, "cut ")])
def test_what_a_filter_did_and_did_not(recorded, mlp, gamma, word):
    folder = recorded(
        mlp, sends="weights", changed=lambda b, a: percentile(b, a, gamma, 0.0),
        filters=[{"name": "PercentilePrivacy", "options": {"percentile": 10, "gamma": gamma}}], **SMALL,
    )  # fmt: skip
    assert word in said(preflight(read(folder, sends="delta")), "filters")


def test_a_filter_on_whole_weights_is_recognised(recorded, mlp):
    folder = recorded(mlp, changed=lambda b, a: {k: v.clamp(-0.01, 0.01) for k, v in a.items()}, **SMALL)
    sheet = preflight(read(folder))
    assert sheet.facts["weights_cut_to"] == pytest.approx(0.01)
    assert "met whole weights" in said(sheet, "filters") and "no update" in said(sheet, "gradient")


def test_nothing_sent_is_said(recorded, mlp):
    folder = recorded(mlp, changed=lambda b, a: b, **SMALL)
    sheet = preflight(read(folder))
    assert sheet.of("empty") and sheet.failed == {}


def test_the_claimed_epsilon_is_held_against_the_accountant(recorded, mlp):
    options = {"clipping_norm": 1.0, "sensitivity": 1e-4, "epsilon": 10.0, "delta": 1e-5}
    folder = recorded(mlp, filters=[{"name": "LocalDpMod", "options": options}], **SMALL)
    finding = preflight(read(folder)).of("privacy")[0]
    assert finding.severity == "warning" and finding.number > 1e6
    honest = preflight(read(folder, filters=[{"name": "LocalDpMod", "options": options | {"sensitivity": 1.0}}]))
    assert honest.of("privacy")[0].number == pytest.approx(10.39, abs=0.05)


@pytest.mark.parametrize("name", ["net", "lenet", "mlp", "resnet18:width=8", "convnet:width=8"])
def test_shipped_victims_raise_no_alarm(tmp_path, name):
    victim = build(name, image_shape=(3, 32, 32), num_classes=10)
    for role in ("before", "sent"):
        save_file(victim.state_dict(), tmp_path / f"{role}.safetensors")
    found = preflight(read(tmp_path, model=name, sends="weights", lr=0.1)).of("weights-received")
    assert [f.severity for f in found] == ["info"]


def test_a_ladder_in_the_first_layer_is_seen(recorded, mlp):
    with torch.no_grad():
        mlp.layers[1].weight.copy_(mlp.layers[1].weight[:1].expand(24, -1))
        mlp.layers[1].bias.copy_(torch.linspace(-1, 1, 24))
    sheet = preflight(read(recorded(mlp, **SMALL)))
    assert "high" in {f.severity for f in sheet.of("weights-received")}


def test_every_check_has_a_line_and_plain_severities(recorded, mlp):
    sheet = preflight(read(recorded(mlp, **SMALL)))
    assert {f.check for f in sheet.findings} <= set(checks.names())
    assert all(f.severity in SEVERITIES and f.finding.endswith((".", ":")) for f in sheet.findings)


def test_negative_zero_is_zero(recorded, mlp):
    folder = recorded(mlp, sends="delta", changed=lambda b, a: {k: -0.0 * v for k, v in a.items()}, **SMALL)
    assert Evidence(read(folder)).empty
    assert load_file(folder / "sent.safetensors")
