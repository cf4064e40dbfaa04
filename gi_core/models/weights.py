"""Where a victim's weights come from."""

from __future__ import annotations

from abc import abstractmethod
from dataclasses import dataclass

from gi_core.components import Component, Registry, option
from gi_core.errors import BadInput
from gi_core.models.base import Architecture, Victim
from gi_core.seeds import seeded


@dataclass(frozen=True, kw_only=True)
class Weights(Component):
    """A source of victim weights."""

    @abstractmethod
    def build(self, architecture: Architecture, image_shape: tuple[int, int, int], num_classes: int) -> Victim: ...


class Sources(Registry[Weights]):
    def parse(self, text: str) -> Weights:
        """One source; ``file:PATH`` is short for ``file:path=PATH``."""
        name, _, rest = text.partition(":")
        if name.strip() == "file" and rest and not rest.startswith(("path=", "sha256=")):
            text = f"file:path={rest}"
        return super().parse(text)


weights = Sources("weights")


@weights.register("init")
@dataclass(frozen=True, kw_only=True)
class Init(Weights):
    """Freshly initialised weights, drawn from their own seed: the run's seed does not move the victim."""

    seed: int = option(0, "seed of the draw", low=0, high=2**31 - 1)

    def build(self, architecture: Architecture, image_shape: tuple[int, int, int], num_classes: int) -> Victim:
        with seeded(self.seed):
            try:
                return architecture.build(image_shape, num_classes)
            except RuntimeError as error:
                size = "x".join(map(str, image_shape))
                raise BadInput(f"model {architecture.text!r} does not fit pictures of {size}: {error}") from None
