"""One of four words for a run: was the picture read out of the update, or made up?

A level needs evidence of two kinds, of which neither is PSNR:

- identification: the reconstruction picks the truth out of a line-up of candidates;
- gain over control: how much of the control's shortfall the attack removes,

      structure = (SSIM - SSIM_control) / (1 - SSIM_control)      pixels = 1 - MSE / MSE_control

  0: no better than guesswork, 1: a copy. With several controls the best of them counts, picture by picture.

| level | word | rank among N candidates | gain |
|---|---|---|---|
| 0 | Nothing | otherwise | otherwise |
| 1 | Colours and layout | p = rank/N <= 5 % over the number of pictures, and better than the control's | structure >= 0.1 or pixels >= 0.25 |
| 2 | Recognisable | rank/N <= 2 % | structure >= 0.4 |
| 3 | Faithful | rank/N <= 2 % | structure >= 0.7 |

Calibration on 2,000 test pictures of CIFAR-10, against a control of SSIM 0.05: a true 4x4 thumbnail (enlarged by cubic
interpolation) has structure 0.29, an 8x8 one 0.57, a 16x16 one 0.87. The thresholds are ours (reconstruction).
"""  # noqa: E501

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

from torch import Tensor

from gi_core.evaluation.controls import Gain, control, gain
from gi_core.evaluation.identification import Distance, Rank, decoys, ranks
from gi_core.metrics.assignment import match
from gi_core.metrics.image import mse, ssim
from gi_core.models.base import Victim
from gi_core.run import Run

WORDS = ("Nothing", "Colours and layout", "Recognisable", "Faithful")
SIGNIFICANCE = 0.05
IDENTIFIED = 0.02
STRUCTURE = (0.1, 0.4, 0.7)
PIXELS = 0.25


@dataclass(frozen=True)
class Evidence:
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
        identified = self.rank <= max(1.0, IDENTIFIED * self.candidates)
        if identified and self.structure >= STRUCTURE[1]:
            return 3 if self.structure >= STRUCTURE[2] else 2
        significant = self.rank <= max(1.0, SIGNIFICANCE / pictures * self.candidates)
        gained = self.structure >= STRUCTURE[0] or self.pixels >= PIXELS
        return int(significant and self.rank < self.control_rank and gained)


@dataclass(frozen=True)
class Verdict:
    """The answer for a run.

    Attributes:
        level, word: of the picture that leaked most.
        sentence: for the reader.
        levels: of each picture.
        inputs: what it was computed from, plain data.
    """

    level: int
    word: str
    sentence: str
    levels: tuple[int, ...]
    inputs: dict[str, Any]


def verdict(evidence: Sequence[Evidence]) -> Verdict:
    """The verdict on a batch."""
    levels = tuple(e.level(len(evidence)) for e in evidence)
    top = max(levels)
    shown = evidence[max(range(len(evidence)), key=lambda i: (levels[i], evidence[i].structure))]
    rows = [asdict(e) | {"structure": e.structure, "pixels": e.pixels} for e in evidence]
    over: Gain = gain([e.ssim for e in evidence], [e.control_ssim for e in evidence])
    return Verdict(
        top, WORDS[top], _sentence(top, levels, shown), levels, {"pictures": rows, "ssim gain": asdict(over)}
    )


def weighed(e: Evidence) -> str:
    """The inputs of the verdict on one picture, and the thresholds they are held to."""
    return (
        f"Weighed: SSIM {e.ssim:.3f} against {e.control_ssim:.3f} for the control, squared error {e.mse:.3g} against"
        f" {e.control_mse:.3g}, so {e.structure:.0%} of the structure gained and {e.pixels:.0%} of the error removed;"
        f" rank {e.rank} against {e.control_rank} of {e.candidates}. {WORDS[1]} takes rank {SIGNIFICANCE:.0%} and"
        f" {STRUCTURE[0]:.0%} of the structure or {PIXELS:.0%} of the error; {WORDS[2]} rank {IDENTIFIED:.0%} and"
        f" {STRUCTURE[1]:.0%} of the structure; {WORDS[3]} {STRUCTURE[2]:.0%}."
    )


