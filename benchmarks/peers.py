"""Side by side with ``breaching`` (Geiping et al.): same victim, weights, picture, label, gradient, one thread.

    pip install breaching==0.1.2
    python benchmarks/peers.py --out benchmarks/peers.csv

Both run Inverting Gradients in their own published settings. Per victim: CPU seconds per iteration, measured in
alternation in one process, and PSNR after equal CPU seconds and after equal iterations, over pictures x seeds. Step
schedules are fitted to the iterations that the budget allows, for both sides alike.
"""

from __future__ import annotations

import csv
import statistics
import time
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace

import click
import torch
from torch import Tensor

import gi_core as gi
from gi_core._torch import make_torchvision_importable
from gi_core.client import stream_seed
from gi_core.images import sample
from gi_core.metrics.image import psnr
from gi_core.run import Run
from gi_core.studies.pictures import private_pictures

PICTURES = ("cifar10:0", "cifar10:1", "cifar10:2")
BUDGET = {"lenet": 6.0, "convnet": 30.0, "resnet18": 30.0}
WARM_UP = 3


def prepared(model: str, picture: str, seed: int, attack: str) -> Run:
    scenario = gi.Scenario(model=model, attack=attack, seed=seed)
    return gi.prepare(scenario, private(picture), device="cpu")


def private(picture: str) -> Tensor:
    """(1,3,32,32) in [0,1]: a sample's name, or "cifar10:N" for number N of the test pictures in GI_DATA."""
    source, _, number = picture.partition(":")
    if number:
        return private_pictures(source, 1, 32, first=int(number))[0]
    return sample(picture, 32, 3).unsqueeze(0)


def ours(model: str, picture: str, seed: int, steps: int, options: str) -> tuple[float, float]:
    """(CPU seconds per iteration after warm-up, PSNR in dB)."""
    run = prepared(model, picture, seed, f"ig:steps={steps}{options}")
    moments, images = [], run.truth
    for frame in run.attack.run(run.observation, stream_seed(seed, "attack")):
        moments.append(time.process_time())
        images = frame.images
    return per_iteration(moments), float(psnr(images, run.truth)[0])


def theirs(model: str, picture: str, seed: int, steps: int) -> tuple[float, float]:
    """The same for breaching's ``invertinggradients``. Its own clock: iterations WARM_UP.. of the optimiser."""
    calls: list[float] = []
    run = prepared(model, picture, seed, "ig")
    images = by_breaching(run, "invertinggradients", steps, seed, lambda _: calls.append(time.process_time()))
    return per_iteration(calls[:steps]), float(psnr(images, run.truth)[0])


def by_breaching(run: Run, config: str, steps: int, seed: int, seen: Callable[[Tensor], None]) -> Tensor:
    """(1,3,32,32) by breaching's attack of this name, given our gradient. ``seen`` gets every guess, in [0,1]."""
    make_torchvision_importable()
    import breaching

    victim = run.victim

    class Body(torch.nn.Module):
        """The victim without its normalisation, which breaching applies itself."""

        def __init__(self) -> None:
            super().__init__()
            self.body, self.head = victim.body, victim.head

        def forward(self, x: Tensor) -> Tensor:
            if len(x) == 1:
                seen(x.detach() * victim.std + victim.mean)
            return self.head(self.body(x))

    network = Body().eval()
    settings = breaching.get_attack_config(
        config, overrides=[f"optim.max_iterations={steps}", "optim.callback=1000000"]
    )
    meta = SimpleNamespace(
        shape=(3, 32, 32), mean=victim.mean.flatten().tolist(), std=victim.std.flatten().tolist(),
        modality="vision", task="classification", classes=10,
    )  # fmt: skip
    meta_dict = _Meta(vars(meta))
    setup = {"device": torch.device("cpu"), "dtype": torch.float}
    attacker = breaching.attacks.prepare_attack(network, torch.nn.CrossEntropyLoss(), settings, setup)
    gradients = [run.observation.update.tensors[name] for name, _ in victim.named_parameters()]
    labels = None if settings.attack_type == "joint-optimization" else run.labels
    shared = _Meta({"num_data_points": 1, "labels": labels, "local_hyperparams": None, "data_key": "inputs"})
    torch.manual_seed(seed)
    result, _ = attacker.reconstruct(
        [{"parameters": list(network.parameters()), "buffers": list(network.buffers()), "metadata": meta_dict}],
        [{"gradients": gradients, "buffers": None, "metadata": shared}],
        {},
    )  # fmt: skip
    return result["data"] * victim.std + victim.mean


def per_iteration(moments: list[float]) -> float:
    """CPU seconds per iteration: the fastest stretch of ten, which other load on the machine disturbs least."""
    stretch = min(10, len(moments) - WARM_UP - 1)
    return min((moments[i + stretch] - moments[i]) / stretch for i in range(WARM_UP, len(moments) - stretch))


class _Meta(dict):
    """A mapping whose keys are attributes too, as breaching expects of its configurations."""

    __getattr__ = dict.__getitem__


@click.command()
@click.option("--models", default=",".join(BUDGET), help="victims, comma-separated")
@click.option("--seeds", default=3, help="seeds per picture")
@click.option("--pictures", default=",".join(PICTURES))
@click.option("--options", default="", help="further options of our ig, as ',tv=0.05'")
@click.option("--budget", default=0.0, help="CPU seconds per run; 0: the default of each victim")
@click.option("--out", type=click.Path(path_type=Path), default=None)
def main(models: str, seeds: int, pictures: str, options: str, budget: float, out: Path | None) -> None:
    rows = []
    for model in models.split(","):
        speed = {"ours": [], "theirs": []}
        probe = 200 if model == "lenet" else 16
        for _ in range(3):
            speed["ours"].append(ours(model, "cat", 0, probe, options)[0])
            speed["theirs"].append(theirs(model, "cat", 0, probe)[0])
        mine, peer = (min(speed[side]) for side in ("ours", "theirs"))
        allowed = budget or BUDGET[model]
        steps, peer_steps = int(allowed / mine), int(allowed / peer)
        click.echo(f"{model}: {1e3 * mine:.2f} ms against {1e3 * peer:.2f} ms, ratio {mine / peer:.2f}", err=True)
        for picture in pictures.split(","):
            for seed in range(seeds):
                row = {
                    "model": model, "picture": picture, "seed": seed, "ms": 1e3 * mine, "breaching_ms": 1e3 * peer,
                    "ratio": mine / peer, "cpu_seconds": allowed, "steps": steps, "breaching_steps": peer_steps,
                    "psnr": ours(model, picture, seed, steps, options)[1],
                    "psnr_equal_iterations": ours(model, picture, seed, peer_steps, options)[1],
                    "breaching_psnr": theirs(model, picture, seed, peer_steps)[1],
                }  # fmt: skip
                rows.append(row)
                click.echo({k: round(v, 3) if isinstance(v, float) else v for k, v in row.items()}, err=True)
                if out:
                    with out.open("w", newline="") as file:
                        writer = csv.DictWriter(file, list(row))
                        writer.writeheader()
                        writer.writerows(rows)
    for model in models.split(","):
        mine = [r for r in rows if r["model"] == model]
        means = {k: statistics.mean(r[k] for r in mine) for k in ("psnr", "psnr_equal_iterations", "breaching_psnr")}
        click.echo(f"{model}: ratio {mine[0]['ratio']:.2f}  " + "  ".join(f"{k} {v:.2f}" for k, v in means.items()))


if __name__ == "__main__":
    main()
