"""The attack's pictures as an animated GIF."""

from __future__ import annotations

import io

from gi_core.trace import Trace, enlarged

SECONDS = 6.0
REST = 2.0


def gif(trace: Trace, side: int = 256) -> bytes:
    """Kept frames from first to last in SECONDS, the last held for REST seconds, each picture about ``side`` pixels."""
    pictures = [enlarged(frame.images, side=side) for frame in trace.frames]
    each = max(20, round(1000 * SECONDS / len(pictures)))
    durations = [each] * (len(pictures) - 1) + [round(1000 * REST)]
    buffer = io.BytesIO()
    pictures[0].save(
        buffer, "GIF", save_all=True, append_images=pictures[1:], duration=durations, loop=0, disposal=1, optimize=False
    )
    return buffer.getvalue()
