"""A recorded update: what a client received and what it sent, read from files and matched to a victim."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from gi_core.audit.match import Layout, Matched, match
from gi_core.audit.recipe import LARGEST, PLACES, Recipe, parse, recipe_of
from gi_core.errors import BadInput
from gi_core.models import models, outline
from gi_core.models.base import Architecture, Victim
from gi_core.models.batchnorm import batchnorm_layers
from gi_core.models.names import ours, stripped
from gi_core.models.own import wrap
from gi_core.models.tensor_files import MOST_BYTES, Content, bounded, read_tensors, shown
from gi_core.models.weights import weights

SIDE_FILE = "update.json"
LARGEST_SIDE = 1024
Make = Callable[[], nn.Module]


@dataclass(frozen=True)
class RecordedUpdate:
    """One client's update with its context.

    Attributes:
        recipe: what is said of it. victim: the network with the weights received, in the client's mode.
        change: parameter name -> what was sent minus what was received (kind "delta"), or the gradient, in float64.
        kind: "delta" or "gradient".
        received, sent: BatchNorm's running statistics before and after, {} where they were not sent.
        counted: steps that BatchNorm counted, per layer; {} where its counters were not sent.
        whole: parameters as they were sent, where whole weights were.
        half: 16-bit kinds of the numbers sent.
        notes: what had to be assumed, one sentence each; hashes: file's role -> SHA-256.
        truth: the file with the true pictures, for scoring alone; None without.
    """

    recipe: Recipe
    victim: Victim
    change: dict[str, Tensor]
    kind: str
    received: dict[str, Tensor] = field(default_factory=dict)
    sent: dict[str, Tensor] = field(default_factory=dict)
    counted: dict[str, int] = field(default_factory=dict)
    whole: dict[str, Tensor] = field(default_factory=dict)
    half: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()
    hashes: dict[str, str] = field(default_factory=dict)
    truth: Path | None = None

    @property
    def steps(self) -> int:
        """Local steps: as BatchNorm counted, as told, or as pictures, batch and epochs make them; else 1."""
        recipe = self.recipe
        if self.counted and (seen := max(self.counted.values())) > 0:
            return seen
        if recipe.steps:
            return recipe.steps
        if recipe.pictures and recipe.batch:
            return (recipe.epochs or 1) * math.ceil(recipe.pictures / recipe.batch)
        return 1

    @property
    def lr(self) -> float:
        return self.recipe.lr or 1.0

    @property
    def norm(self) -> float:
        """L2 norm of the change over all parameters."""
        return float(sum(t.square().sum() for t in self.change.values()) ** 0.5)

    @property
    def gradient(self) -> dict[str, Tensor]:
        """The change as the mean gradient that it amounts to if it was one of SGD: -delta / (lr steps)."""
        factor = 1.0 if self.kind == "gradient" else -1 / (self.lr * self.steps)
        return {name: factor * t for name, t in self.change.items()}

    @property
    def normalised(self) -> bool:
        return bool(batchnorm_layers(self.victim))


def read(
    folder: str | Path | None = None, *, limit: int = MOST_BYTES, make: Make | None = None, **parts: Any
) -> RecordedUpdate:
    """A recorded update from a folder with ``update.json``, or from its parts.

    Args:
        folder: holds update.json and the files that it names; None: everything comes in ``parts``.
        limit: bytes of a file, packed and unpacked.
        make: returns the user's own module, in place of ``model``.
        parts: fields of the side file by name (``gi_core.audit.recipe.Recipe``), which override it; ``before``,
            ``sent``, ``truth`` are then paths; ``image_size`` is another name of ``side``.

    Raises:
        BadInput: what is missing, cannot be read, or does not fit, in one sentence.
    """
    if "image_size" in parts:
        parts["side"] = parts.pop("image_size")
    unknown = next((name for name in parts if name not in PLACES), None)
    if unknown is not None:
        raise BadInput(f"unknown field {unknown!r}: allowed are {', '.join(PLACES)}, image_size")
    side: dict[str, Any] = {}
    room: Path | None = None
    if folder is not None:
        side, room = side_file(Path(folder))
    files = {role: located(role, parts.get(role), room, side) for role in ("before", "sent", "truth")}
    given = {name: value for name, value in parts.items() if name not in files}
    recipe = recipe_of({**side, "files": None}, given)
    for role in ("before", "sent"):
        if files[role] is None:
            raise BadInput(f"the weights {'received' if role == 'before' else 'sent'} are missing: give {role}=FILE")
    contents = {role: read_tensors(path, limit=limit) for role in ("before", "sent") if (path := files[role])}
    record = record_of(recipe, contents["before"], contents["sent"], make)
    return replace(record, truth=files["truth"])


def side_file(folder: Path) -> tuple[dict[str, Any], Path]:
    """A folder's side file, {} without one, and the folder itself. Raises BadInput."""
    if not folder.is_dir():
        raise BadInput(
            f"{shown(str(folder))} is no folder: a folder with {SIDE_FILE} is needed, or the parts by option"
        )
    path = folder / SIDE_FILE
    return (parse(bounded(inside(folder, SIDE_FILE), LARGEST)) if path.exists() else {}), folder


