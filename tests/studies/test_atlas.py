"""The atlas: its grid, what a cell records, how it is packed, and what is shipped."""

import base64
import json
from dataclasses import dataclass

import numpy as np
import pytest
import torch
from PIL import Image

from gi_core.data.sources import open_picture
from gi_core.evaluation import verdict
from gi_core.metrics.image import psnr
from gi_core.observation import Update
from gi_core.scenario import Scenario
from gi_core.studies import atlas, atlas_assets, run_study
from gi_core.studies.atlas import BAND_COLUMNS, BAND_ROWS, FRAMES, PICTURES, AtlasSet, record, sets, telling
from gi_core.studies.atlas_assets import ATLAS, SIDE, strongest
from gi_core.web.screens.explore.recorded import LINE_UP

CODEC = 255**-2 / 12
"""Mean squared error of rounding to 8 bits."""
LOSSY = 0.08
"""Root mean squared error that the sprites' codec may add: it halves the resolution of colour."""
LOSSY_NOISE = 0.25
"""Likewise for pictures of coloured noise, which lose most of their colour."""
LARGEST = 6_000_000


def test_the_grid_begins_with_what_the_first_screen_needs_and_names_each_cell_once():
    cells = list(atlas.AtlasStudy().cells())
    assert len({tuple(cell.values()) for cell in cells}) == len(cells)
    assert [s.id for s in sets()][:4] == [f"lenet-noise-{n}-cat" for n in (1, 2, 4, 8)]
    small = [s for s in sets() if (s.network, s.defense) == ("lenet", "noise")]
    assert {(s.picture, s.mixed) for s in small} == {(p, n) for p in PICTURES for n in (1, 2, 4, 8)}
    for chosen in sets():
        assert len(set(chosen.pictures)) == chosen.mixed and chosen.pictures[0] == chosen.picture
        assert len(chosen.strengths) == (12 if chosen in small else 8) and chosen.strengths[0] == 0
        for strength in chosen.strengths:
            for attack in chosen.attacks(strength):
                chosen.scenario(strength, attack)


def test_a_film_nears_its_end_in_equal_steps():
    x = torch.linspace(0, 1, 200).square()
    chosen = telling([torch.full((1, 3, 2, 2), float(v)) for v in x])
    assert (chosen[0], chosen[-1], len(chosen)) == (0, 199, FRAMES)
    steps = np.diff([float(x[i]) for i in chosen])
    assert steps.max() < 1.6 * steps.mean()
    assert telling([torch.zeros(1)]) == [0]


def test_noise_share_sees_noise_and_no_rescaling(picture):
    clean = Update({"w": picture.clone(), "b": picture.mean((1, 2, 3))}, "gradient", 1)
    half = Update({k: 0.5 * t for k, t in clean.tensors.items()}, "gradient", 1)
    assert atlas.noise_share(clean, half) == pytest.approx(0, abs=1e-9)
    noisy = Update({k: t + 9 * torch.randn(t.shape) for k, t in clean.tensors.items()}, "gradient", 1)
    assert atlas.noise_share(clean, noisy) > 0.9


@pytest.mark.parametrize("sizes", [[(5, 7)], [(4, 3, 5, 5), (10, 768)], [(2, 2)] * 90])
def test_the_band_gives_every_layer_its_columns(sizes):
    update = Update({f"w{i}": torch.randn(s) for i, s in enumerate(sizes)}, "gradient", 1)
    shades = np.frombuffer(base64.b64decode(atlas.band(update)), np.uint8)
    assert shades.size == BAND_ROWS * BAND_COLUMNS
    dull = Update({name: torch.zeros_like(t) for name, t in update.tensors.items()}, "gradient", 1)
    assert not any(base64.b64decode(atlas.band(dull)))


@dataclass(frozen=True)
class Small(AtlasSet):
    strengths = (0.0, 1.0)

    def attacks(self, strength):
        return ("fgla", "venom")


