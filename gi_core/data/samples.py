"""Sample pictures to play the private one, and crops of public ones. Everything comes out in [0,1]."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
import torch
from torch import Tensor

from gi_core.data.pictures import Source, from_array, read, recolour, resize
from gi_core.errors import BadInput
from gi_core.paths import ASSETS

IMAGES = ASSETS / "images"


@dataclass(frozen=True)
class Sample:
    """A picture that comes with a dependency or was made here.

    Attributes:
        title, licence, source: one line each.
        load: gives what :func:`read` takes.
    """

    title: str
    licence: str
    source: str
    load: Callable[[], Source]


def _skimage(name: str) -> Callable[[], np.ndarray]:
    def load() -> np.ndarray:
        import skimage.data

        return getattr(skimage.data, name)()

    return load


def _sklearn(name: str) -> Callable[[], np.ndarray]:
    def load() -> np.ndarray:
        from sklearn.datasets import load_sample_image

        return load_sample_image(name)

    return load


def _digit(index: int) -> Callable[[], np.ndarray]:
    def load() -> np.ndarray:
        from sklearn.datasets import load_digits

        return (load_digits().images[index] / 16).astype(np.float32)

    return load


CC0, PD, BY = "CC0", "public domain", "CC BY 2.0"
HERE = "made for this project"
UCI = "UCI optical recognition of handwritten digits, 8x8, with scikit-learn"

SAMPLES = {
    "cat": Sample("Chelsea the cat", CC0, "Stefan van der Walt, with scikit-image", _skimage("chelsea")),
    "coffee": Sample("A cup of coffee", CC0, "Rachel Michetti, with scikit-image", _skimage("coffee")),
    "rocket": Sample("A rocket on its pad", PD, "SpaceX, with scikit-image", _skimage("rocket")),
    "galaxies": Sample("Hubble extreme deep field", PD, "NASA, with scikit-image", _skimage("hubble_deep_field")),
    "retina": Sample("A retina (medical)", CC0, "Mikael Häggström, with scikit-image", _skimage("retina")),
    "tissue": Sample("Stained colon tissue (medical)", "no known copyright restrictions",
                     "CMMI, with scikit-image", _skimage("immunohistochemistry")),
    "digit-3": Sample("A handwritten 3", "CC BY 4.0", UCI, _digit(3)),
    "digit-8": Sample("A handwritten 8", "CC BY 4.0", UCI, _digit(8)),
    "blobs": Sample("Smooth colour blobs", CC0, HERE, lambda: IMAGES / "blobs.png"),
    "letters": Sample("The letters GI", CC0, HERE, lambda: IMAGES / "letters.png"),
    "checker": Sample("A checkerboard", CC0, HERE, lambda: IMAGES / "checker.png"),
    "gradient": Sample("A colour gradient", CC0, HERE, lambda: IMAGES / "gradient.png"),
}  # fmt: skip
"""Pictures to play the private one."""

PUBLIC = {
    "china": Sample("A Chinese temple", BY, "danielbuechele on Flickr, with scikit-learn", _sklearn("china.jpg")),
    "flower": Sample("A dahlia", BY, "vultilion on Flickr, with scikit-learn", _sklearn("flower.jpg")),
    "brick": Sample("Bricks", CC0, "CC0Textures, with scikit-image", _skimage("brick")),
    "grass": Sample("Grass", CC0, "linolafett, with scikit-image", _skimage("grass")),
    "gravel": Sample("Gravel", CC0, "CC0Textures, with scikit-image", _skimage("gravel")),
}
"""Pictures that the attacker, or other clients, may have: none of them is a private sample."""


def samples() -> dict[str, Sample]:
    """Sample pictures by name."""
    return dict(SAMPLES)


def sample(name: str, size: int, channels: int) -> Tensor:
    """The named sample as (channels,size,size) in [0,1]. Raises BadInput with the list of names."""
    if name not in SAMPLES:
        raise BadInput(f"unknown sample {name[:60]!r}: allowed are {', '.join(SAMPLES)}")
    return _sample(name, size, channels).clone()


@lru_cache(maxsize=256)
def _sample(name: str, size: int, channels: int) -> Tensor:
    return read(SAMPLES[name].load(), size, channels)


def public_crops(count: int, size: int, channels: int, seed: int) -> Tensor:
    """Random squares of public pictures, (count,channels,size,size) in [0,1]: no crop shows a private sample.

    Two of three come from the colour photographs. Side lengths are uniform from ``size`` (or the whole picture, where
    that is smaller) to the whole picture, half of the crops are mirrored; the same seed gives the same crops.
    """
    generator = torch.Generator().manual_seed(seed)

    def draw(low: int, high: int) -> int:
        return int(torch.randint(low, high + 1, (), generator=generator))

    photographs, textures = ("china", "flower"), ("brick", "grass", "gravel")
    crops = []
    for _ in range(count):
        names = photographs if draw(0, 2) else textures
        picture = _public(names[draw(0, len(names) - 1)])
        height, width = picture.shape[1:]
        side = draw(min(size, height, width), min(height, width))
        top, left = draw(0, height - side), draw(0, width - side)
        crop = recolour(resize(picture[:, top : top + side, left : left + side], size), channels)
        crops.append(crop.flip(-1) if draw(0, 1) else crop)
    return torch.stack(crops)


@lru_cache(maxsize=len(PUBLIC))
def _public(name: str) -> Tensor:
    source = PUBLIC[name].load()
    assert isinstance(source, np.ndarray)
    return from_array(source)