def located(role: str, given: Any, folder: Path | None, side: dict[str, Any]) -> Path | None:
    """The file of a role: as given by hand, as the side file has it (within its folder), or by its usual name."""
    if given is not None:
        return Path(given)
    if folder is None:
        return None
    files = side.get("files") or {}
    named = files.get(role) if isinstance(files, dict) else None
    if named is not None:
        if not isinstance(named, str):
            raise BadInput(f"files.{role}={shown(str(named))}: the name of a file is needed")
        return inside(folder, named)
    usual = (f"{role}{ending}" for ending in (".safetensors", ".npz", ".pt", ".pth"))
    return next((inside(folder, name) for name in usual if (folder / name).exists()), None)


def inside(folder: Path, name: str) -> Path:
    """A file that lies in the folder, links followed. Raises BadInput for any other."""
    try:
        path = (folder / name).resolve()
        within = path.is_relative_to(folder.resolve()) and not Path(name).is_absolute() and ".." not in Path(name).parts
    except (OSError, ValueError, RuntimeError):
        within = False
    if not within:
        raise BadInput(f"file {shown(name)} points out of the record's folder: files must lie in it")
    return folder / name


def record_of(recipe: Recipe, before: Content, sent: Content, make: Make | None = None) -> RecordedUpdate:
    """As :func:`read`, of files that are in memory. Raises BadInput."""
    victim, layout = victim_of(recipe, before, make)
    return recorded(recipe, victim, layout, before, sent)


def recorded(recipe: Recipe, victim: Victim, layout: Layout, before: Content, sent: Content) -> RecordedUpdate:
    """The record of a victim at hand, which takes the weights received. Raises BadInput for what does not fit it."""
    had, got = match(before, layout, "the weights received"), match(sent, layout, "what was sent")
    load(victim, had)
    kind, notes_on_kind = kind_of(recipe, had, got)
    change = {
        name: (got.parameters[name] - had.parameters[name] if kind == "weights" else tensor)
        for name, tensor in got.parameters.items()
    }
    absolute = kind == "weights"
    counted = {n: got.counters[n] - (had.counters.get(n, 0) if absolute else 0) for n in got.counters}
    sent_statistics = got.statistics
    if sent_statistics and not absolute:
        sent_statistics = {n: t + had.statistics.get(n, torch.zeros(())) for n, t in sent_statistics.items()}
    mode = recipe.mode or ("train" if any(counted.values()) else "eval")
    notes = [*had.notes, *(note for note in got.notes if note not in had.notes), *notes_on_kind]
    notes += assumed(recipe, victim)
    return RecordedUpdate(
        recipe, victim.train(mode == "train"), change, "gradient" if kind == "gradient" else "delta", had.statistics,
        sent_statistics, counted, got.parameters if absolute else {}, got.half, tuple(notes),
        {"before": before.sha256, "sent": sent.sha256},
    )  # fmt: skip


