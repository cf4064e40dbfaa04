"""What one takes away from the web app: every format from every kind of run, and commands that repeat it exactly."""

from __future__ import annotations

import base64
import csv
import io
import json
import shlex
import subprocess
import sys
import xml.etree.ElementTree as ElementTree
import zipfile
from html.parser import HTMLParser

import av
import numpy as np
import pytest
import torch
from PIL import Image
from pypdf import PdfReader

from gi_core.report import FORMATS
from gi_core.web.exports import download_with, recorded_trace
from gi_core.web.server.run_service import RunService
from gi_core.web.settings import Limits
from gi_core.web.widget import asset

SETTINGS = {"model": "mlp", "image_size": 16, "attack": "ig:steps=12", "defense": "clip+gaussian:sigma=0.01", "seed": 3}


def csv_rows(content):
    return list(csv.DictReader(io.StringIO(content.decode())))


def film_frames(content):
    with av.open(io.BytesIO(content)) as film:
        return [frame.to_ndarray(format="rgb24") for frame in film.decode(video=0)]


class Tags(HTMLParser):
    def __init__(self, text):
        super().__init__()
        self.found = []
        self.feed(text)

    def handle_starttag(self, tag, attrs):
        self.found.append((tag, dict(attrs)))


@pytest.fixture(scope="module")
def finished():
    """(service, last message) of a live run."""
    service = RunService(Limits())
    *_, last = (m["run"] for m in service.live({"id": "x", "settings": SETTINGS, "pictures": [{"sample": "cat"}]}) if m)
    assert last["state"] == "done"
    return service, last


def downloaded(service, run, kind):
    answer = download_with(service)(
        {"id": run["id"], "scenario": run["scenario"], "pictures": run["pictures"], "format": kind}
    )
    assert answer["name"].endswith("." + kind) and answer["type"] == FORMATS[kind].media_type
    return base64.b64decode(answer["data"])


def read(kind, content, trace):
    """Open a file in the reader of its kind and find the run in it."""
    if kind in ("png", "gif"):
        picture = Image.open(io.BytesIO(content))
        picture.load()
        assert picture.format == kind.upper() and (kind == "png" or picture.n_frames > 1)
    elif kind == "svg":
        assert ElementTree.fromstring(content).tag == "{http://www.w3.org/2000/svg}svg"
    elif kind == "pdf":
        (page,) = PdfReader(io.BytesIO(content)).pages
        assert trace.scenario.model in page.extract_text()
    elif kind == "mp4":
        frames = film_frames(content)
        assert len(frames) > 60 and frames[0].shape == frames[-1].shape
        wanted = trace.images[0].permute(1, 2, 0).numpy()
        shown = np.asarray(Image.fromarray(frames[-1]).resize(wanted.shape[:2], Image.Resampling.BOX)) / 255
        assert np.abs(shown - wanted).mean() < 0.08  # the film halves the resolution of colour
    elif kind == "csv":
        rows = csv_rows(content)
        assert [int(row["iteration"]) for row in rows] == [row["iteration"] for row in trace.history]
        assert float(rows[-1]["psnr"]) == pytest.approx(trace.history[-1]["psnr"])
    elif kind == "json":
        assert json.loads(content)["scores"] == json.loads(json.dumps(trace.to_dict()["scores"]))
    elif kind == "html":
        tags = Tags(content.decode()).found
        assert "script" not in [tag for tag, _ in tags] and sum(tag == "img" for tag, _ in tags) == 2
        assert all(value.startswith("data:") for _, attrs in tags for key, value in attrs.items() if key == "src")
    elif kind == "zip":
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            assert archive.testzip() is None and {"trace.json", "run.mp4", "report.html"} <= set(archive.namelist())
    else:
        pytest.fail(f"no reader for {kind}")


@pytest.mark.parametrize("kind", FORMATS)
def test_a_live_run_opens_in_its_own_reader(finished, kind):
    service, run = finished
    read(kind, downloaded(service, run, kind), service.traces.get(run["id"]))


@pytest.mark.parametrize("kind", ["csv", "json", "pdf", "mp4"])
def test_a_recorded_run_exports_the_same_way(kind):
    name = "1-noise"
    run = json.loads(asset(f"replays/{name}.json"))
    trace = recorded_trace(run)
    read(kind, downloaded(RunService(Limits()), run, kind), trace)
    assert trace.scores[0]["psnr"] == pytest.approx(run["scores"]["psnr"])


def test_a_run_that_nobody_holds_is_said_to_be_forgotten(finished):
    _, run = finished
    request = {"id": "gone", "scenario": run["scenario"], "pictures": ["your-picture.png"], "format": "png"}
    assert download_with(RunService(Limits()))(request) == {"forgotten": True}
    assert "allowed are" in download_with(RunService(Limits()))({"format": "exe"})["error"]


def same(scores, expected):
    assert len(scores) == len(expected)
    for one, other in zip(scores, expected, strict=True):
        assert {k: v for k, v in one.items() if v is not None} == pytest.approx(
            {k: v for k, v in other.items() if v is not None}, rel=1e-6, abs=1e-9
        )


def test_copy_python_repeats_the_run_to_the_same_scores(finished):
    service, run = finished
    names: dict[str, object] = {}
    exec(run["python"], names)
    same(names["trace"].scores, service.traces.get(run["id"]).scores)  # type: ignore[attr-defined]
    assert torch.equal(names["trace"].images, service.traces.get(run["id"]).images)  # type: ignore[attr-defined]


@pytest.mark.slow
def test_copy_cli_repeats_the_run_to_the_same_scores(finished):
    service, run = finished
    words = shlex.split(run["cli"])
    assert words[0] == "python"
    told = subprocess.run([sys.executable, *words[1:], "--json"], capture_output=True, text=True, check=True)
    same(json.loads(told.stdout)["scores"], service.traces.get(run["id"]).to_dict()["scores"])
