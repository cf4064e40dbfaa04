"""The attack's pictures as an MP4 film (H.264), which slides and chats play where a GIF is too large."""

from __future__ import annotations

import io
from typing import Any

import av
import numpy as np

from gi_core.report.animation import REST, SECONDS
from gi_core.trace import Trace, enlarged

RATE = 30


def mp4(trace: Trace, side: int = 256) -> bytes:
    """Kept frames from first to last in SECONDS, the last held for REST seconds, each picture about ``side`` pixels."""
    pictures = [np.asarray(enlarged(frame.images, side=side).convert("RGB")) for frame in trace.frames]
    height, width = (length - length % 2 for length in pictures[0].shape[:2])  # the codec wants even sides
    each = max(1, round(RATE * SECONDS / len(pictures)))
    buffer = io.BytesIO()
    with av.open(buffer, "w", format="mp4") as film:
        track: Any = film.add_stream("libx264", rate=RATE)
        track.width, track.height, track.pix_fmt = width, height, "yuv420p"
        track.options = {"crf": "18", "preset": "veryfast"}
        for number, picture in enumerate(pictures):
            still = av.VideoFrame.from_ndarray(np.ascontiguousarray(picture[:height, :width]), format="rgb24")
            last = number == len(pictures) - 1
            for _ in range(each + round(RATE * REST) * last):
                film.mux(track.encode(still))
        film.mux(track.encode())
    return buffer.getvalue()