def kind_of(recipe: Recipe, before: Matched, sent: Matched) -> tuple[str, list[str]]:
    """Whether whole weights, a difference or a gradient was sent, and a note where that was guessed or looks wrong."""
    near = all(
        float((sent.parameters[n] - t).norm()) <= 0.5 * float(t.norm()) for n, t in before.parameters.items() if t.any()
    )
    if recipe.sends is None:
        guess = "weights" if near else "delta"
        return guess, [f"Nothing says what was sent: it was taken for {'whole weights' if near else 'a difference'}."]
    if recipe.sends != "weights" and near:
        return recipe.sends, [f"What was sent is said to be a {recipe.sends}, and looks like whole weights."]
    return recipe.sends, []


def assumed(recipe: Recipe, victim: Victim) -> list[str]:
    """What the side file does not say, and what was taken instead."""
    shape = "x".join(map(str, victim.image_shape))
    missing = {
        "lr": "The learning rate is not known: 1 was taken, so that directions hold and sizes do not.",
        "side": f"The size of the pictures is not known: {shape} was taken.",
        "mean": "Mean and spread of the pixels are not known: the victim's own were taken, so colours may be off.",
        "optimiser": "The optimiser is not known: SGD was taken.",
        "pictures": "The number of pictures is not known: it was read off the ranks of the update.",
    }
    if recipe.sends == "gradient":
        missing = {k: v for k, v in missing.items() if k not in ("lr", "optimiser")}
    if recipe.pictures is None and recipe.batch is not None:
        missing.pop("pictures")
    return [text for name, text in missing.items() if getattr(recipe, name) is None]


def load(victim: Victim, had: Matched) -> None:
    """Give the victim the weights that the client received."""
    own = dict(victim.named_parameters()) | dict(victim.named_buffers())
    with torch.no_grad():
        for name, tensor in (had.parameters | had.statistics).items():
            own[name].copy_(tensor)
        for name, count in had.counters.items():
            own[name].fill_(count)


# ---- the victim ------------------------------------------------------------------------------------------------------


def victim_of(recipe: Recipe, before: Content, make: Make | None) -> tuple[Victim, Layout]:
    """The network of the recipe, with pixels normalised as the client's. Raises BadInput."""
    shape = image_shape(recipe)
    if make is not None:
        module = made(make)
        victim = wrap(module, shape)
        layout = Layout.of(victim, own=own_names(module, victim))
    else:
        if recipe.model is None:
            raise BadInput(
                "the network is not known: give model=NAME (see `gi list models`), or --model-file FILE.py:NAME"
            )
        architecture = architecture_of(recipe.model, shape)
        classes = classes_of(architecture, recipe, shape, before)
        refuse_another_size(architecture, shape, classes, before)
        victim = weights.parse("init").build(architecture, shape, classes)
        layout = Layout.of(victim, architecture)
    for name in ("mean", "std"):
        values = getattr(recipe, name)
        if values is not None:
            if len(values) not in (1, shape[0]):
                raise BadInput(f"{name}={list(values)}: {shape[0]} numbers are needed, one per channel")
            buffer = getattr(victim, name)
            buffer.copy_(torch.tensor(values).view(1, -1, 1, 1).expand_as(buffer))
    return victim, layout


def image_shape(recipe: Recipe) -> tuple[int, int, int]:
    """(C,H,W) of the pictures; 3 channels and 32 pixels where nothing says otherwise."""
    told = recipe.model.get("channels") if isinstance(recipe.model, dict) else None
    channels = recipe.channels or told or (len(recipe.mean) if recipe.mean else 3)
    side = recipe.side or 32
    if not isinstance(channels, int) or not 1 <= channels <= 64 or side > LARGEST_SIDE:
        raise BadInput(f"pictures of {channels}x{side}x{side}: up to 64 channels and {LARGEST_SIDE} pixels are allowed")
    return channels, side, side


