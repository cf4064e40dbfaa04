"""Side by side with the peers that the package registry has: same victim, weights, pictures, labels and gradient.

    pip install breaching==0.1.2
    apt install cmake g++ libboost-dev libboost-random-dev
    pip install "pybind11[global]" aijack==0.0.1b2
    python benchmarks/peers.py speed --out benchmarks/peers_speed.csv
    python benchmarks/peers.py picture --out benchmarks/peers.csv

``speed``: iterations per second and memory of Inverting Gradients, over victims x batch sizes. One iteration is one
value and picture gradient of the whole loss and the step that follows: ``ig`` and breaching's ``invertinggradients`` in
their own settings, AIJack's cosine and total variation by its Adam, which knows no signs, and without a box. All sides
alternate in one process, on one thread; of each the fastest stretch counts. Memory: what a process of its own, with the
side's packages loaded, rises by at its peak. With CUDA, add ``--device cuda``: wall seconds with synchronisation, and
the device's peak memory (written, but not tried: no device was there).

``picture``: PSNR of ``ig`` and breaching's ``invertinggradients`` after equal CPU seconds and after equal iterations,
over pictures x seeds. Step schedules are fitted to the iterations that the budget allows, for both sides alike.

What the registry has, tried on Python 3.11 with torch 2.13: breaching 0.1.2 installs and runs. AIJack 0.0.1b2, a source
archive, builds where Boost, CMake and pybind11 are there ("Could NOT find Boost" otherwise) and runs. GradAttack 0.1.2
does not install: it pins numpy 1.21.4 and torch 1.8.1 ("No matching distribution found"), and without its requirements
stops at pytorch_lightning 1.3.1. The package called leakpro (0.0.1, "Test") is another author's and empty.
"""

from __future__ import annotations

import json
import statistics
from collections.abc import Callable
from pathlib import Path

import click
import here  # noqa: F401
import torch
from adapters import Seen, by_aijack, by_breaching
from gauge import clock, fresh, peak
from rows import write
from torch import Tensor

import gi_core as gi
from gi_core.attacks import attacks
from gi_core.data.samples import sample
from gi_core.metrics.image import psnr
from gi_core.run import Run
from gi_core.seeds import stream_seed
from gi_core.studies.pictures import private_pictures

PICTURES = ("cifar10:0", "cifar10:1", "cifar10:2")
BUDGET = {"lenet": 6.0, "convnet": 30.0, "resnet18": 30.0}
WARM_UP = 2
ITERATIONS = {"lenet": 100, "convnet": 6, "resnet18": 10}
"""Timed iterations of a side in each turn, at batch 1; fewer at larger batches."""
TURNS = 2


def by_ours(run: Run, steps: int, seed: int, seen: Seen, options: str = "") -> Tensor:
    """(B,3,H,W) by ``ig`` with its defaults but for ``options``, as ",tv=0.05"."""
    attack = attacks.parse(f"ig:steps={steps}{options}")
    images = run.truth
    for frame in attack.run(run.observation, stream_seed(seed, "attack")):
        images = frame.images
        seen(images)
    return images


SIDES: dict[str, Callable[[Run, int, int, Seen], Tensor]] = {
    "ours": by_ours,
    "breaching": lambda run, *rest: by_breaching(run, "invertinggradients", *rest),
    "aijack": lambda run, *rest: by_aijack(run, "gs adam", *rest),
}


def prepared(model: str, picture: str, seed: int, attack: str) -> Run:
    scenario = gi.Scenario(model=model, attack=attack, seed=seed)
    return gi.prepare(scenario, private(picture), device="cpu")


def private(picture: str) -> Tensor:
    """(1,3,32,32) in [0,1]: a sample's name, or "cifar10:N" for number N of the test pictures in GI_DATA."""
    source, _, number = picture.partition(":")
    if number:
        return private_pictures(source, 1, 32, first=int(number))[0]
    return sample(picture, 32, 3).unsqueeze(0)


def noise(model: str, batch: int, device: str) -> Run:
    """A run on ``batch`` random pictures, of which only time and memory matter."""
    pictures = torch.rand(batch, 3, 32, 32, generator=torch.Generator().manual_seed(0))
    return gi.prepare(gi.Scenario(model=model, batch_size=batch), pictures, device=device)


def seconds(side: Callable[[Run, int, int, Seen], Tensor], run: Run, steps: int, device: str = "cpu") -> float:
    """Seconds per iteration: the fastest stretch of ten after warm-up, which other load disturbs least."""
    moments: list[float] = []
    side(run, steps, 0, lambda _: moments.append(clock(device)))
    stretch = min(10, steps - WARM_UP - 1)
    return min((moments[i + stretch] - moments[i]) / stretch for i in range(WARM_UP, steps - stretch))


