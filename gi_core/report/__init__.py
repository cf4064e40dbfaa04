"""A run to take away: animation, figure, one-file report."""

from gi_core.report.animation import gif
from gi_core.report.figure import figure
from gi_core.report.html import html

__all__ = ["figure", "gif", "html"]