def made(make: Make) -> nn.Module:
    try:
        module = make()
    except Exception as error:
        raise BadInput(f"the network's function fails: {error}") from None
    if not isinstance(module, nn.Module):
        raise BadInput(f"the network's function returns {type(module).__name__}: a torch.nn.Module is needed")
    return module


def own_names(module: nn.Module, victim: Victim) -> dict[str, str]:
    """Names in the user's module -> in the victim that :func:`gi_core.models.own.wrap` made of it."""
    kept = set(victim.state_dict())
    return {
        name: body if (body := f"body.{name}") in kept else f"head.{name.rpartition('.')[2]}"
        for name in module.state_dict()
    }


RECORDED: dict[str, Callable[[dict[str, Any]], str]] = {
    "net": lambda o: "net",
    "lenet": lambda o: "lenet:init=default",
    "mlp": lambda o: f"mlp:width={o.get('hidden', 128)},depth=1",
    "resnet18": lambda o: f"resnet18:width={o.get('width', 16)}",
}
"""{"arch": ...} of the side file's format 1 -> component text."""


def architecture_of(model: str | dict[str, Any], shape: tuple[int, int, int]) -> Architecture:
    """Raises BadInput for an unknown network or option."""
    if isinstance(model, str):
        return models.parse(model)
    name, options = model["arch"], {k: v for k, v in model.items() if k not in ("arch", "channels", "classes", "side")}
    if name not in RECORDED:
        rest = ",".join(f"{key}={value}" for key, value in options.items())
        return models.parse(f"{name}:{rest}" if rest else name)
    known = {"mlp": {"hidden"}, "resnet18": {"width", "stem"}}.get(name, set())
    if odd := next((key for key in options if key not in known), None):
        raise BadInput(f"model.{odd}: allowed for {name!r} are {', '.join(sorted(known)) or 'no options'}")
    stem = options.get("stem", "small")
    if name == "resnet18" and (stem == "standard") != (min(shape[1:]) >= 96):
        raise BadInput(
            f"model.stem={stem!r} on pictures of {shape[1]} pixels: the standard stem goes from 96 pixels on"
        )
    return models.parse(RECORDED[name](options))


def classes_of(architecture: Architecture, recipe: Recipe, shape: tuple[int, int, int], before: Content) -> int:
    """Classes that the network tells apart, as many as its head has rows. Raises BadInput."""
    told = recipe.model.get("classes") if isinstance(recipe.model, dict) else None
    if isinstance(told, int) and not isinstance(told, bool):
        found = told
    elif before.unnamed:
        found = next(reversed(before.tensors.values())).shape[0] if before.tensors else 0
    else:
        wanted = list(outline(architecture.text, shape, 2).state_dict())
        heads = (t for n, t in stripped_items(before) if "head.weight" in (n, ours(architecture, n, wanted)))
        found = next((t.shape[0] for t in heads if t.dim()), 0)
    if not 2 <= found <= 100_000:
        raise BadInput(f"the weights have no head of 2 to 100,000 classes that {architecture.text!r} would have")
    return found


def refuse_another_size(architecture: Architecture, shape: tuple[int, int, int], classes: int, before: Content) -> None:
    """Raises BadInput where the network is much larger than the weights received, before it takes any memory."""
    wanted = sum(t.numel() for t in outline(architecture.text, shape, classes).parameters())
    given = sum(t.numel() for t in before.tensors.values())
    if before.tensors and wanted > 2 * given:
        raise BadInput(f"model {architecture.text!r} has {wanted:,} parameters, the weights received hold {given:,}")


def stripped_items(content: Content) -> list[tuple[str, Tensor]]:
    return [(name, content.tensors[given]) for name, given in stripped(content.tensors).items()]
