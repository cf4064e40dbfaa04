"""Inputs that once ended in a traceback, hung, or lost the run."""

from __future__ import annotations

import errno
import json
import os
import sys

import pytest
import torch
from torch import nn

from gi_core.cli import entry_point, list_
from gi_core.data.samples import sample
from gi_core.models import own
from gi_core.trace import Trace


@pytest.fixture
def gi(monkeypatch, capfd):
    """(exit status, stdout, stderr) of ``gi ARGUMENTS``, in this process."""

    def call(*arguments: str) -> tuple[int, str, str]:
        monkeypatch.setattr(sys, "argv", ["gi", *arguments])
        try:
            entry_point()
            status = 0
        except SystemExit as ended:
            status = ended.code or 0
        return status, *capfd.readouterr()

    return call


def refused(answer: tuple[int, str, str], *words: str) -> None:
    """One sentence that holds the words, status 2, nothing on stdout."""
    status, out, err = answer
    assert status == 2 and out == "" and "Traceback" not in err
    sentences = [line for line in err.splitlines() if line.startswith("error")]
    assert len(sentences) == 1 and len(sentences[0]) < 700
    for word in words:
        assert word in sentences[0], sentences[0]


SHORT = ("run", "--model", "mlp", "--attack", "analytic", "--image", "cat")


def test_a_report_that_holds_tensors_is_printed_and_kept(gi, tmp_path):
    attack = ("--model", "lenet", "--attack", "dia:steps=2", "--defense", "dropout", "--mode", "train")
    status, out, err = gi(
        "run", *attack, "--image", "cat", "--knowledge", "labels+defense", "--json", "--out", str(tmp_path)
    )
    assert status == 0, err
    assert json.loads(out) == json.loads((tmp_path / "trace.json").read_text())


@pytest.mark.skipif(torch.cuda.is_available(), reason="there is CUDA here")
def test_a_device_that_is_not_there(gi):
    refused(gi(*SHORT, "--device", "cuda"), "cuda", "cpu")


def test_a_device_that_nobody_knows(gi):
    refused(gi(*SHORT, "--device", "abacus"), "abacus", "cpu")


@pytest.mark.usefixtures("own_names_forgotten")
def test_batchnorm_on_one_value_per_channel(gi):
    own.use("normalised", lambda: nn.Sequential(nn.Flatten(), nn.BatchNorm1d(3 * 32 * 32), nn.Linear(3 * 32 * 32, 10)))
    arguments = ("run", "--model", "normalised", "--attack", "ig:steps=1", "--image", "cat", "--mode", "train")
    refused(gi(*arguments), "mode=train", "mode=eval")
    assert gi(*arguments, "--image", "coffee")[0] == 0


@pytest.mark.parametrize("digits", [20, 900, 9000])
def test_a_seed_of_many_digits(gi, digits):
    refused(gi(*SHORT, "--seed", "9" * digits), "seed")


@pytest.mark.skipif(not os.path.exists("/dev/zero"), reason="no /dev/zero here")
def test_a_device_file_is_no_picture(gi):
    refused(gi("run", "--model", "mlp", "--attack", "analytic", "--image", "/dev/zero"), "/dev/zero")


def test_a_folder_of_pictures_is_a_batch(gi, tmp_path):
    from PIL import Image

    refused(gi("run", "--image", str(tmp_path)), "no picture")
    for name in ("b", "a", "c"):
        pixels = (sample("cat", 16, 3).movedim(0, -1) * 255).byte().numpy()
        Image.fromarray(pixels).save(tmp_path / f"{name}.png")
    (tmp_path / "notes.txt").write_text("not a picture")
    status, out, err = gi("run", "--model", "mlp", "--attack", "ig:steps=2", "--image", str(tmp_path), "--json")
    assert status == 0, err
    assert json.loads(out)["scenario"]["batch_size"] == 3


@pytest.mark.parametrize("command", [SHORT, ("study", "degradation"), ("train", "victim")], ids=lambda c: c[0])
def test_an_occupied_path_is_refused_before_the_work(gi, tmp_path, command, monkeypatch):
    monkeypatch.setattr("gi_core.client.gradient", lambda *_: pytest.fail("worked before it looked at --out"))
    occupied = tmp_path / "file"
    occupied.write_text("mine")
    for path in (occupied, occupied / "below"):
        refused(gi(*command, "--out", str(path)), "--out")
    assert occupied.read_text() == "mine"


def test_a_disk_that_fills_up_loses_no_summary(gi, tmp_path, monkeypatch):
    def full(*_: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(Trace, "save", full)
    status, out, err = gi(*SHORT, "--json", "--out", str(tmp_path))
    assert status == 1 and json.loads(out)["scores"][0]["psnr"] > 60
    assert "No space left" in err


PLUGIN = '''
from dataclasses import dataclass

import torch

from gi_core.attacks import Attack, attacks
from gi_core.inversion.frame import Frame


@attacks.register("{name}")
@dataclass(frozen=True, kw_only=True)
class Grey(Attack):
    """Answers with grey."""

    assumes = fails = defend = "nothing"

    @property
    def iterations(self):
        return 1

    def run(self, observation, seed):
        images = torch.full((observation.batch_size, *observation.victim.image_shape), 0.5)
        yield Frame(0, images, torch.tensor(0.0), {{}})
'''


def test_an_attack_of_ones_own(gi, tmp_path, monkeypatch):
    from gi_core.attacks import attacks

    monkeypatch.setattr("gi_core.plugins._loaded", {})
    file = tmp_path / "mine.py"
    file.write_text(PLUGIN.format(name="grey-plugin"))
    try:
        status, out, err = gi("run", "--plugin", str(file), "--attack", "grey-plugin", "--image", "cat", "--json")
        assert status == 0, err
        assert json.loads(out)["iterations"] == 1
        status, out, err = gi("list", "attacks", "--plugin", str(file))
        assert status == 0 and "grey-plugin" in out
    finally:
        attacks._classes.pop("grey-plugin", None)
    refused(gi("list", "--plugin", str(tmp_path / "missing.py")), "missing.py")
    (tmp_path / "broken.py").write_text("import nowhere_to_be_found")
    refused(gi("list", "--plugin", str(tmp_path / "broken.py")), "nowhere_to_be_found")


def test_the_catalogue_is_remembered_until_a_source_changes(gi, tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    monkeypatch.setattr(list_, "loaded_plugins", tuple)
    first = gi("list", "--json")
    assert list_.remembered().is_file()
    monkeypatch.setattr("gi_core.catalogue.describe", lambda *_: pytest.fail("built again"))
    assert gi("list", "--json") == first
    assert json.loads(gi("list", "priors", "--json")[1]) == {"priors": json.loads(first[1])["priors"]}
    name = list_.remembered()
    monkeypatch.setattr(list_, "__version__", "another")
    assert list_.remembered() != name


def test_a_cache_that_cannot_be_written_hinders_nothing(gi, tmp_path, monkeypatch):
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "file"))
    status, out, _ = gi("list", "metrics", "--json")
    assert status == 0 and json.loads(out)["metrics"]
