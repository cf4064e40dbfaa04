"""A picture by what names it: a file, a sample, or an entry of a data set."""

from __future__ import annotations

from pathlib import Path

from torch import Tensor

from gi_core.components import split_top
from gi_core.data.datasets import DATASETS, dataset
from gi_core.data.pictures import NoPicture, Source, read
from gi_core.data.samples import SAMPLES, sample
from gi_core.errors import BadInput

ENDINGS = (".png", ".jpg", ".jpeg", ".webp", ".gif", ".bmp", ".tif", ".tiff")


def picture_names(name: str) -> list[str]:
    """What ``--image NAME`` stands for: the name itself, or the pictures of a folder by name, subfolders left out.

    Raises BadInput for a folder without pictures.
    """
    try:
        if name in SAMPLES or not Path(name).is_dir():
            return [name]
        found = sorted(str(file) for file in Path(name).iterdir() if file.suffix.lower() in ENDINGS)
    except (OSError, ValueError):
        return [name]
    if not found:
        raise BadInput(f"no picture in the folder {name[:200]!r}: files that end in {', '.join(ENDINGS)} are taken")
    return found


def open_picture(source: Source, size: int, channels: int) -> Tensor:
    """:func:`read`, or a sample by its name, or a data set's picture: ``cifar10:root=DIR,index=7,split=test``."""
    if isinstance(source, str):
        name, _, rest = source.partition(":")
        if source in SAMPLES:
            return sample(source, size, channels)
        if name in DATASETS and rest:
            return _from_dataset(name, rest, size, channels)
    try:
        return read(source, size, channels)
    except NoPicture as error:
        raise BadInput(f"{error}, or a sample: {', '.join(SAMPLES)}") from None


def _from_dataset(name: str, rest: str, size: int, channels: int) -> Tensor:
    options = dict(part.partition("=")[::2] for part in split_top(rest, ","))
    if not set(options) <= {"root", "index", "split"} or "root" not in options:
        raise BadInput(f"picture {name}:{rest}: root=DIR is needed, index=N and split=train|test are allowed")
    data = dataset(name, options["root"], options.get("split", "train"))  # type: ignore[arg-type]
    index = options.get("index", "0")
    if not index.isdigit() or int(index) >= len(data):
        raise BadInput(f"picture {name}:index={index}: a whole number from 0 to {len(data) - 1} is needed")
    return read(data[int(index)][0], size, channels)
