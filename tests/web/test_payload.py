"""A run as plain data: pictures survive the trip, strips show magnitudes, commands repeat the run."""

from __future__ import annotations

import base64
import io
import json
import shlex

import numpy as np
import torch
from PIL import Image

from gi_core.scenario import Scenario
from gi_core.web import payload
from gi_core.web.exports import tiles


def decoded(uri):
    kind, _, data = uri.partition(";base64,")
    return kind, np.asarray(Image.open(io.BytesIO(base64.b64decode(data))))


def test_tiles_stand_side_by_side_and_keep_their_pixels():
    images = torch.randint(0, 256, (3, 3, 8, 8), generator=torch.Generator().manual_seed(0)) / 255
    kind, pixels = decoded(payload.strip_uri(images))
    assert kind == "data:image/png"
    expected = np.concatenate([(i * 255).round().byte().permute(1, 2, 0).numpy() for i in images], axis=1)
    assert (pixels == expected).all()


def test_grey_pictures_become_rgb_and_large_ones_shrink():
    _, grey = decoded(payload.strip_uri(torch.full((1, 1, 8, 8), 0.5)))
    assert grey.shape == (8, 8, 3)
    kind, large = decoded(payload.strip_uri(torch.rand(2, 3, 224, 224, generator=torch.Generator().manual_seed(0))))
    assert kind == "data:image/webp" and large.shape == (payload.TILE, 2 * payload.TILE, 3)


def test_cells_show_magnitude_on_a_square_root_scale():
    tensor = torch.zeros(4, 10)
    tensor[1] = -4.0
    tensor[2] = 1.0
    cells = payload.cells(tensor)
    shades = np.frombuffer(base64.b64decode(cells["data"]), np.uint8).reshape(cells["h"], cells["w"])
    assert (cells["h"], cells["w"]) == (4, 10)
    assert (shades[0] == 0).all() and (shades[1] == 255).all() and (abs(shades[2].astype(int) - 128) <= 1).all()


def test_curves_are_thinned_and_free_of_nan():
    history = [
        {"iteration": i, "seconds": i / 10, "loss": float("nan") if i == 7 else 1 / (i + 1), "psnr": 1.0, "ssim": 0.0}
        for i in range(1000)
    ]
    curves = payload.curves(history)
    assert len(curves["iteration"]) == 200 and curves["iteration"][-1] == 999
    json.dumps(curves, allow_nan=False)


def test_commands_name_what_differs_from_the_defaults():
    scenario = Scenario(model="mlp", defense="clip+gaussian:sigma=0.02", seed=4)
    words = shlex.split(payload.cli_text(scenario, ["cat"]))
    assert words == [
        "python", "-m", "gi_core", "run", "--model", "mlp", "--defense", "clip+gaussian:sigma=0.02", "--seed", "4",
        "--image", "cat",
    ]  # fmt: skip


def test_the_python_text_runs_and_repeats_the_scenario():
    scenario = Scenario(model="mlp", attack="ig:steps=2", image_size=16, num_classes=3)
    names: dict[str, object] = {}
    exec(payload.python_text(scenario, ["cat"]), names)
    assert names["scenario"] == scenario
    assert names["trace"].iterations == 3  # type: ignore[attr-defined]


def test_a_defense_is_told_part_by_part():
    told = payload.defense_parts(Scenario(defense="clip:norm=2+topk:keep=0.2"))
    assert [(part["name"], part["text"]) for part in told] == [("clip", "clip:norm=2"), ("topk", "topk:keep=0.2")]
    assert told[0]["norm"] == 2 and told[1]["keep"] == 0.2


def test_a_sprite_holds_every_frame_exactly():
    generator = torch.Generator().manual_seed(0)
    frames = [torch.randint(0, 256, (2, 3, 8, 8), generator=generator) / 255 for _ in range(3)]
    run = {
        "size": {"batch": 2, "width": 8, "height": 8},
        "frames": [{"iteration": i, "src": payload.strip_uri(images)} for i, images in enumerate(frames)],
    }
    packed = payload.with_sprite(run)
    assert packed["frames"] == [{"iteration": i, "row": i} for i in range(3)]
    for frame, images in zip(packed["frames"], frames, strict=True):
        assert torch.equal((tiles(packed["sprite"], 2, 8, 3, frame["row"]) * 255).round(), (images * 255).round())