def _sentence(level: int, levels: tuple[int, ...], e: Evidence) -> str:
    line_up = f"among {e.candidates} pictures it puts the true one at rank {e.rank} (guesswork: {e.control_rank})"
    share = f"{max(0.0, e.structure):.0%} of the structure that guesswork lacks"
    if level == 0:
        return f"Nothing is shown to leak: {line_up}, and it adds {share}."
    count = sum(v == level for v in levels)
    which = "The picture" if len(levels) == 1 else f"{count} of {len(levels)} pictures"
    leaks = {
        1: "leaks in colours and layout" if count == 1 else "leak in colours and layout",
        2: "can be recognised",
        3: "is read out faithfully" if count == 1 else "are read out faithfully",
    }[level]
    return f"{which} {leaks}: {line_up}, and it adds {share}."


@dataclass(frozen=True)
class Examination:
    """A run's reconstruction beside its controls.

    Attributes:
        verdict: the answer; ranks: of the attack, per picture.
        images: (B,C,H,W) the reconstructions in the order of the truth.
        controls: control's name -> (B,C,H,W) pictures in the order of the truth.
        gains: control's name -> gain in SSIM over it.
    """

    verdict: Verdict
    ranks: tuple[Rank, ...]
    images: Tensor
    controls: dict[str, Tensor]
    gains: dict[str, Gain]

    def to_dict(self) -> dict[str, Any]:
        """Plain data without pictures, for a Trace's ``control``."""
        return {
            **{key: getattr(self.verdict, key) for key in ("level", "word", "sentence", "levels", "inputs")},
            "ranks": [r.rank for r in self.ranks],
            "candidates": self.ranks[0].candidates,
            "controls": {name: asdict(value) for name, value in self.gains.items()},
        }


def examine(
    run: Run,
    images: Tensor,
    *,
    names: Sequence[str] = ("noise",),
    others: Tensor | None = None,
    distance: Distance = "pixel",
) -> Examination:
    """Run the named controls of a prepared run and judge its reconstruction (B,C,H,W).

    Args:
        names: controls to run; each costs one more attack.
        others: decoys (N-1,C,H,W) of the truth's source; None: 99 crops of the sample pictures.
        distance: of the line-up.

    Raises:
        BadInput: a control that does not apply, or decoys that do not fit.
    """
    controls = {name: control(run, name).images() for name in names}
    return judge(run, images, controls, others=others, distance=distance)


def judge(
    run: Run,
    images: Tensor,
    controls: dict[str, Tensor],
    *,
    others: Tensor | None = None,
    distance: Distance = "pixel",
) -> Examination:
    """As :func:`examine`, with the controls' answers (B,C,H,W) at hand."""
    truth = run.truth.cpu()
    return weigh(images, truth, controls, decoys(truth) if others is None else others, distance, run.victim)


def weigh(
    images: Tensor,
    truth: Tensor,
    controls: dict[str, Tensor],
    others: Tensor,
    distance: Distance = "pixel",
    victim: Victim | None = None,
) -> Examination:
    """Judge reconstructions of one update (B,C,H,W) by its controls' answers and a line-up with ``others``."""
    images = match(images.cpu(), truth)
    placed = {name: match(pictures.cpu(), truth) for name, pictures in controls.items()}
    own = ranks(images, truth, others, distance=distance, victim=victim)
    scores = {name: (ssim(p, truth), mse(p, truth)) for name, p in placed.items()}
    guesses = {name: ranks(p, truth, others, distance=distance, victim=victim) for name, p in placed.items()}
    own_ssim, own_mse = ssim(images, truth), mse(images, truth)
    evidence = [
        Evidence(
            ssim=float(own_ssim[i]),
            mse=float(own_mse[i]),
            control_ssim=max(float(s[i]) for s, _ in scores.values()),
            control_mse=min(float(m[i]) for _, m in scores.values()),
            rank=own[i].rank,
            control_rank=min(found[i].rank for found in guesses.values()),
            candidates=own[i].candidates,
        )
        for i in range(len(truth))
    ]
    gains = {name: gain(own_ssim.tolist(), s.tolist()) for name, (s, _) in scores.items()}
    return Examination(verdict(evidence), tuple(own), images, placed, gains)
