"""Was it read out, or made up? A run beside its control: gain, rank, the bounds that bind, a word for each picture."""

from __future__ import annotations

from collections.abc import Generator, Sequence
from contextlib import closing
from dataclasses import asdict, dataclass, field, replace
from typing import TYPE_CHECKING, Any

import torch
from torch import Tensor

from gi_core.bounds import Bound, Setting, binding
from gi_core.errors import BadInput
from gi_core.evaluation.controls import Control, Gain, control, gain
from gi_core.evaluation.identification import Distance, decoys, ranks
from gi_core.evaluation.inspection import Sight, inspect_sent
from gi_core.evaluation.settled import settled
from gi_core.evaluation.verdict import TOO_SHORT, WORDS, Decision, Likeness
from gi_core.metrics.assignment import match
from gi_core.metrics.image import mse, psnr, ssim
from gi_core.models.base import Victim
from gi_core.run import Run, kept_iterations

if TYPE_CHECKING:
    from gi_core.trace import Trace

METRICS = {"psnr": psnr, "ssim": ssim, "mse": mse}
GAINED = ("psnr", "ssim")
Curve = list[tuple[int, float]]
"""(iteration, mean PSNR in dB) of a control attack on its way."""


@dataclass(frozen=True)
class Judgement:
    """The answer for a batch.

    Attributes:
        likenesses, findings: one per picture: what was measured, and the level with the number that decided it.
        gains: control's name -> metric (psnr in dB, ssim) -> gain over that control, paired over the pictures.
        bounds: those that bind.
        settled: whether the attack had ended by a plateau; where it had not, "Nothing" is too short to tell. None: it
            is not known.
        curve: of the first control.
        inspection: what the client could have seen of the model before it trained; None of an honest server.
        images: (B,C,H,W), the reconstructions in the order of the truth; controls: name -> (B,C,H,W) likewise;
            truth: (B,C,H,W).
    """

    likenesses: tuple[Likeness, ...]
    findings: tuple[Decision, ...]
    gains: dict[str, dict[str, Gain]]
    bounds: tuple[Bound, ...] = ()
    settled: bool | None = None
    curve: tuple[tuple[int, float], ...] = ()
    images: Tensor = field(default=torch.empty(0), repr=False, compare=False)
    controls: dict[str, Tensor] = field(default_factory=dict, repr=False, compare=False)
    truth: Tensor = field(default=torch.empty(0), repr=False, compare=False)
    inspection: Sight | None = field(default=None, repr=False)

    @property
    def levels(self) -> tuple[int, ...]:
        return tuple(f.level for f in self.findings)

    @property
    def level(self) -> int:
        """Of the picture that leaked most."""
        return max(self.levels)

    @property
    def too_short(self) -> bool:
        return self.level == 0 and self.settled is False

    @property
    def word(self) -> str:
        return TOO_SHORT if self.too_short else WORDS[self.level]

    @property
    def shown(self) -> int:
        """The picture that leaked most, of which the reason speaks."""
        return max(range(len(self.levels)), key=lambda i: (self.levels[i], self.likenesses[i].structure))

    @property
    def reason(self) -> dict[str, Any]:
        """What decided: a code and numbers, for whoever makes words of them."""
        like, finding = self.likenesses[self.shown], asdict(self.findings[self.shown])
        code = "too-short" if self.too_short else finding["code"]
        return {**finding, "code": code, "picture": self.shown, **like.to_dict()}

    def to_dict(self) -> dict[str, Any]:
        """Plain data without pictures. ``control`` and ``gain`` are those of the first control."""
        like = self.likenesses[self.shown]
        return {
            "level": self.level,
            "word": self.word,
            "levels": list(self.levels),
            "reason": self.reason,
            "control": self._control(),
            "gain": {name: asdict(value) for name, value in next(iter(self.gains.values())).items()},
            "rank": like.rank,
            "control_rank": like.control_rank,
            "candidates": like.candidates,
            "bounds": [asdict(bound) for bound in self.bounds],
            "settled": self.settled,
            "inspection": self.inspection.brief() if self.inspection else None,
            "pictures": [
                {"level": f.level, "word": WORDS[f.level], "code": f.code, **like.to_dict()}
                for f, like in zip(self.findings, self.likenesses, strict=True)
            ],
        }

    def _control(self) -> dict[str, Any]:
        """Means of the first control's scores, and its way there."""
        name, pictures = next(iter(self.controls.items()))
        means = {key: float(of(pictures, self.truth).mean()) for key, of in METRICS.items()}
        curve = {"iteration": [i for i, _ in self.curve], "psnr": [round(value, 2) for _, value in self.curve]}
        return {"name": name, **means, "curve": curve}


def judge(run: Run, trace: Trace, **options: Any) -> Judgement:
    """:func:`judging` to its end."""
    steps = judging(run, trace, **options)
    while True:
        try:
            next(steps)
        except StopIteration as end:
            judgement: Judgement = end.value
            return judgement


