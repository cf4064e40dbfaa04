"""Studies: a grid of experiments that answers one question. Resumable, with a budget, results as CSV."""

from gi_core.studies.base import Study, run_study, studies

studies.load(__name__)

__all__ = ["Study", "run_study", "studies"]
