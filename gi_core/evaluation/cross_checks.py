"""Further signs by which a made-up picture gives itself away."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from gi_core.client import release
from gi_core.errors import BadInput
from gi_core.evaluation.controls import answer
from gi_core.metrics.assignment import match
from gi_core.metrics.image import mse, ssim
from gi_core.observation import Update
from gi_core.run import Run, prepare
from gi_core.seeds import stream_seed


@dataclass(frozen=True)
class Cycle:
    """How well a picture explains the observed update.

    Attributes:
        reconstruction, truth: cosine between the observed update and the one that each would produce, -1 to 1.
    """

    reconstruction: float
    truth: float

    @property
    def overfits(self) -> bool:
        """The reconstruction explains the update better than the truth does: it has fitted the noise."""
        return self.reconstruction > self.truth


def gradient_cycle(run: Run, images: Tensor) -> Cycle:
    """Send the reconstruction (B,C,H,W) through the client, without its defense, and compare the updates.

    Raises:
        BadInput: several clients were aggregated, so that the update is not this batch's.
    """
    scenario = run.scenario
    if scenario.clients > 1:
        raise BadInput(f"gradient cycle with clients={scenario.clients}: the update of a single client is needed")

    def cosine(pictures: Tensor) -> float:
        produced = release(
            run.victim, pictures.to(run.truth), run.labels, training=scenario.training, kind=scenario.kind,
            seed=scenario.seed,
        ).clean  # fmt: skip
        return float(torch.cosine_similarity(_flat(produced), _flat(run.observation.update), dim=0))

    return Cycle(cosine(match(images.to(run.truth), run.truth)), cosine(run.truth))


def _flat(update: Update) -> Tensor:
    return torch.cat([update.tensors[name].flatten().double() for name in sorted(update.tensors)])


@dataclass(frozen=True)
class Consistency:
    """Agreement of answers to the same pictures under fresh noise and fresh attack seeds.

    Attributes:
        ssim: mean over pairs of answers; 1: always the same picture.
        spread: mean over pixels of the standard deviation over answers, 0 to 0.5.

    Realistic but inconsistent pictures are the prior's. Consistent ones need not be right: a prior can be stubborn.
    """

    ssim: float
    spread: float


def consistency(run: Run, draws: int = 3) -> Consistency:
    """Repeat the round and the attack ``draws`` times with other seeds; the pictures and labels stay.

    Raises:
        BadInput: fewer than 2 draws.
    """
    if draws < 2:
        raise BadInput(f"consistency over {draws} answer: at least 2 are needed")
    answers: list[Tensor] = []
    for draw in range(draws):
        seed = stream_seed(run.scenario.seed, f"consistency {draw}")
        again = prepare(run.scenario.replace(seed=seed), run.truth, run.labels, device=str(run.truth.device))
        images = answer(again.attack, again.observation, stream_seed(seed, "attack"))
        answers.append(images if not answers else match(images, answers[0]))
    pairs = [ssim(a, b).mean() for i, a in enumerate(answers) for b in answers[i + 1 :]]
    return Consistency(float(torch.stack(pairs).mean()), float(torch.stack(answers).std(0).mean()))


def beats_nearest_oracle(images: Tensor, truth: Tensor, public: Tensor) -> list[bool]:
    """Whether each reconstruction is nearer to its truth (MSE) than the public picture that is nearest to that truth.

    Balle, Cherubin, Hayes, S&P 2022. An oracle chooses the public picture with the truth in hand: an attack that does
    not beat it has not shown more than that such pictures exist.

    Args:
        images, truth: (B,C,H,W); public: (N,C,H,W), what the attacker may hold.
    """
    own = mse(match(images, truth), truth)
    best = torch.stack([(public.to(t) - t).square().mean((1, 2, 3)).amin() for t in truth])
    return (own < best).tolist()


def beats_mean(images: Tensor, truth: Tensor, public: Tensor) -> list[bool]:
    """Whether each reconstruction is nearer to its truth (MSE) than the mean public picture, the best constant guess.

    Arguments as for :func:`beats_nearest_oracle`.
    """
    guess = public.mean(0, keepdim=True).to(truth).expand_as(truth)
    return (mse(match(images, truth), truth) < mse(guess, truth)).tolist()
