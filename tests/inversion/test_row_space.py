"""Row spaces: what a gradient says about a layer's inputs."""

import statistics

import pytest
import torch

import gi_core as gi
from gi_core.attacks.span import Span, SpanObjective, informative
from gi_core.data.samples import sample
from gi_core.errors import BadInput
from gi_core.inversion.row_space import MapSpace, RowSpace, columns, map_space, row_spaces, spanning_layers, watched
from gi_core.metrics.assignment import match
from gi_core.metrics.image import psnr
from gi_core.run import prepare
from gi_core.studies.span_limits import SpanLimits

NARROW = "resnet18:width=32"


def observed(model: str, *names: str, **fields: object) -> tuple[gi.observation.Observation, torch.Tensor]:
    size = int(fields.get("image_size", 32))  # type: ignore[call-overload]
    pictures = torch.stack([sample(name, size, 3) for name in names])
    run = prepare(gi.Scenario(model=model, batch_size=len(names), **fields), pictures, device="cpu")
    return run.observation, run.truth


def inputs_of(observation: gi.observation.Observation, images: torch.Tensor) -> dict[str, torch.Tensor]:
    victim = observation.victim
    with torch.no_grad(), watched(victim, spanning_layers(victim)) as calls:
        victim(images)
    return {name: call[0][0] for name, call in calls.items()}


@pytest.mark.parametrize("model", [NARROW, "convnet:width=32", "mlp"])
def test_columns_of_the_truth_lie_in_the_row_space_and_others_do_not(model: str) -> None:
    observation, truth = observed(model, "cat")
    layers, spaces = spanning_layers(observation.victim), row_spaces(observation, 0)
    true, other = inputs_of(observation, truth), inputs_of(observation, sample("coffee", 32, 3).unsqueeze(0))
    assert len(spaces) >= 2
    for space in spaces:
        layer = layers[space.layer]
        assert float(space.outside(layer, true[space.layer])) < 5e-3
        assert float(space.outside(layer, other[space.layer])) > 10 * max(
            1e-4, float(space.outside(layer, true[space.layer]))
        )
        identity = torch.eye(space.basis.shape[1])
        torch.testing.assert_close(space.basis.t() @ space.basis, identity, atol=1e-4, rtol=0)
        assert columns(layer, true[space.layer]).shape == (len(space.active), space.basis.shape[0])


def test_positions_that_a_pool_leaves_out_pass_no_gradient() -> None:
    observation, _ = observed("convnet", "cat")
    active = {s.layer: s.active for s in row_spaces(observation, 0)}
    last = active["body.22"].view(10, 10)
    assert last[:9, :9].all() and not last[9].any() and not last[:, 9].any()


@pytest.mark.parametrize("names", [("cat",), ("cat", "coffee")])
def test_the_gradient_determines_a_layers_maps(names: tuple[str, ...]) -> None:
    observation, truth = observed("resnet18", *names)
    maps = informative(observation, 0)[-1]
    assert isinstance(maps, MapSpace) and maps.basis.shape[1] == len(names)
    true = inputs_of(observation, truth)[maps.layer]
    other = inputs_of(observation, truth.flip(-1))[maps.layer]
    layer = spanning_layers(observation.victim)[maps.layer]
    assert float(maps.outside(layer, true)) < 1e-4
    assert float(maps.outside(layer, other)) > 0.05


def test_maps_that_are_not_determined_are_not_claimed() -> None:
    layer = torch.nn.Conv2d(4, 64, 3, padding=1)
    everything = RowSpace("conv", torch.eye(36), torch.ones(64, dtype=torch.bool))
    assert map_space(everything, layer, (4, 8, 8), 1) is None


def test_the_goals_gradient_is_its_slope() -> None:
    observation, truth = observed(NARROW, "cat", "coffee")
    for layer in observation.victim.modules():
        if isinstance(layer, torch.nn.ReLU):
            layer.inplace = False
    x = torch.rand(truth.shape, generator=torch.Generator().manual_seed(0))
    labels = observation.labels
    assert labels is not None
    goal = SpanObjective(observation, labels, informative(observation, 0), x, Span())
    along = torch.randn(truth.shape, generator=torch.Generator().manual_seed(1))
    ahead, behind = (goal.evaluate(x + h * along, 0.1).loss for h in (2e-3, -2e-3))
    slope = (goal.evaluate(x, 0.1).gradient * along).sum()
    torch.testing.assert_close((ahead - behind) / 4e-3, slope, rtol=0.05, atol=1e-3)


def test_the_goal_is_zero_at_the_truth() -> None:
    observation, truth = observed(NARROW, "cat")
    assert observation.labels is not None
    goal = SpanObjective(observation, observation.labels, informative(observation, 0), torch.rand_like(truth), Span())
    terms = goal.evaluate(truth, 0.0).terms
    assert float(terms["span"]) < 1e-4 and float(terms["head"]) < 1e-4


def test_span_rebuilds_pictures_from_a_residual_network() -> None:
    found = []
    for name in ("cat", "rocket", "coffee"):
        observation, truth = observed(NARROW, name, image_size=16)
        *_, last = Span(steps=8).run(observation, 0)
        found.append(float(psnr(last.images, truth)))
    assert statistics.median(found) > 30


def test_span_tells_two_pictures_apart() -> None:
    observation, truth = observed(NARROW, "rocket", "cat", image_size=16)
    *_, last = Span(steps=10).run(observation, 0)
    images = match(last.images, truth)
    assert float(psnr(images, truth).mean()) > float(psnr(images, truth.flip(0)).mean()) + 5


def test_a_batch_beyond_every_layer_is_refused() -> None:
    observation, _ = observed("lenet", *["cat", "coffee", "rocket", "cat"] * 4)
    with pytest.raises(BadInput, match="batch_size=16"):
        next(Span().run(observation, 0))


def test_a_victim_without_classes_is_refused() -> None:
    trace = prepare(gi.Scenario(model="yolov8n", image_size=64), torch.rand(1, 3, 64, 64), device="cpu")
    with pytest.raises(BadInput, match="linear head"):
        next(Span().run(trace.observation, 0))


def test_tiny_maps_are_left_to_the_row_space() -> None:
    layer = torch.nn.Conv2d(4, 64, 3, padding=1)
    space = RowSpace("conv", torch.eye(36)[:, :4], torch.ones(4, dtype=torch.bool))
    assert map_space(space, layer, (4, 2, 2), 1) is None


def test_the_study_of_limits_measures_and_says_why_not() -> None:
    study = SpanLimits(source="samples", attack="span:steps=2", first=0, count=1)
    cell = {"model": NARROW, "batch_size": 1, "defense": "clip:norm=1", "mode": "eval", "update": 0}
    assert 0 < study.measure(cell)["iterations"] <= Span(steps=2).iterations
    assert "fewer positions" in study.measure({**cell, "model": "lenet", "batch_size": 12})["note"]
