"""Sessions leave nothing behind.

Gradio keeps the last message of each, with the picture in it, for a kind of link that is not offered here.
"""

from __future__ import annotations

import asyncio
import contextlib
import datetime
from collections.abc import AsyncIterator
from typing import Any

from gi_core.web.settings import limits

SESSIONS = 64
"""Sessions whose state is held at a time; the others begin anew without noticing, as the page holds its own state."""


@contextlib.asynccontextmanager
async def forgetting(app: Any) -> AsyncIterator[None]:
    """While the app serves: the state of a session unused for ``Limits.minutes`` is dropped."""
    seconds = 60 * limits().minutes

    async def sweep() -> None:
        while True:
            await asyncio.sleep(seconds / 3)
            drop_unused(app.state_holder, seconds)

    sweeping = asyncio.create_task(sweep())
    try:
        yield
    finally:
        sweeping.cancel()


def drop_unused(states: Any, seconds: float) -> None:
    """Drop the sessions of Gradio's StateHolder that nobody used for so long."""
    oldest = datetime.datetime.now() - datetime.timedelta(seconds=seconds)
    with states.lock:
        for session in [name for name, used in states.time_last_used.items() if used < oldest]:
            states.session_data.pop(session, None)
            states.time_last_used.pop(session, None)
