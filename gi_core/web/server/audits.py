"""A recorded update that a visitor hands in, its sheet or its audit: read in memory; nothing of it is kept."""

from __future__ import annotations

import base64
import binascii
import secrets
import threading
from collections.abc import Callable, Iterator
from contextlib import closing
from queue import Empty, SimpleQueue
from typing import Any

import gradio as gr

from gi_core.audit.evidence import Evidence
from gi_core.audit.recipe import parse, recipe_of
from gi_core.audit.record import record_of
from gi_core.audit.report import files, to_dict
from gi_core.audit.run import run
from gi_core.audit.sheet import preflight
from gi_core.audit.truth import truth_of
from gi_core.errors import BadInput
from gi_core.models.tensor_files import Content, read_bytes
from gi_core.trace import finite
from gi_core.web.server.backpressure import hearing
from gi_core.web.server.run_service import RunService
from gi_core.web.server.tasks import Message, Throttle
from gi_core.web.server.visitor import program, visitor
from gi_core.web.settings import Limits

LARGEST = 16 * 2**20
"""Bytes of a file, packed and unpacked; two of them in base64 fit into a request."""
ZIP = b"PK"
GRACE = 30.0
"""Seconds beyond the deadline of attacks in which the report is made."""


def preflight_endpoint(service: RunService) -> Callable[..., dict[str, Any]]:
    def preflight(update: str, before: str, sent: str) -> dict[str, Any]:
        """The sheet of a recorded update: findings and facts, without any attack; networks that ship with the explorer.

        Args:
            update: the text of update.json: model, input, training, sends
            before: weights received, a data: URI of a .safetensors or .npz file
            sent: what was sent, likewise
        """
        try:
            files = [file_of(role, text) for role, text in (("before", before), ("sent", sent))]
            told: dict[str, Any] = service.light(sheet, update, *files)
            return told
        except BadInput as error:
            raise gr.Error(str(error), print_exception=False) from None

    return preflight


def audit_endpoint(service: RunService) -> Callable[..., dict[str, Any]]:
    heard_of = hearing()

    def audit(
        update: str, before: str, sent: str, truth: str = "", minutes: float = 1.0, seed: int = 0,
        request: gr.Request | None = None,
    ) -> dict[str, Any]:  # fmt: skip
        """The audit of a recorded update: sheet, attacks, controls; the verdict where the true pictures are given.

        It waits in the line of runs. Answers with report (as report.json) and html (the same as a page).

        Args:
            update: the text of update.json: model, input, training, sends
            before: weights received, a data: URI of a .safetensors or .npz file
            sent: what was sent, likewise
            truth: the client's pictures, likewise (images, labels); empty: not known, so no verdict words
            minutes: of all attacks and controls together
            seed: of the attacks
        """
        try:
            files = [file_of(role, text) for role, text in (("before", before), ("sent", sent), ("truth", truth))]
            with service.sessions.one_more(visitor()):
                return whole(service, (update, *files, allowed(minutes, service.limits), seed), heard_of(request))
        except BadInput as error:
            raise gr.Error(str(error), print_exception=False) from None

    return audit


def whole(service: RunService, given: tuple[Any, ...], heard: Callable[[], bool]) -> dict[str, Any]:
    """The audit's answer, once a worker was free. Raises BadInput."""
    compute = lambda stop: service.compute(audited, (*given, service.limits), stop, service.deadline() + GRACE)
    line = service.in_line(secrets.token_hex(16), compute, 60 * given[4], program())
    with closing(line) as messages:  # type: ignore[type-var]
        for message in messages:
            if "answer" in message:
                answer: dict[str, Any] = message["answer"]
                return answer
            if not heard():
                raise BadInput("nobody waits for this audit any more: it was ended")
    raise BadInput("the audit was ended before it had an answer: please try again")


def allowed(minutes: float, limits: Limits) -> float:
    """The minutes, where this host grants them. Raises BadInput."""
    most = limits.seconds / 60
    if not 0 < minutes <= most:
        raise BadInput(f"minutes={minutes:g}: above 0 and up to {most:g} is allowed here")
    return minutes


def audited(
    throttle: Throttle, update: str, before: bytes, sent: bytes, truth: bytes, minutes: float, seed: int, limits: Limits
) -> Iterator[Message]:
    """The audit, computed where runs are: news of it about once a second, its answer in the end."""
    record = record_of(recipe_of(parse(update)), content("before", before), content("sent", sent))
    pictures = Evidence(record).batch_size
    for name, value, most in (
        ("image_size", max(record.victim.image_shape), limits.image_size), ("pictures", pictures, limits.batch_size),
    ):  # fmt: skip
        if value > most:
            raise BadInput(f"{name}={value}: up to {most} is allowed here; the command line takes more")
    known = truth_of(content("truth", truth), record, pictures) if truth else None
    news: SimpleQueue[Message] = SimpleQueue()
    stop = threading.Event()

    def work() -> None:
        try:
            report = run(
                record, truth=known, minutes=minutes, seed=seed, stop=lambda: stop.is_set() or throttle.over,
                progress=lambda share, doing: news.put({"audit": {"share": share, "doing": doing}}),
            )  # fmt: skip
            made = files(report)
            news.put({"answer": {"report": finite(to_dict(report)), "html": made["report.html"].decode()}})
        except BadInput as error:
            news.put({"refused": error})
        except Exception as error:
            news.put({"refused": BadInput(f"the audit broke: {str(error)[:200] or type(error).__name__}")})

    thread = threading.Thread(target=work, daemon=True)
    thread.start()
    try:
        while True:
            message = waited(news)
            if "refused" in message:
                raise message["refused"]
            yield message
            if "answer" in message:
                return
    finally:
        stop.set()
        thread.join()


def waited(news: SimpleQueue[Message]) -> Message:
    """The next news, or none after a second."""
    try:
        return news.get(timeout=1.0)
    except Empty:
        return {"audit": {}}


def sheet(throttle: Throttle, update: str, before: bytes, sent: bytes) -> Iterator[Message]:
    """The answer, computed where runs are."""
    recipe = recipe_of(parse(update))
    yield {"answer": finite(preflight(record_of(recipe, content("before", before), content("sent", sent))).to_dict())}


def file_of(role: str, text: str) -> bytes:
    """A file from a data: URI or bare base64. Raises BadInput."""
    if len(text) > LARGEST * 4 / 3 + 200:
        raise BadInput(f"{role}: a file of more than {LARGEST // 2**20} MB; the command line takes larger ones")
    try:
        return base64.b64decode(text.partition(",")[2] if text.startswith("data:") else text, validate=True)
    except (binascii.Error, ValueError):
        raise BadInput(f"{role}: no valid base64: a data: URI is needed") from None


def content(role: str, data: bytes) -> Content:
    """A file's tensors; NumPy's archive or safetensors, by its first bytes. Raises BadInput."""
    return read_bytes(data, role + (".npz" if data[:2] == ZIP else ".safetensors"), limit=LARGEST)
