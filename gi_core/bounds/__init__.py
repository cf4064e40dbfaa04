"""What no attack of a stated class can beat. One bound per file."""

from gi_core.bounds.base import Bound, Release, Rule, Setting, applicable, binding, bounds

bounds.load(__name__)

__all__ = ["Bound", "Release", "Rule", "Setting", "applicable", "binding", "bounds"]
