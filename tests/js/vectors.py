"""Numbers that the browser's engine has to give again, computed by gi_core: ``python tests/js/vectors.py``.

It writes ``tests/js/vectors.json``: per kind of layer twenty random chains with loss, length of the gradient and
derivative of the objective in the picture (float64, kept as float32); the same of whole victims; 50 iterations of
attacks; draws of the generator. Weights and pictures are drawn from seeds on both sides.
"""

from __future__ import annotations

import base64
import dataclasses
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from gi_core import Scenario
from gi_core.data.sources import open_picture
from gi_core.evaluation.judge import judge
from gi_core.inversion.reference import distance, total_variation, update
from gi_core.models import build
from gi_core.models.base import Victim
from gi_core.run import prepare
from gi_core.seeds import seeded, stream_seed
from gi_core.web import inverters

FILE = Path(__file__).with_name("vectors.json")
CASES = 20
SMOOTHING = 0.01
KINDS = ("convolution", "dense", "sigmoid", "relu", "tanh", "leaky-relu", "average", "max", "batchNorm")
VICTIMS = ("lenet", "lenet:activation=relu,init=default", "mlp:depth=3,shrink=true,width=16", "convnet:width=4")
RUNS: tuple[dict[str, Any], ...] = (
    {"attack": "ig:steps=50"},
    {"attack": "ig:steps=50,signed=false", "defense": "clip+gaussian:sigma=0.001", "batch_size": 2},
    {"attack": "ig:steps=50", "defense": "topk:keep=0.1", "knowledge": "labels+defense"},
    {"attack": "ig:steps=50", "defense": "quantize:bits=5", "knowledge": "labels+defense"},
    {"attack": "ig:steps=50", "defense": "clip:norm=0.5", "knowledge": "labels+defense"},
    {"attack": "ig:steps=50", "defense": "sign", "knowledge": "none"},
    {"attack": "ig:steps=50", "model": "mlp:width=32,activation=tanh"},
    {"attack": "dlg:steps=3"},
    {"attack": "analytic", "model": "mlp:width=32", "seed": 5},
    {"attack": "venom"},
    {"attack": "venom", "defense": "clip+gaussian:sigma=0.001", "seed": 2},
    {"attack": "venom:feature=spe,strength=constant", "defense": "clip+gaussian:sigma=0.003", "knowledge": "none"},
    {"attack": "fgla", "seed": 1},
    {"attack": "fgla", "batch_size": 2, "seed": 1},
    {"attack": "git", "defense": "clip+gaussian:sigma=0.0001"},
    {"attack": "imprint", "server": "imprint:questions=1", "batch_size": 2, "knowledge": "none"},
    {"attack": "imprint", "server": "imprint:bins=32,units=cumulative", "model": "mlp:width=16", "batch_size": 2},
    {
        "attack": "imprint",
        "server": "imprint:questions=1",
        "model": "convnet:width=4",
        "defense": "clip+gaussian:sigma=1e-6",
    },
)
PICTURES = ("cat", "coffee")
MODULES = {"sigmoid": nn.Sigmoid, "relu": nn.ReLU, "tanh": nn.Tanh, "leaky-relu": nn.LeakyReLU}


def plan_of(kind: str, seed: int) -> list[list[Any]]:
    """A random chain around one kind of layer, as ``victim.js`` reads it."""
    draw = torch.Generator().manual_seed(stream_seed(seed, kind))

    def one_of(*values: int) -> int:
        return values[int(torch.randint(len(values), (), generator=draw))]

    kernel = one_of(2, 3)
    first = {"filters": one_of(2, 4), "kernel": kernel, "stride": one_of(1, 2), "padding": one_of(0, 1)}
    smooth: list[list[Any]] = [["convolution", first], ["tanh"]]
    if kind == "convolution":
        return [*smooth, ["convolution", {"filters": 3, "kernel": 2, "stride": one_of(1, 2), "padding": one_of(0, 1)}]]
    if kind == "dense":
        return [["dense", {"units": one_of(3, 5)}], ["sigmoid"], ["dense", {"units": one_of(2, 4)}]]
    if kind in ("average", "max"):
        whole = ["convolution", {"filters": 2, "kernel": 3, "stride": 1, "padding": 1}]
        return [[kind, 2]] if one_of(0, 1) else [whole, ["sigmoid"], [kind, one_of(2, 3)]]
    if kind == "batchNorm":
        spread = torch.rand(2, first["filters"], generator=draw)
        statistics = {"mean": spread[0].tolist(), "variance": (spread[1] + 0.5).tolist()}
        return [["convolution", first], ["batchNorm", statistics], ["sigmoid"]]
    return [["convolution", first], [kind], ["convolution", {"filters": 2, "kernel": 2}], [kind]]


def chain(plan: list[list[Any]], shape: tuple[int, int, int], classes: int, seed: int) -> Victim:
    """The victim of a plan, its weights drawn from ``seed``."""
    with seeded(seed):
        modules: list[nn.Module] = []
        x = torch.zeros(1, *shape)
        for kind, *given in plan:
            modules.append(module(kind, given, x))
            x = modules[-1].eval()(x)
        return Victim(nn.Sequential(*modules, nn.Flatten()), nn.Linear(x[0].numel(), classes), image_shape=shape).eval()