def test_rows_become_an_index_and_sprites(tmp_path, monkeypatch):
    chosen = Small("lenet", "noise", 1, "coffee")
    for module in (atlas, atlas_assets):
        monkeypatch.setattr(module, "sets", lambda: iter([chosen]))
    rows = list(run_study(atlas.AtlasStudy(), tmp_path / "out"))
    assert len(rows) == 4 and not any(row["refused"] for row in rows)
    packed = tmp_path / "packed"
    packed.mkdir()
    (packed / "index.json").write_text('{"sets": [{"file": "gone.webp"}]}')
    for name in ("gone.webp", "other.webp"):
        (packed / name).touch()
    index = atlas_assets.pack(tmp_path / "out", packed)
    assert (packed / "other.webp").exists() and not (packed / "gone.webp").exists()
    (entry,) = index["sets"]
    assert json.loads((tmp_path / "packed" / "index.json").read_text()) == index
    clear, drowned = entry["cells"]
    assert clear["verdict"]["level"] > drowned["verdict"]["level"] == 0
    assert clear["noise_share"] < 0.01 < 0.9 < drowned["noise_share"]
    check_set(entry, tmp_path / "packed")


def test_the_strongest_is_of_the_highest_verdict_then_of_the_greatest_gain():
    def row(ssim, rank, quality):
        evidence = {"ssim": ssim, "mse": 0.01, "control_ssim": 0.0, "control_mse": 0.1, "rank": rank,
                    "control_rank": 50, "candidates": 100}  # fmt: skip
        return {"evidence": json.dumps([evidence]), "psnr": f"[{quality}]", "refused": ""}

    unnamed, named, sharper = row(0.8, 60, 30), row(0.45, 1, 15), row(0.6, 1, 15)
    assert strongest([unnamed, named]) is named
    assert strongest([named, sharper, unnamed]) is sharper
    assert strongest([sharper, row(0.6, 1, 20)])["psnr"] == "[20]"
    assert strongest([sharper | {"refused": "no"}, named]) is named


def test_what_found_nothing_while_its_loss_fell_is_too_short_to_tell():
    def reason(ssim, losses):
        evidence = {"ssim": ssim, "mse": 0.01, "control_ssim": 0.0, "control_mse": 0.01, "rank": 1, "control_rank": 50,
                    "candidates": 100}  # fmt: skip
        frames = [{"step": step, "loss": loss} for step, loss in enumerate(losses)]
        return atlas_assets.verdict([evidence], atlas_assets.settled(frames))["reason"]["code"]

    falling, flat = (9.0, 8.0, 7.0, 6.0, 5.0, 4.0, 3.0), (9.0, 5.0, 4.1, 4.0, 4.0, 4.0, 4.0)
    assert reason(0.01, falling) == "too-short" != reason(0.01, flat)
    assert reason(0.01, [None]) == reason(0.01, flat)
    assert reason(0.9, falling) == reason(0.9, flat) != "too-short"


def test_other_thresholds_change_the_words_and_nothing_else(tmp_path, monkeypatch):
    evidence = {"ssim": 0.99, "mse": 0.0001, "control_ssim": 0.0, "control_mse": 0.1, "rank": 1, "control_rank": 50,
                "candidates": 100}  # fmt: skip
    cell = {"evidence": [evidence], "settled": None, "verdict": atlas_assets.verdict([evidence]), "attack": "ig"}
    atlas_assets.write_index({"sets": [{"cells": [cell]}]}, tmp_path)
    assert atlas_assets.words_anew(tmp_path) == 0
    monkeypatch.setattr(verdict, "STRUCTURE", (0.1, 1.1, 1.2))
    assert atlas_assets.words_anew(tmp_path) == 1
    (again,) = json.loads((tmp_path / "index.json").read_text())["sets"][0]["cells"]
    assert again["verdict"]["level"] == 1 < cell["verdict"]["level"]
    assert {k: again[k] for k in ("evidence", "attack")} == {k: cell[k] for k in ("evidence", "attack")}


def shipped():
    if not (ATLAS / "index.json").exists():
        pytest.skip("no atlas is shipped")
    return json.loads((ATLAS / "index.json").read_text())


