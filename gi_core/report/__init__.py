"""A run to take away: animation, film, figure, one-file report, table."""

from gi_core.report.animation import gif
from gi_core.report.figure import figure
from gi_core.report.film import mp4
from gi_core.report.formats import FORMATS, Format
from gi_core.report.html import html

__all__ = ["FORMATS", "Format", "figure", "gif", "html", "mp4"]
