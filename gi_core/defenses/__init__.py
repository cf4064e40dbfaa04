"""One defense per file. ``parse_stack`` reads ``a:key=value+b``."""

from gi_core.defenses.base import Batch, Defense, Privacy, defenses, describe, parse_stack, stack_text

defenses.load(__name__)

__all__ = ["Batch", "Defense", "Privacy", "defenses", "describe", "parse_stack", "stack_text"]
