"""Every export opens in its own reader."""

from __future__ import annotations

import io
import itertools
import re
from html.parser import HTMLParser
from xml.etree import ElementTree

import av
import numpy as np
import pytest
import torch
from PIL import Image

from gi_core.data.sources import open_picture
from gi_core.experiment import run
from gi_core.report import figure, gif, html, mp4
from gi_core.scenario import Scenario


@pytest.fixture(scope="module")
def trace():
    scenario = Scenario(
        model="mlp", image_size=16, batch_size=2, attack="ig:steps=12", defense="clip+gaussian:sigma=0.5"
    )
    return run(scenario, torch.stack([open_picture(name, 16, 3) for name in ("cat", "coffee")]))


def test_the_gif_shows_every_kept_frame_and_rests_on_the_last(trace):
    picture = Image.open(io.BytesIO(gif(trace, side=64)))
    shown = [(frame.images * 255).round() for frame in trace.frames]
    changes = sum(not torch.equal(a, b) for a, b in itertools.pairwise(shown))
    assert picture.n_frames == 1 + changes  # a frame like the one before only lengthens its stay
    assert picture.size == (2 * 64, 64)
    picture.seek(picture.n_frames - 1)
    assert picture.info["duration"] == 2000


def test_figures_open_in_their_readers(trace):
    assert Image.open(io.BytesIO(figure(trace, "png"))).format == "PNG"
    assert ElementTree.fromstring(figure(trace, "svg")).tag.endswith("svg")
    assert figure(trace, "pdf").startswith(b"%PDF-")


def test_the_film_shows_first_and_last_frame_and_rests(trace):
    with av.open(io.BytesIO(mp4(trace, side=64))) as film:
        shown = [frame.to_ndarray(format="rgb24") for frame in film.decode(video=0)]
    assert shown[0].shape == (64, 128, 3) and len(shown) >= 2 * 30
    assert (shown[-1] == shown[-30]).mean() > 0.9  # rests on the last
    assert np.abs(shown[0].astype(int) - shown[-1]).mean() > 5


def test_the_report_is_one_file_without_scripts_or_other_hosts(trace):
    text = html(trace)
    tags: list[str] = []

    class Reader(HTMLParser):
        def handle_starttag(self, tag, attrs):
            tags.append(tag)
            for name, value in attrs:
                assert name not in ("src", "href") or value.startswith("data:")

    Reader().feed(text)
    assert "script" not in tags and tags.count("img") == 2
    assert re.search(r"<td>attack</td><td>ig:steps=12</td>", text)
    for row in trace.scores:
        assert f"{row['psnr']:.4g}" in text
