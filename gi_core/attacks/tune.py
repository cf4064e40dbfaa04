"""Search for an attack's hyper-parameters by what the attacker can see."""

from __future__ import annotations

from collections.abc import Generator, Iterator
from dataclasses import dataclass, fields, replace
from typing import Any, ClassVar

import torch

from gi_core.attacks.base import Attack, attacks
from gi_core.components import option
from gi_core.errors import BadInput
from gi_core.inversion.frame import Frame
from gi_core.observation import Observation

# "Practical Feasibility of Gradient Inversion Attacks in Federated Learning": (low, high) on a logarithmic scale, or
# a list of choices. Learning rates above 10 leave the box in one step whatever the gradient, as in the paper.
RANGES: dict[str, tuple[float, float] | list[Any]] = {
    "lr": (1e-4, 1e2),
    "tv": (1e-6, 1e-1),
    "bn": (1e-4, 1e-1),
    "median": [False, True],
    "top10": [False, True],
}
PROXY_BN: list[Any] = [0.0, 1e-4, 1e-2]


def ranges(attack: Attack) -> dict[str, tuple[float, float] | list[Any]]:
    """The options of ``attack`` that the search varies, with their ranges."""
    own = {f.name for f in fields(attack)}
    found = {name: values for name, values in RANGES.items() if name in own}
    return found | {"bn": PROXY_BN} if attack.name == "bn-proxy" else found


def search(attack: Attack, trials: int, seed: int) -> Generator[tuple[Attack, dict[str, Any]], float, None]:
    """Yield ``attack`` with other options, trial by trial; send back the value to be minimised.

    Optuna's tree-structured Parzen estimator (Bergstra et al. 2011; Akiba et al. 2019).
    """
    import optuna

    optuna.logging.set_verbosity(optuna.logging.WARNING)
    study = optuna.create_study(sampler=optuna.samplers.TPESampler(seed=seed))
    for _ in range(trials):
        trial = study.ask()
        options = {name: _suggest(trial, name, values) for name, values in ranges(attack).items()}
        value = yield replace(attack, **options), options
        study.tell(trial, value if value == value else float("inf"))


def _suggest(trial: Any, name: str, values: tuple[float, float] | list[Any]) -> Any:
    if isinstance(values, tuple):
        return trial.suggest_float(name, *values, log=True)
    return trial.suggest_categorical(name, values)


@attacks.register("tune")
@dataclass(frozen=True, kw_only=True)
class Tune(Attack):
    """Runs another attack many times, with learning rate and weights chosen by Optuna, and keeps the closest match.

    A trial is judged by the distance of gradients alone, since its other terms change with their weights: nothing
    that an attacker would not see. (The paper's released code judges by SSIM to the private picture; ``study tune``
    has that too, under the name oracle-ssim.)
    """

    assumes: ClassVar[str] = "As the attack that is tuned, and a budget of many runs."
    fails: ClassVar[str] = "A closer match of gradients is not always a closer picture."
    defend: ClassVar[str] = "As for the attack that is tuned."

    attack: str = option("ig", "the attack, with the options that stay as they are")
    trials: int = option(20, "runs", low=1, high=10_000)

    def __post_init__(self) -> None:
        super().__post_init__()
        inner = self.inner
        if inner.single_pass or not ranges(inner) or inner.name == self.name:
            raise BadInput(f"attack={self.attack}: it has no learning rate or weights to tune")

    @property
    def inner(self) -> Attack:
        return attacks.parse(self.attack)

    @property
    def iterations(self) -> int:
        """Those of each trial, and one Frame after it with the best answer so far."""
        return self.trials * (self.inner.iterations + 1)

    def run(self, observation: Observation, seed: int) -> Iterator[Frame]:
        search_ = search(self.inner, self.trials, seed)
        attack, options = next(search_)
        best: Frame | None = None
        best_value, done = float("inf"), 0
        for number in range(self.trials):
            closest = torch.full((), torch.inf)
            for frame in attack.run(observation, seed + number):
                distance = next(iter(frame.terms.values())).nan_to_num(torch.inf)
                closest = torch.minimum(closest.to(distance), distance)
                answer = frame.images
                if best is not None:
                    frame.images = best.images
                yield replace(frame, iteration=done, restart=number, report=frame.report | {"options": options})
                done += 1
            value = float(closest)
            if best is None or value < best_value:
                report = {"options": options, "distance": value}
                best, best_value = replace(frame, images=answer.clone(), restart=number, report=report), value
            yield replace(best, iteration=done, loss=closest)
            done += 1
            if number + 1 < self.trials:
                attack, options = search_.send(value)
