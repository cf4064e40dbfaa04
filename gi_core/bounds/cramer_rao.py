"""The Bayesian Cramer-Rao bound (van Trees): the error that no attack gets below on average over a prior."""

from __future__ import annotations

import math
from dataclasses import dataclass

import torch
from torch import Tensor

from gi_core.bounds.base import COPY, Bound, Rule, Setting, bounds
from gi_core.bounds.jacobian import gram, update_map
from gi_core.bounds.pictures import picture_prior
from gi_core.components import option


def unbiased_covariance(jtj: Tensor, sigma: float) -> Tensor:
    """Cramer-Rao: the covariance sigma^2 (J^T J)^-1 below which no unbiased estimate gets, (n,n)."""
    return sigma**2 * torch.linalg.inv(jtj)


def bayesian_covariance(jtj: Tensor, sigma: float, prior: Tensor) -> Tensor:
    """van Trees: (E[J^T J] / sigma^2 + Sigma^-1)^-1, (n,n), for a Gaussian prior of covariance Sigma.

    Van Trees, "Detection, Estimation, and Modulation Theory", 1968. With J constant it is the posterior covariance of
    the linear-Gaussian model, and the posterior mean attains it. Computed as S (I + S^T E[J^T J] S / sigma^2)^-1 S^T
    with Sigma = S S^T, which stays accurate when J has a null space.
    """
    s = torch.linalg.cholesky(prior)
    identity = torch.eye(len(prior), dtype=prior.dtype, device=prior.device)
    return s @ torch.linalg.solve(identity + s.T @ jtj @ s / sigma**2, s.T)


@bounds.register("cramer-rao")
@dataclass(frozen=True, kw_only=True)
class CramerRao(Rule):
    """Bayesian Cramer-Rao bound over pictures drawn from a Gaussian prior with the spectrum of photographs."""

    unit = "dB"
    quick = False
    binds = "Every attack, biased or learned, on average over pictures drawn from that prior."
    assumes = (
        "Gaussian noise on one differentiable, possibly clipped, gradient; pictures follow the Gaussian prior; labels"
        " and fine detail outside the lowest 8x8 frequencies are given to the attacker; the mean over the drawn"
        " pictures stands for the expectation."
    )

    draws: int = option(16, "pictures drawn from the prior", low=1, high=10_000)
    seed: int = option(0, "seed of the draw", low=0, high=2**31 - 1)

    def of(self, setting: Setting) -> Bound | None:
        noise = setting.noise
        if noise is None or noise.kind != "gaussian" or not setting.smooth or setting.labels is None:
            return None
        if setting.batch_size != 1:
            return None
        prior = picture_prior(setting.victim.image_shape)
        f = update_map(setting.victim, setting.labels, setting.stack)
        pictures = prior.draw(self.draws, torch.Generator().manual_seed(self.seed))
        mean_gram = torch.stack([gram(f, x.unsqueeze(0), prior.basis.unsqueeze(1)) for x in pictures]).mean(0)
        posterior = bayesian_covariance(mean_gram, noise.sigma, prior.covariance.double())
        mse = float(posterior.trace()) / prior.mean.numel()
        peak = -10 * math.log10(mse)
        says = f"On average over the prior, the squared error is at least {mse:.3g}: PSNR at most {peak:.1f} dB."
        return self.bound(peak, says, vacuous=peak >= COPY)
