"""Each picture's maps out of one gradient: all together, one by one, their size and labels, and the layers below."""

from dataclasses import replace

import numpy as np
import pytest
import torch

import gi_core as gi
from gi_core import cancellation
from gi_core.attacks.span import Span
from gi_core.data.samples import sample
from gi_core.inversion.extreme_rays import extreme_rays
from gi_core.inversion.map_gram import Window, allowed_maps, gram, row_basis
from gi_core.inversion.map_reading import MapReading, read
from gi_core.inversion.map_scale import Head, scales
from gi_core.inversion.peeling import KeepingValues, Network, Peeling, Rows, explaining, window_of
from gi_core.inversion.row_space import watched
from gi_core.metrics.assignment import assign
from gi_core.metrics.image import psnr
from gi_core.models.batchnorm import statistics_kept
from gi_core.run import Run, prepare
from gi_core.studies.span_batches import SpanBatches
from gi_core.studies.training_maps import TrainingMaps

NARROW = "resnet18:width=16"


def prepared(model: str, *names: str, **fields: object) -> Run:
    pictures = torch.stack([sample(name, 16, 3) for name in names])
    scenario = gi.Scenario(model=model, batch_size=len(names), image_size=16, **fields)  # type: ignore[arg-type]
    return prepare(scenario, pictures, device="cpu")


def toy(pictures: int, channels: int = 3, side: int = 5, rows: int = 80) -> tuple[np.ndarray, np.ndarray, Window]:
    """A convolution's gradient (R,C*9), the maps behind it (B,C,H,W), not negative, and its window."""
    generator = torch.Generator().manual_seed(pictures)
    maps = torch.randn(pictures, channels, side, side, generator=generator).double().relu()
    delta = torch.randn(pictures, rows, side, side, generator=generator).double()
    window = Window((channels, side, side), (3, 3), (1, 1), (1, 1))
    weight = torch.nn.grad.conv2d_weight(maps, (rows, channels, 3, 3), delta, padding=1)
    return weight.flatten(1).numpy(), maps.numpy(), window


def test_the_gram_matrix_has_the_spectrum_of_the_operator_on_maps() -> None:
    gradient, maps, window = toy(1, channels=8)
    basis, _ = row_basis(gradient, 25)
    own = np.linalg.eigvalsh(gram(window, basis))
    columns = []
    for cell in range(maps[0].size):
        unit = torch.zeros(maps[0].size).double()
        unit[cell] = 1
        weight = torch.from_numpy(window.count.astype(float)).sqrt().repeat(8)
        patches = torch.nn.functional.unfold((unit / weight).view(1, 8, 5, 5), 3, padding=1)[0]
        columns.append((torch.from_numpy(basis).t() @ patches).flatten())
    operator = torch.stack(columns, 1)
    other = np.linalg.svd(operator.numpy(), compute_uv=False) ** 2
    size = min(len(own), len(other))
    np.testing.assert_allclose(np.sort(own)[::-1][:size], np.sort(other)[::-1][:size], atol=1e-9)


@pytest.mark.parametrize("pictures", [1, 2, 3])
def test_as_many_eigenvalues_are_one_as_there_are_pictures(pictures: int) -> None:
    gradient, maps, window = toy(pictures, channels=12)
    family = allowed_maps(gradient, window, pictures)
    assert family is not None and family.gap > 1e-3
    flat = maps.reshape(pictures, -1)
    inside = np.square(flat @ family.basis).sum(1) / np.square(flat).sum(1)
    assert (1 - inside < 1e-9).all()


@pytest.mark.parametrize("pictures", [1, 3])
def test_centred_columns_give_as_many_maps(pictures: int) -> None:
    """Derivatives that add up to zero in each channel, as batch normalisation makes them."""
    _, maps, window = toy(pictures, channels=12)
    generator = torch.Generator().manual_seed(9)
    delta = torch.randn(pictures, 80, 5, 5, generator=generator).double()
    delta -= delta.mean((0, 2, 3), keepdim=True)
    weight = torch.nn.grad.conv2d_weight(torch.from_numpy(maps), (80, 12, 3, 3), delta, padding=1)
    family = allowed_maps(weight.flatten(1).numpy(), window, pictures, centred=True)
    assert family is not None and family.gap > 1e-3
    flat = maps.reshape(pictures, -1)
    assert (1 - np.square(flat @ family.basis).sum(1) / np.square(flat).sum(1) < 1e-9).all()
    assert allowed_maps(weight.flatten(1).numpy(), window, pictures) is None


