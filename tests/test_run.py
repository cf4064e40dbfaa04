"""The path from scenario to trace: contracts of the Python API, stopping, seeds, and the wall around the truth."""

import itertools
import json

import numpy as np
import pytest
import torch
from PIL import Image

import gi_core as gi
from gi_core.data.samples import sample
from gi_core.errors import BadInput
from gi_core.run import kept_iterations

QUICK = "ig:steps=12"


def scenario(**changes) -> gi.Scenario:
    return gi.Scenario(**({"attack": QUICK} | changes))


def pictures(count=1, size=32, channels=3):
    return torch.rand(count, channels, size, size, generator=torch.Generator().manual_seed(1))


def test_trace_holds_what_the_contract_says():
    s = scenario(batch_size=2)
    trace = gi.run(s, pictures(2), labels=torch.tensor([3, 1]))
    assert trace.images.shape == (2, 3, 32, 32)
    assert 0 <= float(trace.images.min()) <= float(trace.images.max()) <= 1
    assert [set(score) >= {"psnr", "ssim", "mse", "lpips"} for score in trace.scores] == [True, True]
    assert {"iteration", "seconds", "loss", "psnr"} <= set(trace.history[0])
    assert [h["iteration"] for h in trace.history] == list(range(13))
    assert trace.iterations == 13
    assert not trace.stopped
    assert trace.labels == [3, 1]


def test_batch_comes_back_in_the_order_of_the_truth():
    x = torch.stack([sample(name, 32, 3) for name in ("cat", "letters", "rocket")])
    s = scenario(model="mlp:width=512,depth=1", batch_size=3, attack="analytic")
    trace = gi.run(s, x, labels=torch.tensor([1, 2, 3]))
    errors = [float((trace.images[list(p)] - x).square().mean()) for p in itertools.permutations(range(3))]
    assert errors[0] == min(errors)
    assert len(set(errors)) > 1


def test_same_seed_same_result_bit_for_bit():
    x = pictures()
    s = scenario(defense="gaussian:sigma=0.001", seed=4)
    one, two, other = gi.run(s, x), gi.run(s, x), gi.run(s.replace(seed=5), x)
    assert torch.equal(one.images, two.images)
    assert [h["loss"] for h in one.history] == [h["loss"] for h in two.history]
    assert not torch.equal(one.images, other.images)


def test_closing_stops_within_one_iteration_and_keeps_the_record():
    run = gi.prepare(scenario(attack="ig:steps=100000"), pictures())
    frames = iter(run)
    for _ in range(5):
        next(frames)
    frames.close()
    trace = run.trace()
    assert trace.stopped
    assert trace.iterations == 5
    assert trace.frames[-1].iteration == 4
    assert trace.scores[0]["psnr"] > 0
    with pytest.raises(StopIteration):
        next(frames)


def test_frames_are_what_the_attack_would_return():
    *_, last = gi.stream(scenario(), pictures())
    assert torch.equal(last.images, gi.run(scenario(), pictures()).images)


@pytest.mark.parametrize(("total", "expected"), [(1, [0]), (3, [0, 1, 2]), (1000, None)])
def test_kept_iterations(total, expected):
    kept = kept_iterations(total)
    assert kept[0] == 0
    assert kept[-1] == total - 1
    assert len(kept) <= 64
    assert expected is None or kept == expected


def test_saved_files_open_in_their_own_readers(tmp_path):
    trace = gi.run(scenario(defense="dp-gaussian:epsilon=5"), pictures())
    trace.save(tmp_path)
    data = json.loads((tmp_path / "trace.json").read_text())
    assert {"scenario", "scores", "seconds", "iterations", "versions", "seed", "device"} <= set(data)
    assert gi.Scenario.from_dict(data["scenario"]) == trace.scenario
    assert data["privacy"]["epsilon"] == pytest.approx(5, rel=1e-3)
    assert Image.open(tmp_path / "reconstruction.png").size == (256, 256)
    assert Image.open(tmp_path / "comparison.png").size == (256, 512)
    saved = np.load(tmp_path / "images.npz")
    assert np.array_equal(saved["reconstruction"], trace.images.numpy())
    assert saved["frames"].shape[0] == len(trace.frames)
    assert (tmp_path / "history.csv").read_text().count("\n") == len(trace.history) + 1


