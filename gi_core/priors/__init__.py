"""One prior per file."""

from gi_core.priors.base import Prior, PriorContext, denoised, parse_priors, priors

priors.load(__name__)

__all__ = ["Prior", "PriorContext", "denoised", "parse_priors", "priors"]