@pytest.mark.parametrize("names", [("cat",), ("cat", "coffee")])
def test_training_mode_gives_each_pictures_maps(names: tuple[str, ...]) -> None:
    run = prepared("resnet18:width=32", *names, mode="train")
    victim, layer = run.victim, run.victim.get_submodule("body.10.conv2")
    with torch.no_grad(), watched(victim, {"it": layer}) as calls, statistics_kept(victim):  # type: ignore[dict-item]
        victim(run.truth)
    true = calls["it"][0][0].double().flatten(1)
    gradient = dict(zip((n for n, _ in victim.named_parameters()), run.observation.targets, strict=True))
    window = window_of(layer, calls["it"][0][0].shape[1:])  # type: ignore[arg-type]
    columns = gradient["body.10.conv2.weight"].double().flatten(1).numpy()
    family = allowed_maps(columns, window, len(names), centred=True)
    assert family is not None
    rays = extreme_rays(family.basis, 0)
    assert rays is not None
    cosines = torch.nn.functional.normalize(true) @ torch.from_numpy(rays)
    assert (1 - cosines.square().amax(1) < 1e-6).all()


def test_contradictions_are_found_where_most_channels_are_in_doubt() -> None:
    generator = torch.Generator().manual_seed(0)
    matrix, answer = torch.randn(60 * 9, 200, generator=generator).double(), torch.randn(200, 4).double()
    right = matrix @ answer
    wrong = torch.arange(60) < 12
    right.view(60, 9, 4)[wrong] += torch.randn(12, 9, 4, generator=generator)
    rows = Rows(matrix, right, 60, [])
    good = rows.least_doubtful(torch.ones(60))
    assert good.all()
    _, off = rows.agreed(good)
    assert ((off > 1e-3) == wrong).all()


def test_few_wrong_gates_explain_what_is_left_and_noise_is_explained_by_none() -> None:
    generator = torch.Generator().manual_seed(0)
    columns = torch.randn(40, 90, generator=generator).double()
    assert sorted(explaining(columns, columns[[3, 17]].sum(0)).tolist()) == [3, 17]
    assert explaining(columns, torch.randn(90, generator=generator).double()).tolist() == []


def test_a_gradient_of_full_rank_gives_no_maps() -> None:
    gradient, _, window = toy(4, channels=12)
    assert allowed_maps(gradient, window, 4) is None


def test_rays_are_the_maps_that_were_mixed() -> None:
    generator = np.random.default_rng(0)
    maps = generator.standard_normal((600, 6)).clip(0)
    basis = np.linalg.qr(maps @ generator.standard_normal((6, 6)))[0]
    rays = extreme_rays(basis, 0)
    assert rays is not None
    cosines = (maps / np.linalg.norm(maps, axis=0)).T @ rays
    assert (1 - cosines.max(1) < 1e-9).all() and sorted(cosines.argmax(1)) == list(range(6))


def test_a_space_without_single_maps_is_not_split() -> None:
    assert extreme_rays(np.linalg.qr(np.random.default_rng(0).standard_normal((600, 3)))[0], 0) is None


@pytest.mark.parametrize("clip", [1.0, 0.01])
def test_sizes_and_labels_from_the_head(clip: float) -> None:
    generator = torch.Generator().manual_seed(0)
    h = torch.rand(3, 40, generator=generator).double()
    weight, bias = torch.randn(10, 40, generator=generator).double() * 0.1, torch.zeros(10).double()
    true, labels = torch.tensor([2.0, 5.0, 0.7]).double(), torch.tensor([4, 4, 9])
    nothing = Head(weight, bias, weight, None)
    errors = clip * nothing.errors(h * true[:, None], labels)
    head = Head(weight, bias, errors.t() @ (h * true[:, None]), errors.sum(0))
    found = scales(head, lambda sizes: h * sizes[:, None], 1.0, 3)
    assert found is not None and found.labels.tolist() == [4, 4, 9]
    torch.testing.assert_close(found.sizes, true, rtol=1e-5, atol=0)
    assert found.factor == pytest.approx(clip, rel=1e-5)


