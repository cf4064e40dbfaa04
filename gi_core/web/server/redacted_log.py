"""The log says where something failed, never with what.

The message of an exception can hold whatever a visitor sent, a picture and its place included: Gradio, for one, prints
the inputs of a call that has too few of them.
"""

from __future__ import annotations

import contextlib
import logging
import sys
import threading
import traceback
from collections.abc import Iterator
from typing import Any

OWN = "gi_core"
CONSTANT = "uvicorn"
"""The logger whose messages are constant texts with arguments, which are left out; those of others are left out too."""


def where(error: BaseException | None) -> str:
    """The stack and the kind of an exception and of its causes, without their messages."""
    if error is None:
        return ""
    stack = "".join(traceback.format_tb(error.__traceback__))
    before = where(error.__cause__ or (None if error.__suppress_context__ else error.__context__))
    return f"{before}Traceback (most recent call last):\n{stack}{type(error).__qualname__} (message left out)\n"


@contextlib.contextmanager
def redacted() -> Iterator[None]:
    """While it lasts, no message of an exception reaches the log or the standard error of this process."""
    factory, printed, hook = logging.getLogRecordFactory(), traceback.print_exc, threading.excepthook

    def record(*args: Any, **kwargs: Any) -> logging.LogRecord:
        made = factory(*args, **kwargs)
        if made.exc_info:
            made.exc_text = where(made.exc_info[1])
        if made.name.partition(".")[0] == OWN:
            return made
        if made.name.partition(".")[0] != CONSTANT:
            made.msg = f"{made.levelname} at {made.pathname}:{made.lineno} (message left out)"
        if made.name != "uvicorn.access":
            made.args = ()
        return made

    def print_exc(limit: int | None = None, file: Any = None, chain: bool = True) -> None:
        print(where(sys.exc_info()[1]), end="", file=file or sys.stderr, flush=True)

    def excepthook(args: threading.ExceptHookArgs) -> None:
        if args.exc_type is not SystemExit:
            print(where(args.exc_value), end="", file=sys.stderr, flush=True)

    logging.setLogRecordFactory(record)
    traceback.print_exc, threading.excepthook = print_exc, excepthook
    try:
        yield
    finally:
        logging.setLogRecordFactory(factory)
        traceback.print_exc, threading.excepthook = printed, hook
