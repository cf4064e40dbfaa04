"""One attack per file."""

from gi_core.attacks.base import Attack, Frame, attacks

attacks.load(__name__)

__all__ = ["Attack", "Frame", "attacks"]
