"""One prior per file."""

from gi_core.priors.base import Moment, Prior, opinion, parse_priors, priors

priors.load(__name__)

__all__ = ["Moment", "Prior", "opinion", "parse_priors", "priors"]
