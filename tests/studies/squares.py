"""A study of a moment, importable by the processes that measure its cells; run as a program, 200 cells on Ray."""

import sys
import time
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar

from gi_core.components import option
from gi_core.studies.base import Study, run_study

good_now: list[int] = []


@dataclass(frozen=True, kw_only=True)
class Squares(Study):
    """Squares of numbers."""

    keys: ClassVar[tuple[str, ...]] = ("number",)
    columns: ClassVar[tuple[str, ...]] = ("square", "root")

    count: int = option(4, "how many")
    bad: int = option(-1, "a number that can't be measured")
    pause: float = option(0.0, "seconds that a cell takes")

    def cells(self):
        return ({"number": n} for n in range(self.count))

    def measure(self, cell):
        number = cell["number"]
        if number == self.bad and number not in good_now:
            raise ValueError(f"{number} is\nno good")
        time.sleep(self.pause)
        return {"square": number**2, "root": number**0.5}


Squares.name = "squares"

if __name__ == "__main__":
    import squares  # so that workers find the study by its module's name

    for _ in run_study(squares.Squares(count=200), Path(sys.argv[1]), workers=2, cluster="local"):
        time.sleep(0.01)
