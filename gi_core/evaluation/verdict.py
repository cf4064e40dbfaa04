"""One of four words for a picture: was it read out of the update, or made up?

A level needs evidence of two kinds, of which neither is PSNR:

- identification: the reconstruction picks the truth out of a line-up of candidates;
- gain over control: how much of the control's shortfall the attack removes,

      structure = (SSIM - SSIM_control) / (1 - SSIM_control)      pixels = 1 - MSE / MSE_control

  0: no better than guesswork, 1: a copy. With several controls the best of them counts, picture by picture.

| level | word | rank among N candidates | gain |
|---|---|---|---|
| 0 | Nothing | otherwise | otherwise |
| 1 | Colours and layout | p = rank/N <= 5 % over the number of pictures, and better than the control's | structure >= 0.1 or pixels >= 0.25 |
| 2 | Recognisable | rank/N <= 2 % | structure >= 0.85 |
| 3 | Faithful | rank/N <= 2 % | structure >= 0.95 |

*Colours and layout* is enough to pick the picture out of a line-up; *Recognisable*: somebody who has not seen it can
name what it shows; *Faithful*: at a glance it is the picture (PSNR from 25 dB on, LPIPS up to 0.05). The thresholds of
the last two are chosen on one half of ``study calibration`` and tested on the other, with classifiers as stand-in
viewers: ``calibration.py``, docs/verdicts.md.
"""  # noqa: E501

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any, Literal

TOO_SHORT = "Too short to tell"
"""In place of *Nothing*, for an attack whose loss still fell when it ended (``settled.py``)."""
WORDS = ("Nothing", "Colours and layout", "Recognisable", "Faithful")
SIGNIFICANCE = 0.05
IDENTIFIED = 0.02
STRUCTURE = (0.1, 0.85, 0.95)
PIXELS = 0.25

Code = Literal["copy", "recognised", "layout", "not-found", "guesswork", "no-gain"]


@dataclass(frozen=True)
class Decision:
    """The level of a picture, and the one number that decided it.

    Attributes:
        code: copy, recognised, layout; for *Nothing* what was missing: not-found (the line-up), guesswork (the control
            stands as high in it), no-gain (over the control).
        number: which number decided; value: what it was; threshold: what it is held to.
    """

    level: int
    code: Code
    number: Literal["structure", "pixels", "rank"]
    value: float
    threshold: float


@dataclass(frozen=True)
class Likeness:
    """What is known of one picture: scores of the attack and of the best control, ranks among ``candidates``."""

    ssim: float
    mse: float
    control_ssim: float
    control_mse: float
    rank: int
    control_rank: int
    candidates: int

    @property
    def structure(self) -> float:
        """Share of the control's missing structural similarity that the attack adds."""
        return (self.ssim - self.control_ssim) / max(1e-6, 1 - self.control_ssim)

    @property
    def pixels(self) -> float:
        """Share of the control's squared error that the attack removes."""
        return 1 - self.mse / max(1e-10, self.control_mse)

    def level(self, pictures: int = 1) -> int:
        """0 to 3, by the table above; ``pictures`` in the batch share the significance level (Bonferroni)."""
        return self.finding(pictures).level

    def finding(self, pictures: int = 1) -> Decision:
        """The level and what decided it."""
        if self.rank <= max(1.0, IDENTIFIED * self.candidates) and self.structure >= STRUCTURE[1]:
            copied = self.structure >= STRUCTURE[2]
            level, code = (3, "copy") if copied else (2, "recognised")
            return Decision(level, code, "structure", self.structure, STRUCTURE[level - 1])  # type: ignore[arg-type]
        allowed = max(1.0, SIGNIFICANCE / pictures * self.candidates)
        if self.rank > allowed:
            return Decision(0, "not-found", "rank", self.rank, allowed)
        if self.rank >= self.control_rank:
            return Decision(0, "guesswork", "rank", self.rank, self.control_rank - 1)
        if self.structure / STRUCTURE[0] >= self.pixels / PIXELS:
            shown = ("structure", self.structure, STRUCTURE[0])
        else:
            shown = ("pixels", self.pixels, PIXELS)
        gained = shown[1] >= shown[2]
        return Decision(int(gained), "layout" if gained else "no-gain", *shown)  # type: ignore[arg-type]

    def to_dict(self) -> dict[str, Any]:
        return asdict(self) | {"structure": self.structure, "pixels": self.pixels}
