"""How near the floor an attack's iterations come: two floors, and every attack as a multiple of each.

    python benchmarks/floor.py --out benchmarks/floor.csv

*Bare*: the eager forward, backward and double backward of the victim and nothing else. *Arithmetic*: a convolution's
forward costs F, its backward 2F, the second backward 4F more, so 7/3 of one forward and backward. Attack, bare pass and
forward-backward are timed in alternation, in CPU seconds of one thread; of each the fastest stretch counts. The
attack's time is that of whole iterations, steps and frames included, over the evaluations they make: one value and
picture gradient of the whole loss, priors included; L-BFGS needs several an iteration.

Where an iteration of ``ig`` on ``resnet18`` goes (torch.profiler, batch 1, shares of the operators' own time, medians
of three, beside other load): convolutions of the wide early layers 43 %, products with the weights of the factored deep
layers 33 %, their windows in and out 5 %, the rest (BatchNorm, ReLU, sums, copies, dispatch) 18 %. Each deep weight is
read four times and its target twice, from memory. Laying both out once for these products took an iteration from 0.87x
to 0.78x the bare passes, keeping channels last between them, so that nothing is copied, from 0.78x to 0.74x. Factoring
more layers does not pay: with those of 128 channels at 256 positions ``resnet18`` takes 1.11x as long (batch 4, the
same rule: 1.02x), and with the two last layers of ``convnet`` as long as before.

With every BatchNorm taken out, which bounds what folding it into the convolutions can save, an evaluation took 0.88x
and 0.93x of its time in two probes before those changes; an affine map in its place 0.97x at the fastest and 1.02x at
the median of one run, so it stayed. Folding itself, which must still give the gradients of its scales, was not built.

Beside the matching stand ``fm``'s network, which looks at every seventh guess and on ``lenet`` costs three times as
much as matching one (bfloat16 and channels last saved nothing there), and the statistics that ``gradinversion``
compares at every BatchNorm: read in the matching pass, not in one of their own, they took it from 1.33x to 1.10x the
bare passes of ``resnet18``, and factored layers, which every objective has, to 0.91x.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from unittest.mock import patch

import click
import here  # noqa: F401
import torch
from gauge import clock
from rows import write
from speed import bare

import gi_core as gi
from gi_core.errors import BadInput
from gi_core.inversion.frame import Evaluation
from gi_core.inversion.matching import Matcher
from gi_core.run import Run

ATTACKS = ("ig", "ig:objective=l2", "dlg", "sme", "fm", "gradinversion")
ROUNDS = 6
STRETCH = {"lenet": 40, "mlp": 40}
"""Evaluations timed at a stretch: 4 where no number is given, as the network of ``fm`` looks at every fourth guess."""


def forward_backward(run: Run) -> None:
    torch.autograd.grad(run.victim.loss(run.truth, run.labels), run.observation.parameters)


@contextmanager
def counted() -> Iterator[list[int]]:
    """The number of evaluations of an objective so far, in a list of one."""
    number, plain = [0], Matcher.evaluate

    def evaluate(self: Matcher, *args: object, **options: object) -> Evaluation:
        number[0] += 1
        return plain(self, *args, **options)  # type: ignore[arg-type]

    with patch.object(Matcher, "evaluate", evaluate):
        yield number


def seconds(step: Callable[[], object], times: int = 1) -> float:
    started = clock()
    for _ in range(times):
        step()
    return (clock() - started) / times


def measure(model: str, batch: int, attack: str) -> dict[str, str | int | float]:
    pictures = torch.rand(batch, 3, 32, 32, generator=torch.Generator().manual_seed(0))
    run = gi.prepare(gi.Scenario(model=model, batch_size=batch, attack=attack), pictures, device="cpu")
    stretch = STRETCH.get(model, 4)
    times: dict[str, list[float]] = {"both": [], "bare": [], "attack": []}
    with counted() as number:
        frames = run.attack.run(run.observation, 0)
        next(frames)
        for _ in range(ROUNDS):
            times["both"].append(seconds(lambda: forward_backward(run), stretch))
            times["bare"].append(seconds(lambda: bare(run), stretch))
            before, started = number[0], clock()
            while number[0] < before + stretch:
                next(frames)
            times["attack"].append((clock() - started) / (number[0] - before))
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
                try:
                    rows.append(measure(model, int(batch), attack))
                except BadInput as reason:
                    click.echo(f"{model}, {attack}: {reason}", err=True)
                    continue
                click.echo({k: round(v, 3) if isinstance(v, float) else v for k, v in rows[-1].items()})
                write(rows, out)


if __name__ == "__main__":
    main()
