"""A user's own network, weights and pictures, made ready for a simulated round."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from gi_core.audit.match import Layout, match
from gi_core.audit.recipe import recipe_of
from gi_core.audit.record import RecordedUpdate, image_shape, load, made, own_names, victim_of
from gi_core.audit.simulate import simulate
from gi_core.audit.truth import Truth
from gi_core.data.sources import open_picture, picture_names
from gi_core.errors import BadInput
from gi_core.models.own import wrap
from gi_core.models.tensor_files import Content, read_tensors
from gi_core.plugins import member
from gi_core.seeds import seeded, stream_seed

MOST = 1024
"""Pictures of a simulated client."""


def prepared(
    network: str, weights: str | None, data: str, given: dict[str, Any], seed: int
) -> tuple[RecordedUpdate, Truth]:
    """A client's round on the pictures of a folder.

    Args:
        network: FILE.py:NAME (the file is run) or a component text; weights: file to begin from, None for fresh ones.
        data: folder of pictures, or of folders of pictures by class.
        given: fields of the side file: batch, steps, lr, momentum, mode, side, channels, mean, std.

    Raises:
        BadInput: what does not fit.
    """
    named = ".py:" in network
    recipe = recipe_of({}, {k: v for k, v in given.items() if k not in ("before", "sent", "truth", "model")}
                       | ({} if named else {"model": network}))  # fmt: skip
    content = None if weights is None else read_tensors(Path(weights))
    shape = image_shape(recipe)
    if named:
        with seeded(seed):
            module = made(member(network))
        victim = wrap(module, shape)
        layout = Layout.of(victim, own=own_names(module, victim))
        if content is not None:
            load(victim, match(content, layout, "the weights"))
        for name in ("mean", "std"):
            if (values := getattr(recipe, name)) is not None:
                buffer = getattr(victim, name)
                buffer.copy_(torch.tensor(values).view(1, -1, 1, 1).expand_as(buffer))
    else:
        victim, layout = victim_of(recipe, content or Content({}, ""), None)
        if content is not None:
            load(victim, match(content, layout, "the weights"))
    images, labels = pictures(data, shape, victim.num_classes, (recipe.batch or MOST) * (recipe.steps or 1), seed)
    return simulate(
        victim, images, labels, batch=recipe.batch, steps=recipe.steps or 1, lr=recipe.lr or 0.01,
        momentum=recipe.momentum or 0.0, mode=recipe.mode or "train", seed=seed,
    )  # fmt: skip


def pictures(data: str, shape: tuple[int, int, int], classes: int, most: int, seed: int) -> tuple[Tensor, Tensor]:
    """(N,C,H,W) and labels (N,): by subfolder, one class each in the order of their names, else drawn from the seed."""
    folder = Path(data)
    if not folder.is_dir():
        raise BadInput(f"--data {data[:100]!r}: a folder of pictures is needed")
    rooms = sorted(p for p in folder.iterdir() if p.is_dir())
    by_class = [(name, label) for label, room in enumerate(rooms) for name in picture_names(str(room))]
    if by_class and len(rooms) > classes:
        raise BadInput(f"--data {data[:100]!r} has {len(rooms)} folders, the network {classes} classes")
    generator = torch.Generator().manual_seed(stream_seed(seed, "labels"))
    if not by_class:
        names = picture_names(str(folder))
        drawn = torch.randint(classes, (len(names),), generator=generator).tolist()
        by_class = list(zip(names, drawn, strict=True))
    order = torch.randperm(len(by_class), generator=generator)[: min(most, MOST)].tolist()
    chosen = [by_class[i] for i in order]
    images = torch.stack([open_picture(name, shape[1], shape[0]) for name, _ in chosen])
    return images, torch.tensor([label for _, label in chosen])