def judging(
    run: Run, trace: Trace, *, names: Sequence[str] = ("noise",), others: Tensor | None = None,
    distance: Distance = "pixel",
) -> Generator[float, None, Judgement]:  # fmt: skip
    """Run the controls of a run that has ended, for as many iterations as it took, and judge it.

    Yields the share of the controls that is done, 0 to 1; closing the generator stops the work and leaves the trace
    unjudged. At the end the judgement stands in the trace too.

    Args:
        names: controls to run; each costs one more attack.
        others: decoys (N-1,C,H,W) of the truth's source; None: 99 crops of the sample pictures.
        distance: of the line-up.

    Raises:
        BadInput: a control that does not apply, or decoys that do not fit.
    """
    chosen = [control(run, name) for name in names]
    answers: dict[str, Tensor] = {}
    curve: Curve = []
    for number, one in enumerate(chosen):
        way: Curve = []
        steps = _answers(run, trace.iterations, one, way)
        while True:
            try:
                share = next(steps)
            except StopIteration as end:
                answers[one.name] = end.value
                break
            yield (number + share) / len(chosen)
        curve = curve or way
    judgement = judge_answers(
        run, trace.images, answers, others=others, distance=distance, curve=tuple(curve),
        bounds=tuple(binding(Setting.of(run.scenario, run.victim, run.truth, run.labels))),
        ended=run.attack.single_pass or settled(trace.history),
    )  # fmt: skip
    if run.scenario.server != "honest":
        judgement = replace(judgement, inspection=inspect_sent(run.scenario))
    trace.judgement = judgement.to_dict()
    return judgement


def _answers(run: Run, iterations: int, chosen: Control, way: Curve) -> Generator[float, None, Tensor]:
    """(B,C,H,W): the control attack's answer, mean over its draws; ``way`` takes the first draw's curve."""
    truth, keep = run.truth.cpu(), set(kept_iterations(run.attack.iterations))
    answers = []
    for draw, observation in enumerate(chosen.observations):
        last = None
        with closing(chosen.attack.run(observation, chosen.seed)) as frames:  # type: ignore[type-var]
            for done, frame in enumerate(frames, 1):
                last = frame
                if draw == 0 and frame.iteration in keep:
                    pictures = match(frame.images.detach().cpu().float(), truth)
                    way.append((frame.iteration, float(psnr(pictures, truth).mean())))
                yield (draw + done / iterations) / len(chosen.observations)
                if done >= iterations:
                    break
        if last is None:
            raise BadInput(f"attack {chosen.attack.text!r} yielded no frame for its control")
        answers.append(last.images.detach().cpu().float().clamp(0, 1))
    return torch.stack(answers).mean(0)


def judge_answers(
    run: Run, images: Tensor, controls: dict[str, Tensor], *, others: Tensor | None = None, **options: Any
) -> Judgement:
    """As :func:`judge`, with the controls' answers (B,C,H,W) at hand. Options as for :func:`judge_pictures`."""
    truth = run.truth.cpu()
    line_up = decoys(truth) if others is None else others
    return judge_pictures(images, truth, controls, line_up, victim=run.victim, **options)


def judge_pictures(
    images: Tensor, truth: Tensor, controls: dict[str, Tensor], others: Tensor, *, distance: Distance = "pixel",
    victim: Victim | None = None, bounds: tuple[Bound, ...] = (), ended: bool | None = None,
    curve: tuple[tuple[int, float], ...] = (),
) -> Judgement:  # fmt: skip
    """Judge reconstructions of one update (B,C,H,W) by its controls' answers and a line-up with ``others``."""
    images = match(images.cpu(), truth)
    placed = {name: match(pictures.cpu(), truth) for name, pictures in controls.items()}
    own = ranks(images, truth, others, distance=distance, victim=victim)
    guesses = {name: ranks(p, truth, others, distance=distance, victim=victim) for name, p in placed.items()}
    likenesses = tuple(
        Likeness(
            ssim=float(ssim(images, truth)[i]),
            mse=float(mse(images, truth)[i]),
            control_ssim=max(float(ssim(p, truth)[i]) for p in placed.values()),
            control_mse=min(float(mse(p, truth)[i]) for p in placed.values()),
            rank=own[i].rank,
            control_rank=min(found[i].rank for found in guesses.values()),
            candidates=own[i].candidates,
        )
        for i in range(len(truth))
    )
    gains = {
        name: {key: gain(METRICS[key](images, truth).tolist(), METRICS[key](p, truth).tolist()) for key in GAINED}
        for name, p in placed.items()
    }
    findings = tuple(likeness.finding(len(truth)) for likeness in likenesses)
    return Judgement(likenesses, findings, gains, bounds, ended, curve, images, placed, truth)
