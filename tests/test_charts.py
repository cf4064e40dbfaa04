"""What a Trace and a table look like to people: one line, a notebook's cell, explorable charts."""

from __future__ import annotations

import re
from html.parser import HTMLParser

import pytest
import torch

import gi_core as gi
from gi_core import charts
from gi_core.data.samples import sample
from gi_core.studies import studies


@pytest.fixture(scope="module")
def trace():
    scenario = gi.Scenario(model="mlp", attack="ig:steps=5", image_size=16, batch_size=2)
    return gi.run(scenario, torch.stack([sample(name, 16, 3) for name in ("cat", "coffee")]))


def test_the_repr_is_one_short_line(trace):
    text = repr(trace)
    assert "\n" not in text and len(text) < 200
    assert "mlp" in text and "ig:steps=5" in text and "dB" in text


class Tags(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.seen: list[tuple[str, dict]] = []

    def handle_starttag(self, tag, attributes):
        self.seen.append((tag, dict(attributes)))


def test_a_notebook_shows_pictures_scores_and_curves_and_fetches_nothing(trace):
    page = Tags()
    page.feed(trace._repr_html_())
    tags = [tag for tag, _ in page.seen]
    assert tags.count("img") == 1 and tags.count("polyline") == 3 and tags.count("tr") == 3
    assert not {"script", "link", "iframe"} & set(tags)
    assert all(a.get("src", "data:").startswith("data:") for _, a in page.seen)


def test_the_figure_holds_the_pictures_and_every_curve(trace):
    figure = trace.figure()
    sheets = [t for t in figure.data if t.type == "image"]
    assert len(sheets) == 2 and sheets[0].z.shape == sheets[1].z.shape == (128, 256, 3)
    expected = (trace.truth[0].movedim(0, -1) * 255).round().byte().numpy()
    assert (sheets[0].z[::8, :128:8] == expected).all()
    curves = {t.name: t for t in figure.data if t.type == "scatter"}
    assert list(curves["PSNR, dB"].y) == [row["psnr"] for row in trace.history]
    assert {"loss"} <= set(curves)


def table():
    return [
        {"defense": defense, "sigma": str(sigma), "seed": str(seed), "psnr": str(value + seed), "note": ""}
        for defense, offset in (("clip", 0), ("sign", 5))
        for sigma, value in ((0.1, 20 + offset), (0.01, 30 + offset))
        for seed in (0, 1, 2)
    ]


def test_a_studys_chart_is_the_mean_over_repeats_along_the_numbers():
    figure = charts.study_chart(table(), ("defense", "sigma", "seed"), ("psnr", "note"), "why")
    assert [t.name for t in figure.data] == ["clip", "sign"]
    assert list(figure.data[0].x) == [0.01, 0.1] and list(figure.data[0].y) == pytest.approx([31, 21])
    assert list(figure.data[1].error_y.array) == pytest.approx([(2 / 3) ** 0.5] * 2)
    assert [b.label for b in figure.layout.updatemenus[0].buttons] == ["psnr"], "only what is a number"


def test_a_table_without_numbers_has_no_chart():
    rows = [{"defense": "clip", "note": "none"}]
    assert charts.study_chart(rows, ("defense",), ("note",), "why") is None


@pytest.mark.parametrize("name", studies.names())
def test_every_study_can_be_drawn(name):
    """Two rows of its own coordinates; what is measured alternates."""
    study = studies.get(name)()
    rows = [{key: f"{i}" for key in study.keys} | {column: f"{i / 2}" for column in study.columns} for i in (1, 2)]
    figure = study.chart(rows)
    assert figure is not None and len(figure.layout.updatemenus[0].buttons) == len(study.columns)
    assert re.search(r"\w", figure.layout.title.text)


def test_a_sparkline_spans_its_box_and_bears_gaps():
    svg = charts.sparkline([1.0, float("nan"), 3.0], "loss", width=100, height=44)
    points = [tuple(map(float, p.split(","))) for p in re.search('points="([^"]+)"', svg).group(1).split()]
    assert points == [(0.0, 42.0), (100.0, 2.0)]
    assert charts.sparkline([float("nan")], "loss") == ""
