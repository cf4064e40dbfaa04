"""One attack per file."""

from gi_core.attacks.base import Attack, attacks
from gi_core.inversion.frame import Frame

attacks.load(__name__)

__all__ = ["Attack", "Frame", "attacks"]