def test_the_way_down_gives_every_layer_and_mends_wrong_gates() -> None:
    run = prepared(NARROW, "cat", "coffee")
    victim = run.victim.double()
    for module in victim.modules():
        if isinstance(module, torch.nn.ReLU):
            module.inplace = False
    names = [n.removeprefix("body.") for n, _ in victim.named_parameters()]
    gradients = dict(zip(names, (t.double() for t in run.observation.targets), strict=True))
    pixels = (run.truth.double() - victim.mean) / victim.std
    network, values = Network.of(victim.body, gradients, pixels[:1]), {}
    with torch.no_grad():
        KeepingValues(network.graph, values).run(pixels)
    start = next(n for n in network.graph.graph.nodes if n.name == "_9_relu_1")
    leaf = values[start.name].clone().requires_grad_()
    loss = torch.nn.functional.cross_entropy(victim.head(network.above(start, leaf)), run.labels)
    (derivative,) = torch.autograd.grad(loss, leaf)
    with torch.no_grad():
        levels = list(Peeling(network, start, leaf.detach(), derivative).run())
    assert len(levels) >= 5
    for level in levels[:5]:
        true = values[level.node]
        assert float((level.maps - true).square().sum() / true.square().sum()) < 1e-8


@pytest.mark.parametrize("model", [NARROW, "resnet18-preact:width=16"])
def test_a_batch_is_read_without_labels(model: str) -> None:
    run = prepared(model, "cat", "coffee", "rocket", knowledge="none")
    reading = read(run.observation, 0)
    assert isinstance(reading, MapReading)
    assert sorted(reading.labels.tolist()) == sorted(run.labels.tolist())
    assert all(level.residual < 1e-4 for level in reading.levels) and len(reading.levels) >= 4


def test_a_batch_comes_back_whole_and_says_so() -> None:
    run = prepared(NARROW, "cat", "coffee", "rocket")
    *_, last = Span(steps=20).run(run.observation, 0)
    found = psnr(last.images[assign(last.images, run.truth)], run.truth)
    trusted = torch.tensor(last.report["trust"])[assign(last.images, run.truth)]
    assert (found[trusted] > 35).all() and float(found.median()) > 40


@pytest.mark.parametrize("fields", [{"defense": "gaussian:sigma=1e-3"}, {"mode": "train"}])
def test_noise_and_batch_statistics_give_no_maps(fields: dict[str, str]) -> None:
    assert read(prepared(NARROW, "cat", **fields).observation, 0) is None


def test_the_study_of_batches_counts_what_is_trusted() -> None:
    study = SpanBatches(source="samples", attack="span:steps=20,tries=1", image_size=16)
    row = study.measure({"model": NARROW, "weights": "init", "batch_size": 2, "update": 0})
    assert row["false"] == 0 and row["trusted"] <= 2 and row["labels_right"] == 2


def test_what_others_leave_in_silent_channels_does_not_end_the_peeling() -> None:
    seen = prepared(NARROW, "cat").observation
    generator = torch.Generator().manual_seed(0)

    def touched(gradient: torch.Tensor) -> torch.Tensor:
        trace = 1e-9 * gradient.abs().max() * torch.randn(gradient.shape, generator=generator)
        silent = (gradient == 0).flatten(1).all(1) if gradient.ndim == 4 else torch.zeros(len(gradient)).bool()
        return gradient + trace * silent.view(-1, *[1] * (gradient.ndim - 1))

    tensors = {name: touched(t) for name, t in seen.update.tensors.items()}
    assert any(not torch.equal(tensors[n], t) for n, t in seen.update.tensors.items()), "some channel is silent"
    clean, left = read(seen, 0), read(replace(seen, update=replace(seen.update, tensors=tensors)), 0)
    assert clean is not None and left is not None and len(left.levels) >= len(clean.levels) - 1 > 1


def test_the_study_of_training_mode_compares_maps_with_the_truth() -> None:
    study = TrainingMaps(source="samples", model="resnet18:width=32", image_size=16)
    row = study.measure({"model": study.model, "batch_size": 2, "layer": "body.10.conv2", "update": 0})
    assert float(row["worst"]) < 1e-6 and float(row["next"]) < 1 and row["positions"] == 4


def test_a_reading_stops_when_asked() -> None:
    observation, asked = prepared(NARROW, "cat", "coffee").observation, []

    def over() -> bool:
        asked.append(True)
        return len(asked) > 3

    with cancellation.until(over), pytest.raises(cancellation.Cancelled):
        read(observation, 0)
    asked.clear()
    with cancellation.until(lambda: bool(asked.append(True))):
        read(observation, 0)
    assert len(asked) > 30
