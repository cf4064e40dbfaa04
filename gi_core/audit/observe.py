"""From a user's own network and two states of it to a record and an Observation, without files."""

from __future__ import annotations

import copy
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from gi_core.audit.evidence import Evidence
from gi_core.audit.match import Layout
from gi_core.audit.recipe import Recipe, recipe_of
from gi_core.audit.record import RecordedUpdate, record_of, recorded
from gi_core.errors import BadInput
from gi_core.models.base import Victim
from gi_core.models.tensor_files import Content, check_tensors, read_tensors
from gi_core.observation import Observation

State = Mapping[str, Tensor] | Sequence[Any] | str | Path
"""A state_dict, a list of arrays in its order (Flower's ``get_parameters``), or a file."""


def of(
    model: nn.Module | str, before: State, after: State, recipe: Mapping[str, Any] | None = None, **more: Any
) -> RecordedUpdate:
    """A record of one client's round.

    Args:
        model: the client's module, or a component text.
        before, after: weights received and sent.
        recipe: fields of the side file by name: lr, steps, batch, pictures, optimiser, image_size, channels, mean, std,
            mode ...; ``more``: the same by keyword. ``sends`` is "weights" unless told.

    Raises:
        BadInput: what does not fit, in one sentence.
    """
    told = dict(recipe or {}) | more
    if "image_size" in told:
        told["side"] = told.pop("image_size")
    refuse_unknown(told)
    fields = recipe_of({}, {"sends": "weights"} | told | ({"model": model} if isinstance(model, str) else {}))
    if isinstance(model, Victim):
        layout = Layout.of(model, own={name: name for name in model.state_dict()})
        return recorded(fields, copy.deepcopy(model), layout, content_of(before, "before"), content_of(after, "after"))
    make = (lambda: copy.deepcopy(model)) if isinstance(model, nn.Module) else None
    return record_of(fields, content_of(before, "before"), content_of(after, "after"), make)


def observe(
    model: nn.Module | str, before: State, after: State, recipe: Mapping[str, Any] | None = None, **more: Any
) -> Observation:
    """What an attack may see of one client's round; arguments as for :func:`of`. Raises BadInput."""
    return Evidence(of(model, before, after, recipe, **more)).observation


def refuse_unknown(told: Mapping[str, Any]) -> None:
    allowed = [name for name in Recipe.__dataclass_fields__ if name not in ("metrics", "before", "sent", "truth")]
    unknown = next((name for name in told if name not in (*allowed, "metrics_sent", "wire")), None)
    if unknown is not None:
        raise BadInput(f"unknown field {unknown!r} of the recipe: allowed are {', '.join(allowed)}, image_size")


def content_of(state: State, what: str) -> Content:
    if isinstance(state, (str, Path)):
        return read_tensors(Path(state))
    if isinstance(state, Mapping):
        tensors = {str(name): torch.as_tensor(t).detach().cpu() for name, t in state.items()}
        check_tensors(tensors, what)
        return Content(tensors, "")
    tensors = {str(i): torch.as_tensor(np.asarray(t)).detach() for i, t in enumerate(state)}
    check_tensors(tensors, what)
    return Content(tensors, "", unnamed=True)
