"""Random permitted scenarios, each stopped at a random moment: ``python benchmarks/stops.py [COUNT] [--out FILE]``.

What a Space allows, drawn from models, attacks, defenses, servers and sizes. A row for each: seconds from the stop
until its worker was free, how it ended, and its memory. Resumable: scenarios in FILE are left out.
"""

from __future__ import annotations

import csv
import os
import random
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import click

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))


from gi_core.attacks import attacks
from gi_core.cancellation import Cancelled
from gi_core.data.samples import public_crops
from gi_core.defenses import defenses
from gi_core.errors import BadInput
from gi_core.models import models
from gi_core.scenario import Scenario
from gi_core.servers import servers
from gi_core.web.server import tasks
from gi_core.web.server.requests import scenario_of
from gi_core.web.server.workers import Workers
from gi_core.web.settings import Limits

SPACE = Limits(workers=2, seconds=120.0, image_size=64, batch_size=16, per_session=2, megabytes=3000.0)
FIELDS = ("number", "scenario", "after", "free", "ended", "gigabytes")


def drawn(number: int, limits: Limits = SPACE) -> Scenario | None:
    """A scenario that the deployment takes; None where the fields drawn don't go together, or cost too much."""
    draw = random.Random(number)
    fields = {
        "model": draw.choice(models.names()), "image_size": draw.choice((16, 32, 32, 64)),
        "batch_size": draw.choice((1, 1, 2, 4, 16)), "mode": draw.choice(("eval", "eval", "train")),
        "local_steps": draw.choice((1, 1, 1, 5, 1000)), "clients": draw.choice((1, 1, 1, 10, 1000)),
        "attack": draw.choice(attacks.names()), "server": draw.choice(("honest", "honest", *servers.names())),
        "defense": draw.choice(("none", "none", "soteria:probes=1000000000", *defenses.names())),
        "seed": draw.randrange(1000),
    }  # fmt: skip
    try:
        return scenario_of(fields, limits)
    except BadInput:
        return None


def named(throttle: Any, *arguments: Any) -> Iterator[dict[str, Any]]:
    """A run that says first which process computes it."""
    yield {"pid": os.getpid()}
    yield from tasks.live(throttle, *arguments)


def stopped(workers: Workers, scenario: Scenario, after: float) -> dict[str, Any]:
    """Start a run, stop it after so many seconds, and wait until its worker is free."""
    from benchmarks.stops import named  # by a name that the worker can import

    stop, asked, peak, pid = threading.Event(), [float("inf")], 0.0, 0

    def ask() -> None:
        asked[0] = time.monotonic()
        stop.set()

    pictures = public_crops(scenario.batch_size, scenario.image_size, scenario.channels, 0)
    given = (scenario, pictures, ["cat"] * scenario.batch_size, "x")
    timer = threading.Timer(after, ask)
    ended = "done"
    try:
        for message in workers(named, given, stop, time.monotonic() + SPACE.seconds):
            if "pid" in message:
                pid = message["pid"]
                timer.start()
            ended = message.get("run", {}).get("state", ended)
            peak = max(peak, data_bytes(pid))
    except BadInput as error:
        ended = str(error)[:80]
    except Cancelled:
        ended = "cancelled"
    except RuntimeError:
        ended = "crashed"
    free = max(0.0, time.monotonic() - asked[0])
    timer.cancel()
    return {
        "scenario": scenario.to_url(), "after": f"{after:.2f}", "free": f"{free:.2f}", "ended": ended,
        "gigabytes": f"{peak / 1e9:.2f}",
    }  # fmt: skip


def data_bytes(pid: int) -> float:
    """What the limit counts of a process; 0 where it has ended."""
    try:
        lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    except OSError:
        return 0.0
    return max((1024.0 * int(line.split()[1]) for line in lines if line.startswith("VmData")), default=0.0)


@click.command(help=__doc__)
@click.argument("count", default=300)
@click.option("--out", default="benchmarks/stops.csv", help="CSV file")
def main(count: int, out: str) -> None:
    file = Path(out)
    known = {int(row["number"]) for row in csv.DictReader(file.open())} if file.exists() else set()
    workers = Workers(SPACE.worker_bytes)
    found, number = len(known), max(known, default=-1)
    with file.open("a", newline="") as stream:
        rows = csv.DictWriter(stream, FIELDS)
        if not known:
            rows.writeheader()
        while found < count:
            number += 1
            if (scenario := drawn(number)) is not None:
                after = random.Random(-number).uniform(0.0, 1.0)
                rows.writerow({"number": number} | stopped(workers, scenario, after))
                stream.flush()
                found += 1
    told = list(csv.DictReader(file.open()))
    worst = sorted(float(row["free"]) for row in told)
    click.echo(f"{len(told)} stops: median {worst[len(worst) // 2]:.2f} s, worst {worst[-1]:.2f} s")
    click.echo({state: sum(row["ended"] == state for row in told) for state in {row["ended"] for row in told}})


if __name__ == "__main__":
    main()
