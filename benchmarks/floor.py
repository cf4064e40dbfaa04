"""How near the floor an attack's evaluation of the objective comes: two floors, and every attack as a multiple of each.

    python benchmarks/floor.py --out benchmarks/floor.csv

*Bare*: the eager forward, backward and double backward of the victim and nothing else. *Arithmetic*: a convolution's
forward costs F, its backward 2F, the second backward 4F more, so 7/3 of one forward and backward. Attack, bare pass and
forward-backward are timed in alternation, in CPU seconds of one thread; of each the fastest counts. An evaluation is
one value and picture gradient of an attack's whole loss, priors included; L-BFGS needs several an iteration.

Where an iteration of ``ig`` on ``resnet18`` goes (torch.profiler, batch 1, shares of the operators' own time, beside
other load): products with the weights of the factored deep layers 43 %, convolutions of the wide early ones 34 %,
columns in and out 4 %, the rest (BatchNorm, ReLU, sums, copies, dispatch) 19 %. Each deep weight is read four times and
its target twice, from memory. With every BatchNorm taken out, which bounds what folding it into the convolutions can
save, an evaluation took 0.88x and 0.93x of its time in two probes; an affine map in its place 0.97x at the fastest and
1.02x at the median of one run, so it stayed. Folding itself, which must still give the gradients of its scales, was not
built.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from pathlib import Path

import click
import torch
from rows import write
from speed import bare

import gi_core as gi
from gi_core.matching import Evaluation, Matcher
from gi_core.run import Run

ATTACKS = ("ig", "ig:objective=l2", "dlg", "sme", "fm", "gradinversion")
ROUNDS = 12


def forward_backward(run: Run) -> None:
    torch.autograd.grad(run.victim.loss(run.truth, run.labels), run.observation.parameters)


def evaluations(run: Run) -> Iterator[float]:
    """CPU seconds of each evaluation that the attack makes."""
    spent: list[float] = []
    plain = Matcher.evaluate

    def timed(self: Matcher, *args: object, **options: object) -> Evaluation:
        started = time.process_time()
        try:
            return plain(self, *args, **options)  # type: ignore[arg-type]
        finally:
            spent.append(time.process_time() - started)

    for _ in run.attack.run(run.observation, 0):
        Matcher.evaluate = plain  # type: ignore[method-assign]
        yield from spent
        spent.clear()
        Matcher.evaluate = timed  # type: ignore[method-assign]


def seconds(step: Callable[[], object]) -> float:
    started = time.process_time()
    step()
    return time.process_time() - started


def measure(model: str, batch: int, attack: str) -> dict[str, str | int | float]:
    pictures = torch.rand(batch, 3, 32, 32, generator=torch.Generator().manual_seed(0))
    run = gi.prepare(gi.Scenario(model=model, batch_size=batch, attack=attack), pictures, device="cpu")
    own = evaluations(run)
    stretch = 20 if model in ("lenet", "mlp") else 1
    times: dict[str, list[float]] = {"both": [], "bare": [], "attack": []}
    for round_ in range(ROUNDS + 1):
        found = {
            "both": min(seconds(lambda: forward_backward(run)) for _ in range(stretch)),
            "bare": min(seconds(lambda: bare(run)) for _ in range(stretch)),
            "attack": min(next(own) for _ in range(stretch)),
        }
        for name, value in found.items():
            times[name] += [value] if round_ else []
    both, plain, mine = (min(times[name]) for name in ("both", "bare", "attack"))
    return {
        "model": model, "batch": batch, "attack": attack, "forward_backward_ms": 1e3 * both, "bare_ms": 1e3 * plain,
        "arithmetic_ms": 1e3 * both * 7 / 3, "attack_ms": 1e3 * mine, "times_bare": mine / plain,
        "times_arithmetic": mine / (both * 7 / 3),
    }  # fmt: skip


@click.command()
@click.option("--models", default="lenet,convnet,resnet18")
@click.option("--batches", default="1")
@click.option("--attacks", default=" ".join(ATTACKS), help="separated by blanks")
@click.option("--out", type=click.Path(path_type=Path), default=None)
def main(models: str, batches: str, attacks: str, out: Path | None) -> None:
    rows = []
    for model in models.split(","):
        for batch in batches.split(","):
            for attack in attacks.split():
                rows.append(measure(model, int(batch), attack))
                click.echo({k: round(v, 3) if isinstance(v, float) else v for k, v in rows[-1].items()})
                write(rows, out)


if __name__ == "__main__":
    main()
