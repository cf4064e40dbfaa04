"""The lines of the pre-flight sheet, one check per file."""

from gi_core.audit.checks.base import SEVERITIES, Check, Finding, Severity, checks

checks.load(__name__)

__all__ = ["SEVERITIES", "Check", "Finding", "Severity", "checks"]
