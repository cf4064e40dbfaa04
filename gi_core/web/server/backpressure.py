"""A run goes on while somebody listens: not for a tab that closed before it began to, nor long for one that stalls."""

from __future__ import annotations

import time
from collections.abc import Callable, Generator, Iterator
from contextlib import closing
from typing import Any

import gradio as gr
from gradio.context import Context

UNREAD = 20
"""Messages that a slow reader may be behind; newer ones are left out until it has caught up."""
PATIENCE = 20.0
"""Seconds that a reader who takes nothing is waited for."""
UNHEARD = 5.0
"""Seconds that an API run goes on before anybody has asked for its answer."""
Message = dict[str, Any]


def listener() -> Callable[[Iterator[Message], gr.Request], Iterator[Message]]:
    """For the Blocks under construction: passes messages on while the session of a request takes them."""
    blocks = Context.root_block

    def while_heard(messages: Generator[Message, None, None], request: gr.Request) -> Iterator[Message]:
        with closing(messages):
            for message in messages:
                yield message
                since = time.monotonic()
                while (behind := unread(blocks, request.session_hash)) is None or behind > UNREAD:
                    if behind is None or time.monotonic() - since > PATIENCE:
                        return
                    time.sleep(0.2)

    return while_heard  # type: ignore[return-value]


def hearing() -> Callable[[gr.Request | None], Callable[[], bool]]:
    """For the Blocks under construction: whether somebody still waits for the answer to a request."""
    blocks = Context.root_block

    def of(request: gr.Request | None) -> Callable[[], bool]:
        session, since, patience = getattr(request, "session_hash", None), time.monotonic(), UNHEARD

        def heard() -> bool:
            nonlocal since, patience
            if session is None:
                return True
            behind = unread(blocks, session)
            if behind == 0:
                since, patience = time.monotonic(), PATIENCE
            return behind is not None and time.monotonic() - since < patience

        return heard

    return of


def unread(blocks: Any, session: str | None) -> int | None:
    """Messages that wait for a session's page; None when its stream was ended."""
    waiting = blocks._queue.pending_messages_per_session
    return waiting[session].qsize() if session in waiting else None
