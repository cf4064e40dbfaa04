"""Whose tensor is whose: what a framework sent, by the victim's own names, with a plain report of what was assumed."""

from __future__ import annotations

import itertools
from collections.abc import Mapping
from dataclasses import dataclass

import torch
from torch import Tensor

from gi_core.errors import BadInput
from gi_core.models.base import Architecture, Victim
from gi_core.models.names import need, stripped, translated
from gi_core.models.tensor_files import WHOLE, Content, shown

COUNTER = "num_batches_tracked"


@dataclass(frozen=True)
class Matched:
    """One file's tensors by the victim's names.

    Attributes:
        parameters: all of the victim's; statistics: BatchNorm's running means and variances, those that the file has;
        counters: steps that BatchNorm counted, likewise.
        notes: what was assumed, one sentence each; half: kinds of 16-bit floats among the parameters.
    """

    parameters: dict[str, Tensor]
    statistics: dict[str, Tensor]
    counters: dict[str, int]
    notes: tuple[str, ...] = ()
    half: tuple[str, ...] = ()


@dataclass(frozen=True)
class Layout:
    """The victim's tensors in the order of its ``state_dict``, and what they are called elsewhere.

    Attributes:
        shapes: our name -> shape, buffers too; parameters: our names of those that are trained.
        architecture: translates names of other libraries; None for a user's own module, whose names are ``own``:
            name in the module -> ours.
    """

    shapes: dict[str, tuple[int, ...]]
    parameters: tuple[str, ...]
    architecture: Architecture | None = None
    own: Mapping[str, str] | None = None

    @classmethod
    def of(
        cls, victim: Victim, architecture: Architecture | None = None, own: Mapping[str, str] | None = None
    ) -> Layout:
        shapes = {name: tuple(t.shape) for name, t in victim.state_dict().items()}
        return cls(shapes, tuple(name for name, _ in victim.named_parameters()), architecture, own)

    @property
    def buffers(self) -> list[str]:
        return [name for name in self.shapes if name not in self.parameters]


def match(content: Content, layout: Layout, file: str) -> Matched:
    """A file's tensors by our names. Raises BadInput with the first name or shape that does not fit."""
    chosen, notes = by_order(content, layout, file) if content.unnamed else by_name(content, layout)
    found = {name: content.tensors[given] for name, given in chosen.items()}
    for name, tensor in found.items():
        if tuple(tensor.shape) != layout.shapes[name] and not name.endswith(COUNTER):
            raise BadInput(
                f"tensor {shown(chosen[name])} of {file} has shape {tuple(tensor.shape)}, the victim's {name!r} is"
                f" {layout.shapes[name]}"
            )
    parameters = {name: found[name] for name in layout.parameters}
    whole = next((name for name, tensor in parameters.items() if tensor.dtype in WHOLE), None)
    if whole is not None:
        kind = str(parameters[whole].dtype).removeprefix("torch.")
        raise BadInput(
            f"tensor {shown(chosen[whole])} of {file} is of {kind}: quantised updates are read after they are turned"
            " back into floats"
        )
    half = sorted({str(t.dtype).removeprefix("torch.") for t in parameters.values() if t.element_size() == 2})
    return Matched(
        {name: tensor.double() for name, tensor in parameters.items()},
        {name: found[name].double() for name in layout.buffers if name in found and not name.endswith(COUNTER)},
        {name: int(found[name].double().max()) for name in layout.buffers if name in found and name.endswith(COUNTER)},
        tuple(notes),
        tuple(half),
    )


def by_name(content: Content, layout: Layout) -> tuple[dict[str, str], list[str]]:
    """Our names -> the file's. Buffers may be missing, all of them; what nobody claims is refused."""
    plain, notes = stripped(content.tensors), []
    if (prefix := prefix_of(plain)) and not set(layout.shapes) <= set(content.tensors):
        notes.append(f"The prefix {prefix!r} of every name was taken off.")
    found = ours_of(layout, list(content.tensors))
    statistics = [name for name in layout.buffers if not name.endswith(COUNTER)]
    wanted = [*layout.parameters, *(name for name in layout.buffers if name.endswith(COUNTER) and name in found)]
    if any(name in found for name in statistics):
        wanted += statistics
    elif statistics:
        notes.append("BatchNorm's running statistics are not in the file.")
    chosen = need(wanted, found, layout.shapes)
    refuse_unclaimed(content, set(chosen.values()))
    return chosen, notes


def ours_of(layout: Layout, given: list[str]) -> dict[str, str]:
    """Our names -> the file's, of all that can be told."""
    if layout.architecture is not None:
        return translated(layout.architecture, given, list(layout.shapes))
    if set(layout.parameters) <= set(given):
        return {name: name for name in given}
    own = layout.own or {}
    return {own.get(name, name): original for name, original in stripped(given).items()}


def prefix_of(plain: dict[str, str]) -> str:
    """What :func:`stripped` took off."""
    name, original = next(iter(plain.items()))
    return original.removesuffix(name)


def refuse_unclaimed(content: Content, claimed: set[str]) -> None:
    """Raises BadInput for a tensor that the victim has not; a copy of one that it has is a tied weight."""
    for name, tensor in content.tensors.items():
        if name in claimed or name.endswith(COUNTER):
            continue
        twins = (content.tensors[c] for c in claimed if content.tensors[c].shape == tensor.shape)
        if not any(torch.equal(tensor, twin) for twin in twins):
            raise BadInput(f"the weights hold a tensor {shown(name)}, which the victim has not")


def by_order(content: Content, layout: Layout, file: str) -> tuple[dict[str, str], list[str]]:
    """Our names -> the file's, in the order of ``state_dict`` or, where buffers are missing, of the parameters."""
    given = list(content.tensors)
    orders = {
        "state_dict": list(layout.shapes),
        "state_dict without the counters": [n for n in layout.shapes if not n.endswith(COUNTER)],
        "the parameters": list(layout.parameters),
    }
    fitting = next(((said, names) for said, names in orders.items() if len(names) == len(given)), None)
    if fitting is None:
        raise BadInput(
            f"{file} holds {len(given)} unnamed arrays: the victim has {len(layout.parameters)} parameters, with"
            f" BatchNorm's buffers {len(layout.shapes)}"
        )
    said, names = fitting
    notes = [f"The arrays have no names: they were taken in the order of {said}."]
    alike = [
        (a, b) for a, b in itertools.pairwise(names)
        if layout.shapes[a] == layout.shapes[b] and layout.shapes[a]
    ]  # fmt: skip
    if alike:
        notes.append(f"{alike[0][0]} and {alike[0][1]} have one shape, so that their order is not proven.")
    return dict(zip(names, given, strict=True)), notes