@pytest.mark.parametrize(
    ("images", "words"),
    [
        (pictures(2), "needs (B,C,H,W)"),
        (pictures() * 2, "[0,1]"),
        (torch.full((1, 3, 32, 32), float("nan")), "NaN"),
        (np.zeros((1, 3, 32, 32)), "float tensor"),
    ],
)
def test_bad_pictures_are_refused(images, words):
    with pytest.raises(BadInput) as caught:
        gi.run(scenario(), images)
    assert words.lower() in str(caught.value).lower()


@pytest.mark.parametrize("labels", [torch.tensor([10]), torch.tensor([1, 2]), torch.tensor([0.5])])
def test_bad_labels_are_refused(labels):
    with pytest.raises(BadInput):
        gi.run(scenario(), pictures(), labels=labels)


def reachable(root: object) -> list[torch.Tensor]:
    """Every tensor that can be reached from an object through attributes and containers."""
    seen: set[int] = set()
    tensors: list[torch.Tensor] = []
    todo = [root]
    while todo:
        thing = todo.pop()
        if id(thing) in seen or isinstance(thing, (str, bytes, int, float, bool, type(None), type)):
            continue
        seen.add(id(thing))
        if isinstance(thing, torch.Tensor):
            tensors.append(thing)
            if thing.grad is not None:
                todo.append(thing.grad)
        if isinstance(thing, dict):
            todo += [*thing.keys(), *thing.values()]
        elif isinstance(thing, (list, tuple, set, frozenset)):
            todo += list(thing)
        if hasattr(thing, "__dict__"):
            todo += list(vars(thing).values())
        closure = getattr(thing, "__closure__", None)
        todo += [c.cell_contents for c in closure or ()]
    return tensors


@pytest.mark.parametrize("knowledge", ["none", "labels+defense+buffers+auxiliary"])
def test_no_private_picture_is_reachable_from_an_observation(knowledge):
    x = pictures()
    run = gi.prepare(scenario(knowledge=knowledge, model="resnet18:width=4", mode="train"), x)
    found = reachable(run.observation)
    assert len(found) > 20
    for tensor in found:
        assert tensor.data_ptr() != run.truth.data_ptr()
        if tensor.numel() == x.numel():
            assert not torch.allclose(tensor.detach().reshape(x.shape).float(), x, atol=1e-3)
        assert tensor.grad_fn is None
    granted = {"labels": run.observation.labels, "buffers": run.observation.update.buffers,
               "defense": run.observation.defense, "auxiliary": run.observation.auxiliary}  # fmt: skip
    assert all((value is None) == (knowledge == "none") for value in granted.values())


def test_the_wall_test_can_fail():
    run = gi.prepare(scenario(), pictures())
    object.__setattr__(run.observation, "leak", {"deep": [run.truth]})
    assert any(t.data_ptr() == run.truth.data_ptr() for t in reachable(run.observation))


def test_secure_aggregation_sends_the_mean_of_all_clients():
    x = pictures()
    alone = gi.prepare(scenario(), x)
    together = gi.prepare(scenario(clients=4), x)
    assert together.observation.update.examples == 4
    name = "head.bias"
    own = alone.observation.update.tensors[name]
    rest = together.observation.update.tensors[name] * 4 - own
    assert torch.allclose(together.clean.tensors[name], own)
    assert abs(float(rest.sum())) < 1e-5  # cross-entropy's bias gradient sums to zero for every client
    assert rest.norm() > 0.1