def seconds_of_all(sides: list[str], model: str, batch: int, device: str) -> dict[str, float]:
    """Seconds per iteration of each side, in alternation."""
    run = noise(model, batch, device)
    steps = WARM_UP + 1 + max(2, ITERATIONS[model] // batch)
    turns = [{side: seconds(SIDES[side], run, steps, device) for side in sides} for _ in range(TURNS)]
    return {side: min(turn[side] for turn in turns) for side in sides}


def memory(side: str, model: str, batch: int, device: str) -> float:
    """MiB by which this process rises at its peak, packages and the smallest victim's run not counted."""
    SIDES[side](noise("mlp:width=4", 1, device), 2, 0, lambda _: None)
    before = peak("cpu") if device == "cpu" else 0.0
    SIDES[side](noise(model, batch, device), WARM_UP, 0, lambda _: None)
    return peak(device) - before


@click.group()
def main() -> None:
    """Time, memory and pictures of ig beside other toolkits."""


@main.command()
@click.option("--models", default=",".join(ITERATIONS), help="victims, comma-separated")
@click.option("--batches", default="1,4,16")
@click.option("--sides", default=",".join(SIDES), help="of ours, breaching, aijack")
@click.option("--device", default="cpu")
@click.option("--one", default="", hidden=True, help="MODEL BATCH: measure in this process, print JSON")
@click.option("--only-memory", is_flag=True, hidden=True)
@click.option("--out", type=click.Path(path_type=Path), default=None)
def speed(models: str, batches: str, sides: str, device: str, one: str, only_memory: bool, out: Path | None) -> None:
    """Iterations per second and peak memory, over victims x batch sizes x sides."""
    names = sides.split(",")
    if one:
        model, batch = one.split()
        at = (model, int(batch), device)
        click.echo(json.dumps({"mib": memory(sides, *at)} if only_memory else seconds_of_all(names, *at)))
        return
    rows: list[dict[str, object]] = []
    for model in models.split(","):
        for batch in batches.split(","):
            chosen = ("speed", "--one", f"{model} {batch}", "--device", device)
            times = fresh(__file__, *chosen, "--sides", sides)
            for side in names:
                found = fresh(__file__, *chosen, "--sides", side, "--only-memory")
                rows.append({
                    "model": model, "batch": int(batch), "device": device, "side": side,
                    "iterations_per_second": 1 / times[side], "times_ours": times[side] / times[names[0]],
                    "mib": found["mib"],
                })  # fmt: skip
                click.echo({k: round(v, 3) if isinstance(v, float) else v for k, v in rows[-1].items()})
            write(rows, out)


@main.command()
@click.option("--models", default=",".join(BUDGET), help="victims, comma-separated")
@click.option("--seeds", default=3, help="seeds per picture")
@click.option("--pictures", default=",".join(PICTURES))
@click.option("--options", default="", help="further options of our ig, as ',tv=0.05'")
@click.option("--budget", default=0.0, help="CPU seconds per run; 0: the default of each victim")
@click.option("--out", type=click.Path(path_type=Path), default=None)
def picture(models: str, seeds: int, pictures: str, options: str, budget: float, out: Path | None) -> None:
    """PSNR after equal CPU seconds and after equal iterations."""

    def ours(run: Run, steps: int, seed: int, seen: Seen) -> Tensor:
        return by_ours(run, steps, seed, seen, options)

    def reached(side: Callable[[Run, int, int, Seen], Tensor], model: str, name: str, seed: int, steps: int) -> float:
        run = prepared(model, name, seed, "ig")
        return float(psnr(side(run, steps, seed, lambda _: None), run.truth)[0])

    rows = []
    for model in models.split(","):
        probe, run = 200 if model == "lenet" else 16, prepared(model, "cat", 0, "ig")
        turns = [[seconds(side, run, probe) for side in (ours, SIDES["breaching"])] for _ in range(3)]
        mine, peer = (min(times) for times in zip(*turns, strict=True))
        allowed = budget or BUDGET[model]
        steps, peer_steps = int(allowed / mine), int(allowed / peer)
        click.echo(f"{model}: {1e3 * mine:.2f} ms against {1e3 * peer:.2f} ms, ratio {mine / peer:.2f}", err=True)
        for name in pictures.split(","):
            for seed in range(seeds):
                row = {
                    "model": model, "picture": name, "seed": seed, "ms": 1e3 * mine, "breaching_ms": 1e3 * peer,
                    "ratio": mine / peer, "cpu_seconds": allowed, "steps": steps, "breaching_steps": peer_steps,
                    "psnr": reached(ours, model, name, seed, steps),
                    "psnr_equal_iterations": reached(ours, model, name, seed, peer_steps),
                    "breaching_psnr": reached(SIDES["breaching"], model, name, seed, peer_steps),
                }  # fmt: skip
                rows.append(row)
                click.echo({k: round(v, 3) if isinstance(v, float) else v for k, v in row.items()}, err=True)
                write(rows, out)
    for model in models.split(","):
        mine = [r for r in rows if r["model"] == model]
        means = {k: statistics.mean(r[k] for r in mine) for k in ("psnr", "psnr_equal_iterations", "breaching_psnr")}
        click.echo(f"{model}: ratio {mine[0]['ratio']:.2f}  " + "  ".join(f"{k} {v:.2f}" for k, v in means.items()))


if __name__ == "__main__":
    main()
