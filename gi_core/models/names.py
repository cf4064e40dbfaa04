"""Tensors by the names that other libraries give them: torchvision, timm, wrappers, tutorials."""

from __future__ import annotations

import difflib
import re
from collections.abc import Callable, Iterable, Sequence
from typing import Any

from gi_core.errors import BadInput
from gi_core.models.base import Architecture
from gi_core.models.from_timm import TimmArchitecture
from gi_core.models.lenet import LeNet
from gi_core.models.mlp import MLP
from gi_core.models.resnet import ResNet18
from gi_core.models.tutorial import Tutorial

PREFIXES = ("_module.", "module.", "_orig_mod.", "model.", "net.", "network.")
"""Opacus, data parallel, torch.compile, and wrappers of one's own."""
HEADS = ("head", "fc", "classifier", "head.fc", "fc3")


def stripped(names: Iterable[str]) -> dict[str, str]:
    """Each name without the wrappers' prefixes that all of them share -> the name."""
    kept = {name: name for name in names}
    while True:
        prefix = next((p for p in PREFIXES if kept and all(name.startswith(p) for name in kept)), None)
        if prefix is None:
            return kept
        kept = {name.removeprefix(prefix): original for name, original in kept.items()}


def ours(architecture: Architecture, name: str, wanted: Sequence[str] = ()) -> str:
    """Our name of the tensor that others call ``name``, without wrappers' prefixes; itself where it is ours.

    ``wanted``: the victim's own names.
    """
    owner, _, leaf = name.rpartition(".")
    for kind, translate in TRANSLATIONS.items():
        if isinstance(architecture, kind):
            place = translate(architecture, owner, wanted)
            return f"{place}.{leaf}" if place else leaf
    return name


def residual(architecture: Architecture, owner: str, wanted: Sequence[str]) -> str:
    """torchvision's and timm's ResNet: conv1, bn1, layer1.0.conv1, layer2.0.downsample.0, fc."""
    if owner in ("conv1", "bn1", "fc"):
        return {"conv1": "body.0", "bn1": "body.1", "fc": "head"}[owner]
    found = re.fullmatch(r"layer([1-4])\.([01])\.(.+)", owner)
    if not found:
        return owner
    blocks = (int(m[1]) for name in wanted if (m := re.match(r"body\.(\d+)\.conv1\.weight", name)))
    number = min(blocks, default=0) + 2 * (int(found[1]) - 1) + int(found[2])
    return f"body.{number}.{found[3].replace('downsample', 'shortcut')}"


def perceptron(architecture: Architecture, owner: str, wanted: Sequence[str]) -> str:
    """Linear layers of a torch.nn.Sequential that begins with Flatten, the last one being the head."""
    assert isinstance(architecture, MLP)
    found = re.fullmatch(r"(?:layers\.|net\.)?(\d+)", owner)
    if not found:
        return "head" if owner in HEADS else owner
    place = int(found[1])
    return "head" if place == 1 + 2 * architecture.depth else f"body.{place}"


def named_alike(architecture: Architecture, owner: str, wanted: Sequence[str]) -> str:
    """The body's layers have the same names without ``body.``; the last one has one of the usual names."""
    if owner in HEADS:
        return "head"
    return owner if owner.startswith("body.") else f"body.{owner}".rstrip(".")


TRANSLATIONS: dict[Any, Callable[[Architecture, str, Sequence[str]], str]] = {
    ResNet18: residual, MLP: perceptron, LeNet: named_alike, Tutorial: named_alike, TimmArchitecture: named_alike,
}  # fmt: skip
"""Architecture -> (architecture, module's name elsewhere, our names) -> its name in our victim."""


def translated(architecture: Architecture, given: Iterable[str], own: Sequence[str]) -> dict[str, str]:
    """Our names -> the given ones, of all that can be told; a name that is nobody's stands for itself.

    Args:
        given: names as a file has them; own: those of the victim's tensors.

    Raises:
        BadInput: two names mean the same tensor.
    """
    plain = stripped(given)
    if set(own) <= set(plain):
        return plain
    renamed: dict[str, str] = {}
    for name, original in plain.items():
        new = ours(architecture, name, own)
        if new in renamed:
            raise BadInput(f"tensors {renamed[new]!r} and {original!r} would both be {new!r}")
        renamed[new] = original
    return renamed


def need(wanted: Sequence[str], found: dict[str, str], own: Iterable[str]) -> dict[str, str]:
    """Those of :func:`translated` that are wanted. Raises BadInput where one is missing, with the nearest name."""
    missing = [name for name in wanted if name not in found]
    if missing:
        left = set(found) - set(own)
        raise BadInput(_misfit(missing[0], len(missing), sorted(found[name] for name in left)))
    return {name: found[name] for name in wanted}


def _misfit(name: str, count: int, left: list[str]) -> str:
    near = difflib.get_close_matches(name, left, 1, 0.0)
    other = f"; the nearest name that nothing claims is {near[0][:120]!r}" if near else ""
    more = f" and {count - 1} more" if count > 1 else ""
    return f"the weights lack the tensor {name!r}{more}, which the victim has{other}"
