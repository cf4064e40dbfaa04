"""The pre-flight sheet of a recorded update that a visitor hands in: read in memory; nothing of it is kept."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Callable, Iterator
from typing import Any

import gradio as gr

from gi_core.audit.recipe import parse, recipe_of
from gi_core.audit.record import record_of
from gi_core.audit.sheet import preflight
from gi_core.errors import BadInput
from gi_core.models.tensor_files import Content, read_bytes
from gi_core.trace import finite
from gi_core.web.server.run_service import RunService
from gi_core.web.server.tasks import Message, Throttle

LARGEST = 16 * 2**20
"""Bytes of a file, packed and unpacked; two of them in base64 fit into a request."""
ZIP = b"PK"


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
