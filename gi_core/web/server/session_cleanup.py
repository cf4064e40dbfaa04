"""Sessions leave nothing behind.

Gradio holds the last message of each session, with the picture in it, for a kind of link that is not offered here; the
messages that nobody fetched; and the last request that its queue has dealt with.
"""

from __future__ import annotations

import asyncio
import contextlib
import datetime
import time
from collections.abc import AsyncIterator
from typing import Any

import gradio as gr
from gradio.queueing import Event, Queue

from gi_core.web.server.redacted_log import redacted
from gi_core.web.settings import limits

SESSIONS = 128
"""Sessions whose state is held at a time; the others begin anew without noticing, as the page holds its own state."""


class ForgetfulQueue(Queue):
    """Gradio's queue, which lets go of a request when it is answered and of an answer that nobody fetches."""

    @classmethod
    def of(cls, blocks: gr.Blocks) -> ForgetfulQueue:
        """To take the place of the queue that ``blocks.queue(...)`` has made."""
        made = blocks._queue
        return cls(
            live_updates=made.live_updates,
            concurrency_count=made.max_thread_count,
            update_intervals=made.update_intervals,
            max_size=made.max_size,
            blocks=blocks,
            default_concurrency_limit=made.default_concurrency_limit,
        )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._answered: dict[str, float] = {}

    async def process_events(self, events: list[Event], *rest: Any) -> None:
        try:
            await super().process_events(events, *rest)
        finally:
            for event in events:
                self._answered[event.session_hash] = time.monotonic()
                event.data = event.request = None  # type: ignore[assignment]

    def drop_unfetched(self, seconds: float) -> None:
        """Drop the messages of sessions whose last request was answered so long ago."""
        busy = {event.session_hash for events in self.active_jobs for event in events or ()}
        busy |= {event.session_hash for line in self.event_queue_per_concurrency_id.values() for event in line.queue}
        oldest = time.monotonic() - seconds
        for session in [name for name, when in self._answered.items() if when < oldest and name not in busy]:
            del self._answered[session]
            self.pending_messages_per_session.pop(session, None)
            self.pending_event_ids_session.pop(session, None)


@contextlib.asynccontextmanager
async def forgetting(app: Any) -> AsyncIterator[None]:
    """While the app serves: what a session unused for ``Limits.minutes`` has left is dropped, and logs are redacted."""
    seconds = 60 * limits().minutes

    async def sweep() -> None:
        while True:
            await asyncio.sleep(seconds / 3)
            drop_unused(app.state_holder, seconds)
            app.get_blocks()._queue.drop_unfetched(seconds)

    sweeping = asyncio.create_task(sweep())
    try:
        with redacted():
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