def module(kind: str, given: list[Any], x: Tensor) -> nn.Module:
    """One step of a plan, for an input like ``x``."""
    if kind == "convolution":
        o = given[0]
        return nn.Conv2d(x.shape[1], o["filters"], o["kernel"], o.get("stride", 1), o.get("padding", 0))
    if kind == "dense":
        return nn.Sequential(nn.Flatten(), nn.Linear(x[0].numel(), given[0]["units"]))
    if kind in ("average", "max"):
        return (nn.AvgPool2d if kind == "average" else nn.MaxPool2d)(given[0])
    if kind == "batchNorm":
        layer = nn.BatchNorm2d(x.shape[1])
        layer.running_mean, layer.running_var = (torch.tensor(given[0][k]) for k in ("mean", "variance"))
        return layer
    return MODULES[kind]()


def evaluated(victim: Victim, batch: int, seed: int) -> dict[str, Any]:
    """Loss, length of the gradient and derivative in the pictures of cosine matching plus smoothing, in float64."""
    victim = victim.double()
    generator = torch.Generator().manual_seed(seed)
    x, truth = (torch.rand(batch, *victim.image_shape, generator=generator).double() for _ in range(2))
    labels = torch.randint(victim.num_classes, (2 * batch,), generator=generator)
    observed = update(victim, truth, labels[batch:]).detach()
    x.requires_grad_()
    guess = update(victim, x, labels[:batch])
    value = distance("cosine", guess, observed) + SMOOTHING * total_variation(x / victim.std)
    (derivative,) = torch.autograd.grad(value, x)
    return {"loss": value.item(), "norm": guess.norm().item(), "derivative": packed(derivative)}


def packed(values: Tensor) -> str:
    """Numbers as float32, little-endian, in base64."""
    return base64.b64encode(values.detach().float().contiguous().numpy().astype("<f4").tobytes()).decode()


def layers() -> Iterator[dict[str, Any]]:
    for kind in KINDS:
        for seed in range(CASES):
            plan, shape, batch = plan_of(kind, seed), (1 + seed % 2, 6, 5 + seed % 3), 1 + seed % 3
            victim = chain(plan, shape, 4, seed)
            given = {"kind": kind, "plan": plan, "shape": shape, "classes": 4, "batch": batch, "seed": seed}
            yield given | evaluated(victim, batch, seed)


def victims() -> Iterator[dict[str, Any]]:
    for model in VICTIMS:
        victim = build(model, image_shape=(3, 16, 16), num_classes=10)
        given = {"model": model, "shape": (3, 16, 16), "classes": 10, "batch": 2, "seed": 1}
        yield given | evaluated(victim, 2, 1)


def pictures(count: int) -> Tensor:
    """Sample pictures as the browser has them, of 8 bits a channel."""
    return torch.stack([(open_picture(name, 32, 3) * 255).round() for name in PICTURES[:count]])


def bytes_of(images: Tensor) -> str:
    """(B,C,H,W) in [0,1] as 8 bits a channel, in base64."""
    return base64.b64encode((images * 255).round().to(torch.uint8).numpy().tobytes()).decode()


def runs() -> Iterator[dict[str, Any]]:
    for fields in RUNS:
        scenario = Scenario(**fields)
        run = prepare(scenario, pictures(scenario.batch_size) / 255)
        losses = [float(frame.loss) for frame in run]
        trace = run.trace()
        judged = judge(run, trace).to_dict()
        sent = torch.cat([t.flatten() for t in run.observation.update.tensors.values()])
        yield {
            "scenario": scenario.to_dict(), "labels": trace.labels, "norm": float(sent.norm()),
            "sent": sent[:: max(1, len(sent) // 64)][:64].tolist(), "losses": losses,
            "psnr": [row["psnr"] for row in trace.scores], "ssim": [row["ssim"] for row in trace.scores],
            "answer": bytes_of(trace.images) if run.attack.single_pass else None,
            "control_psnr": judged["control"]["psnr"], "settled": judged["settled"],
        }  # fmt: skip


def recorded() -> dict[str, Any]:
    """What ``trace.json`` holds of the second run of RUNS, judged; numbers that time and machines change left out."""
    scenario = Scenario(**RUNS[1])
    run = prepare(scenario, pictures(scenario.batch_size) / 255)
    for _ in run:
        pass
    trace = run.trace()
    told = dataclasses.replace(trace, judgement=judge(run, trace).to_dict()).to_dict()
    defaults = {f.name: f.default for f in dataclasses.fields(Scenario)}
    floats = [name for name, default in defaults.items() if isinstance(default, float)]
    return {"fields": {"defaults": defaults, "floats": floats}, "trace": told}


def draws() -> dict[str, Any]:
    """What a seed gives."""
    generator = torch.Generator().manual_seed(5)
    return {
        "stream": stream_seed(7, "attack"),
        "uniform": torch.rand(3, generator=generator).tolist(),
        "whole": torch.randint(10, (5,), generator=generator).tolist(),
        "few": torch.randn(5, generator=generator).tolist(),
        "many": torch.randn(37, generator=generator).tolist(),
        "after": torch.rand(1, generator=generator).tolist(),
    }


def vectors() -> dict[str, Any]:
    """Everything that the file holds."""
    return {
        "smoothing": SMOOTHING,
        "layers": list(layers()),
        "victims": list(victims()),
        "pictures": bytes_of(pictures(2) / 255),
        "runs": list(runs()),
        "inverters": inverters.parts(),
        "recorded": recorded(),
        "draws": draws(),
    }


if __name__ == "__main__":
    FILE.write_text(json.dumps(vectors(), indent=0) + "\n")