def check_set(entry, folder):
    """A set keeps to the format, and what its pictures show is what its numbers say."""
    mixed, cells = entry["mixed"], entry["cells"]
    sprite = np.asarray(Image.open(folder / entry["file"]).convert("RGB"))
    assert sprite.shape == (len(cells) * SIDE, (FRAMES + 1) * mixed * SIDE, 3)
    assert len(entry["pictures"]) == mixed
    truth = torch.stack([open_picture(name, SIDE, 3) for name in entry["pictures"]])
    for row, cell in enumerate(cells):
        assert 1 <= len(cell["frames"]) <= FRAMES and cell["attack"] in cell["tried"]
        assert len(cell["scores"]) == len(cell["verdict"]["levels"]) == len(cell["evidence"]) == mixed
        assert cell["verdict"]["level"] == max(cell["verdict"]["levels"])
        assert 1 <= cell["verdict"]["rank"] <= cell["verdict"]["candidates"]
        assert set(cell["control"]) == {"psnr", "ssim"} and len(base64.b64decode(cell["band"])) == 12 * 64
        assert Scenario.from_dict(cell["scenario"]).attack == cell["attack"]
        stated = np.sqrt(np.mean([10 ** (-score["psnr"] / 10) for score in cell["scores"]]))
        assert distance(tile(sprite, row, len(cell["frames"]) - 1, mixed), truth) == pytest.approx(stated, abs=LOSSY)
        guess = 10 ** (-cell["control"]["psnr"] / 20)
        assert distance(tile(sprite, row, FRAMES, mixed), truth) == pytest.approx(guess, abs=LOSSY_NOISE)
    if "still" in entry:
        still = np.asarray(Image.open(folder / entry["still"]).convert("RGB"))
        assert still.shape == (len(cells) * SIDE, 2 * SIDE, 3)
        for row, cell in enumerate(cells):
            error = 10 ** (-cell["scores"][0]["psnr"] / 10)
            assert float(psnr(tile(still, row, 0, 1), truth)) == pytest.approx(-10 * np.log10(error + CODEC), abs=0.5)


def distance(images, truth):
    return float((images - truth).square().mean().sqrt())


def tile(sprite, row, column, mixed):
    """(mixed,3,SIDE,SIDE) in [0,1]."""
    width = mixed * SIDE
    pixels = sprite[row * SIDE : (row + 1) * SIDE, column * width : (column + 1) * width]
    return torch.tensor(pixels).float().div(255).permute(2, 0, 1).view(3, SIDE, mixed, SIDE).permute(2, 0, 1, 3)


def test_what_is_shipped_keeps_to_the_format_and_stays_small():
    index = shipped()
    assert index["version"] == 1 and len({entry["id"] for entry in index["sets"]}) == len(index["sets"])
    for entry in index["sets"]:
        check_set(entry, ATLAS)
        assert set(entry["pictures"]) <= set(index["pictures"])
    files = {name for entry in index["sets"] for name in (entry["file"], entry.get("still"))} - {None}
    assert files | {"index.json", LINE_UP} == {file.name for file in ATLAS.iterdir()}
    assert sum(file.stat().st_size for file in ATLAS.iterdir()) < LARGEST


def test_the_page_says_what_is_recorded_and_what_is_not():
    stated = atlas_assets.PAGE.read_text().partition("<!-- recorded -->\n")[2].partition("<!-- /recorded -->")[0]
    assert stated == atlas_assets.coverage(shipped())


def test_coverage_names_each_set_once_and_brackets_what_is_missing():
    some = [chosen.id for chosen in sets()][::3]
    table = atlas_assets.coverage({"sets": [{"id": name} for name in some]})
    missing = len(list(sets())) - len(some)
    assert table.count("[") == missing
    assert sum(table.count(picture) for picture in PICTURES) == len(some) + missing
    assert table.count("`resnet18` | noise |") == 1


def test_without_noise_the_shipped_pictures_are_near_perfect_and_drowned_ones_are_guesswork():
    alone = [e for e in shipped()["sets"] if (e["network"], e["defense"], e["mixed"]) == ("lenet", "noise", 1)]
    assert alone
    for entry in alone:
        first, last = entry["cells"][0], entry["cells"][-1]
        assert first["scores"][0]["psnr"] >= 35
        assert last["verdict"]["level"] == 0
        assert abs(last["scores"][0]["psnr"] - last["control"]["psnr"]) < 1.5


@pytest.mark.slow
def test_a_live_run_repeats_what_is_shipped():
    quick = [
        (entry, cell)
        for entry in shipped()["sets"]
        for cell in entry["cells"]
        if entry["network"] in ("lenet", "mlp") and entry["mixed"] == 1 and cell["steps"] <= 300
    ]
    told = [pair for pair in quick if pair[1]["noise_share"] < 0.2]
    for entry, cell in (told[0], quick[-1]):
        found = record(Scenario.from_dict(cell["scenario"]), tuple(entry["pictures"]))
        assert json.loads(found.row["psnr"]) == pytest.approx([cell["scores"][0]["psnr"]], abs=1.5)
        (likeness,) = atlas_assets.likenesses(cell["evidence"])
        assert found.judgement.likenesses[0].structure == pytest.approx(likeness.structure, abs=0.1)
