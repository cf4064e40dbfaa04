"""What every attack is: options in, Frames out."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, ClassVar

from gi_core.components import Component, Registry, option, split_top
from gi_core.errors import BadInput
from gi_core.inversion.descent import keep_best
from gi_core.inversion.frame import Frame
from gi_core.observation import Observation
from gi_core.seeds import restart_seed

if TYPE_CHECKING:
    from typing import Self


@dataclass(frozen=True, kw_only=True)
class Attack(Component):
    """Rebuilds pictures from an Observation.

    ``assumes`` says what it needs, ``fails`` when it does not work in practice, ``defend`` what stops it:
    one sentence each, shown beside every run.
    """

    assumes: ClassVar[str] = ""
    fails: ClassVar[str] = ""
    defend: ClassVar[str] = ""
    single_pass: ClassVar[bool] = False

    @property
    def iterations(self) -> int:
        """How many Frames a full run yields."""
        return 1

    @abstractmethod
    def run(self, observation: Observation, seed: int) -> Iterator[Frame]:
        """Yield a Frame per iteration; the last one's images are the answer.

        Random draws come from a ``torch.Generator`` seeded with ``seed``. Closing the generator stops the work.

        Raises:
            BadInput: the observation does not hold what the attack needs.
        """

    def warmed(self, named: set[str]) -> Self:
        """This attack as ``a+b`` begins it: with other defaults, but for options in ``named``."""
        return self


STARTS = ("randn", "rand", "grey")
"""Starting points that are not attacks: N(0,1) in normalised pixels as published, uniform in [0,1], all 0.5."""


WARM_STARTS = 3
"""Attacks that may stand before one another's start."""


@dataclass(frozen=True)
class Restart:
    """One of an attack's independent starts: its number, from 0, and the seed of its draws."""

    number: int
    seed: int


Descent = Callable[[Restart], Iterator[Frame]]
"""From a start down; frames are counted from 0."""


@dataclass(frozen=True, kw_only=True)
class IterativeAttack(Attack):
    """Starts somewhere and descends, several times over; ``init`` may name an attack whose answer is the start."""

    steps: int = option(1000, "iterations per restart", low=1, high=100_000)
    restarts: int = option(1, "independent starts; the lowest loss wins", low=1, high=64)
    init: str = option("randn", "starting point: randn, rand, grey, or an attack")

    def __post_init__(self) -> None:
        super().__post_init__()
        check_init(self.init)

    @property
    def iterations(self) -> int:
        return self.restarts * (self.steps + 1)

    @abstractmethod
    def descent(self, observation: Observation, seed: int) -> Descent:
        """The way down from a start; what all starts share is made here, once. Raises BadInput as :meth:`run`."""

    def run(self, observation: Observation, seed: int) -> Iterator[Frame]:
        descent = self.descent(observation, seed)

        def counted(restart: Restart) -> Iterator[Frame]:
            done = restart.number * (self.steps + 1)
            for frame in descent(restart):
                yield replace(frame, iteration=done + frame.iteration, restart=restart.number)

        yield from keep_best(counted(Restart(n, restart_seed(seed, n))) for n in range(self.restarts))


class Attacks(Registry[Attack]):
    def parse(self, text: str) -> Attack:
        """One attack; ``a+b:key=value`` is a warm start: b as :meth:`Attack.warmed`, with ``init=a``."""
        first, *following = split_top(text, "+")
        attack = super().parse(first)
        for part in following:
            start, attack = attack, super().parse(part)
            if not hasattr(attack, "init"):
                raise BadInput(f"{attack.name} has no starting point, so nothing can stand before it: {text!r}")
            named = {option.partition("=")[0].strip() for option in split_top(part.partition(":")[2], ",")}
            attack = replace(attack.warmed(named), init=start.text)  # type: ignore[call-arg]
        return attack


attacks = Attacks("attack")


def check_init(init: str) -> None:
    """Refuse a starting point that is neither a known name nor an attack, or too long a chain. Raises BadInput."""
    if init.count("init") + init.count("+") >= WARM_STARTS:
        raise BadInput(
            f"{WARM_STARTS + 1} or more attacks, each the start of the next: at most {WARM_STARTS} are allowed"
        )
    if init not in STARTS:
        try:
            attacks.parse(init)
        except BadInput as error:
            raise BadInput(f"init={init[:200]}: allowed are {', '.join(STARTS)} or an attack; {error}") from None
