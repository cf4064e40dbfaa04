"""From update to picture: milliseconds of every single-pass attack on one core, and DLG's time for the same update.

python benchmarks/single_pass.py --out benchmarks/single_pass.csv [--model resnet18 --names venom,fgla]

``milliseconds``: the median of 20 after one that loads the networks. ``slow_milliseconds``: the iterative attack, once.
"""

from __future__ import annotations

import time
from pathlib import Path
from statistics import median

import click
import here  # noqa: F401
from rows import write

import gi_core as gi
from gi_core.attacks import attacks
from gi_core.data.samples import sample

REPEATS = 20


def milliseconds(run: gi.Run, text: str, repeats: int) -> float:
    """Median CPU milliseconds of the whole attack, after a first time that loads networks (0 repeats: that one)."""
    attack = attacks.parse(text)
    spent = []
    for _ in range(repeats + 1):
        started = time.process_time()
        for _ in attack.run(run.observation, 0):
            pass
        spent.append(1e3 * (time.process_time() - started))
    return median(spent[1:] or spent)


@click.command()
@click.option("--model", default="lenet")
@click.option("--names", default="venom,venom-diff,fgla,lti,git")
@click.option("--slow", default="dlg", help="the iterative attack to compare with, once from start to end")
@click.option("--out", type=click.Path(path_type=Path), default=None)
def main(model: str, names: str, slow: str, out: Path | None) -> None:
    run = gi.prepare(gi.Scenario(model=model), sample("cat", 32, 3).unsqueeze(0))
    iterative = milliseconds(run, slow, 0)
    rows = []
    for name in names.split(","):
        single = milliseconds(run, name, REPEATS)
        click.echo(f"{name:<12} {single:8.1f} ms   {slow} takes {iterative / single:,.0f} times as long")
        rows.append({
            "model": model, "attack": name, "milliseconds": round(single, 2), "slow": slow,
            "slow_milliseconds": round(iterative), "times_as_long": round(iterative / single),
        })  # fmt: skip
    write(rows, out)


if __name__ == "__main__":
    main()
