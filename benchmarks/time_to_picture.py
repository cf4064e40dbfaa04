"""How soon is there a picture? CPU seconds to 20 and to 25 dB, ours against the peers that can be installed (peers.py).

    GI_DATA=FOLDER python benchmarks/time_to_picture.py --out benchmarks/time_to_picture.csv
    GI_DATA=FOLDER python benchmarks/time_to_picture.py --peers aijack --out benchmarks/time_to_picture_aijack.csv

The same gradients, batch 1, eval mode, one thread, CIFAR-10 test pictures that nothing was tuned on. Ours is one
attack per victim, fixed beforehand, and counts when the picture that it would return has the PSNR: singular values,
eigenvectors and networks are in its time. A peer counts as soon as any guess that it makes has the PSNR, which only
someone who knows the truth can see; its own settings, its step schedule fitted to the iterations that the budget
allows. A side that does not get there within its budget has no time, and one that ends or diverges earlier never
does; a ratio against the longest of them is a lower bound.
"""

from __future__ import annotations

import contextlib
import statistics
import time
from pathlib import Path

import click
import here  # noqa: F401
from adapters import by_aijack, by_breaching
from peers import prepared
from rows import write
from torch import Tensor

from gi_core.metrics.image import psnr
from gi_core.seeds import stream_seed

LEVELS = (20, 25)
OURS = {"lenet": "venom+idlg", "resnet18": "venom+span", "convnet": "span"}
PEERS = {
    "breaching": (by_breaching, {
        "lenet": {"invertinggradients": 3000, "deepleakage": 150, "modern": 3000},
        "resnet18": {"invertinggradients": 120, "modern": 120},
        "convnet": {"invertinggradients": 120, "modern": 120},
    }),
    "aijack": (by_aijack, {
        "lenet": {"dlg": 150, "idlg": 150, "gs": 150},
        "resnet18": {"idlg": 100, "gs": 100},
        "convnet": {"gs": 100},
    }),
}  # fmt: skip
"""Toolkit, then victim, then attack and its iterations; L-BFGS evaluates up to 20 times in each of its."""
BUDGET = {"lenet": 10.0, "resnet18": 25.0, "convnet": 40.0}
"""CPU seconds after which a peer is stopped."""


class Spent(Exception):
    """The budget is, or the guess has diverged."""


class Watch:
    """Seconds to each level, and the best PSNR; what the comparing itself takes is not counted."""

    def __init__(self, truth: Tensor, budget: float) -> None:
        self.truth, self.budget, self.started = truth, budget, time.process_time()
        self.reached: dict[int, float] = {}
        self.best = self.last = 0.0

    def see(self, images: Tensor) -> None:
        now = time.process_time()
        if not images.isfinite().all():
            raise Spent
        self.last = float(psnr(images.clamp(0, 1), self.truth)[0])
        self.best = max(self.best, self.last)
        for level in LEVELS:
            if self.last >= level:
                self.reached.setdefault(level, now - self.started)
        self.spent = now - self.started
        self.started += time.process_time() - now
        if self.spent > self.budget:
            raise Spent


def ours(model: str, picture: str, seed: int) -> Watch:
    run = prepared(model, picture, seed, OURS[model])
    watch = Watch(run.truth, float("inf"))
    for frame in run.attack.run(run.observation, stream_seed(seed, "attack")):
        watch.see(frame.images)
    return watch


def theirs(model: str, picture: str, seed: int, peer: str, config: str, longer: float) -> Watch:
    run = prepared(model, picture, seed, "ig")
    watch = Watch(run.truth, longer * BUDGET[model])
    attack, iterations = PEERS[peer]
    with contextlib.suppress(Spent):
        attack(run, config, int(longer * iterations[model][config]), seed, watch.see)
    return watch


@click.command()
@click.option("--models", default=",".join(OURS), help="victims, comma-separated")
@click.option("--pictures", default="100,101,102,103,104,105,106,107", help="numbers of CIFAR-10 test pictures")
@click.option("--seeds", default=1, help="seeds per picture")
@click.option("--peers", default="breaching", help="of breaching, aijack")
@click.option("--longer", default=1.0, help="times the peers' budget and iterations")
@click.option("--out", type=click.Path(path_type=Path), default=None)
def main(models: str, pictures: str, seeds: int, peers: str, longer: float, out: Path | None) -> None:
    rows: list[dict[str, object]] = []
    for model in models.split(","):
        ours(model, "cat", 0)  # loads libraries and networks
        for picture in pictures.split(","):
            for seed in range(seeds):
                sides = {OURS[model]: ours(model, f"cifar10:{picture}", seed)}
                for peer in peers.split(","):
                    for config in PEERS[peer][1][model]:
                        sides[f"{peer} {config}"] = theirs(model, f"cifar10:{picture}", seed, peer, config, longer)
                for attack, watch in sides.items():
                    row = {"model": model, "picture": picture, "seed": seed, "attack": attack}
                    row |= {f"seconds_to_{level}": watch.reached.get(level, "") for level in LEVELS}
                    rows.append(row | {"psnr": watch.last, "best_psnr": watch.best, "cpu_seconds": watch.spent})
                    click.echo({k: round(v, 2) if isinstance(v, float) else v for k, v in rows[-1].items()}, err=True)
                write(rows, out)
        for level in LEVELS:
            click.echo(f"{model}, {level} dB: {summary(rows, model, level)}")


def summary(rows: list[dict[str, object]], model: str, level: int) -> str:
    """How many runs get there, the median seconds of ours, and how many times as long the soonest peer takes."""
    runs: dict[tuple[object, object], dict[str, dict[str, object]]] = {}
    for row in (r for r in rows if r["model"] == model):
        runs.setdefault((row["picture"], row["seed"]), {})[str(row["attack"])] = row
    key, ratios, times, bound = f"seconds_to_{level}", [], [], 0
    for attacks in runs.values():
        mine = attacks[OURS[model]][key]
        peers = [row[key] for name, row in attacks.items() if name != OURS[model] and row[key] != ""]
        if mine == "":
            continue
        times.append(float(str(mine)))
        longest = max(float(str(row["cpu_seconds"])) for name, row in attacks.items() if name != OURS[model])
        bound += not peers
        ratios.append((min(float(str(p)) for p in peers) if peers else longest) / times[-1])
    if not times:
        return f"ours 0 of {len(runs)}"
    return (
        f"ours {len(times)} of {len(runs)}, median {statistics.median(times):.2f} s; the soonest peer takes"
        f" {min(ratios):.1f} to {max(ratios):.1f} times as long (lower bounds in {bound} runs)"
    )


if __name__ == "__main__":
    main()
