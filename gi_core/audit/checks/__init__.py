"""The lines of the pre-flight sheet, one check per file."""

from gi_core.audit.checks.base import SEVERITIES, Check, Severity, SheetLine, checks

checks.load(__name__)

__all__ = ["SEVERITIES", "Check", "Severity", "SheetLine", "checks"]
