"""One defense per file. ``parse_stack`` reads ``a:key=value+b``."""

from gi_core.defenses.base import (
    Batch,
    Defense,
    Noise,
    Privacy,
    defenses,
    describe,
    noise_of,
    parse_stack,
    stack_text,
)
from gi_core.defenses.privacy import privacy_of

defenses.load(__name__)

__all__ = [
    "Batch", "Defense", "Noise", "Privacy", "defenses", "describe", "noise_of", "parse_stack", "privacy_of",
    "stack_text",
]  # fmt: skip
