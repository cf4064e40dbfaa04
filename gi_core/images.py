"""Pictures: reading and checking them, sample pictures, public crops, data sets. Everything comes out in [0,1]."""

from __future__ import annotations

import io
import warnings
from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any, Literal

import numpy as np
import torch
import torch.nn.functional as F
from PIL import Image, ImageOps
from torch import Tensor

from gi_core.components import split_top
from gi_core.errors import BadInput

MAX_BYTES = 5_000_000
MAX_PIXELS = 12_000_000
FORMATS = ("PNG", "JPEG", "WEBP", "GIF", "BMP", "TIFF")
LUMA = (0.299, 0.587, 0.114)
ASSETS = Path(__file__).resolve().parent.parent / "assets" / "images"

Source = str | Path | bytes | Image.Image | np.ndarray | Tensor


def open_picture(source: Source, size: int, channels: int) -> Tensor:
    """:func:`read`, or a sample by its name, or a data set's picture: ``cifar10:root=DIR,index=7,split=test``."""
    if isinstance(source, str):
        name, _, rest = source.partition(":")
        if source in SAMPLES:
            return sample(source, size, channels)
        if name in DATASETS and rest:
            return _from_dataset(name, rest, size, channels)
    return read(source, size, channels)


def read(source: Source, size: int, channels: int) -> Tensor:
    """One picture: centre square, scaled to ``size`` with antialiasing, as (channels,size,size) in [0,1].

    Args:
        source: path; encoded bytes (PNG, JPEG, WebP, GIF, BMP, TIFF); PIL image; array (H,W) or (H,W,1|3|4), whole
            numbers over their full range or floats in [0,1]; tensor (C,H,W), floats in [0,1].
        channels: 3 (grey is repeated) or 1 (luma of ITU-R BT.601).

    Orientation is applied and all metadata dropped; transparency is laid on white; of an animation the first frame is
    taken. Nothing is decoded above 5 MB or 12 megapixels.

    Raises:
        BadInput: not a picture, of a refused kind, damaged, too large, or with values outside [0,1].
    """
    if isinstance(source, Tensor):
        source = source.detach().cpu().movedim(0, -1).numpy() if source.dim() == 3 else source.detach().cpu().numpy()
    if isinstance(source, np.ndarray):
        pixels = from_array(source)
    elif isinstance(source, Image.Image):
        pixels = decode(source, "the picture")
    elif isinstance(source, bytes):
        pixels = from_bytes(source, "the picture")
    else:
        pixels = from_bytes(*_load(Path(source)))
    return recolour(resize(centre_square(pixels), size), channels).clamp(0, 1).contiguous()


def _load(path: Path) -> tuple[bytes, str]:
    try:
        if path.stat().st_size > MAX_BYTES:
            raise _too_many_bytes(repr(path.name), path.stat().st_size)
        return path.read_bytes(), repr(path.name)
    except BadInput:
        raise
    except (OSError, ValueError):
        known = ", ".join(SAMPLES)
        raise BadInput(f"no readable picture at {str(path)[:200]!r}: a file is needed, or a sample: {known}") from None


def _too_many_bytes(name: str, count: int) -> BadInput:
    return BadInput(f"{name} has {count / 1e6:.1f} MB: at most {MAX_BYTES / 1e6:g} is allowed")


def from_bytes(content: bytes, name: str) -> Tensor:
    """Encoded picture -> (C,H,W) in [0,1], after looking at its size and kind. ``name`` stands in the refusals."""
    if len(content) > MAX_BYTES:
        raise _too_many_bytes(name, len(content))
    start = content[:4096].lstrip(b"\xef\xbb\xbf \t\r\n").lower()
    if start.startswith(b"<") and b"<svg" in start:
        raise BadInput(f"{name} is an SVG drawing, not pixels: save it as PNG or JPEG first")
    if content[4:8] == b"ftyp":
        raise BadInput(f"{name} is a HEIC or AVIF file, which is not read here: save it as PNG or JPEG first")
    with warnings.catch_warnings():
        warnings.simplefilter("error", Image.DecompressionBombWarning)
        try:
            image = Image.open(io.BytesIO(content), formats=FORMATS)
        except (Image.DecompressionBombWarning, Image.DecompressionBombError):
            raise BadInput(f"{name} unpacks to more than {MAX_PIXELS / 1e6:g} megapixels, the most allowed") from None
        except Exception:  # whatever a hostile header makes a decoder raise
            raise BadInput(f"{name} is not a picture: {', '.join(FORMATS)} are read") from None
    return decode(image, name)


def decode(image: Image.Image, name: str) -> Tensor:
    """Opened picture -> (C,H,W) in [0,1]: upright, on white, without metadata."""
    width, height = image.size
    if width * height > MAX_PIXELS:
        million, most = width * height / 1e6, MAX_PIXELS / 1e6
        raise BadInput(f"{name} has {width}x{height} = {million:.0f} megapixels: at most {most:g} is allowed")
    if width * height == 0:
        raise BadInput(f"{name} has no pixels: its size is {width}x{height}")
    try:
        image.load()
        upright = ImageOps.exif_transpose(image)
    except Exception:  # whatever damaged data makes a decoder raise
        raise BadInput(f"{name} is cut short or damaged: its pixels cannot be decoded") from None
    if upright.mode.startswith("I") or upright.mode == "F":
        deep = np.asarray(upright)
        return from_array(deep if upright.mode == "F" else deep.clip(0, 65535).astype(np.uint16))
    if "A" in upright.getbands() or "a" in upright.getbands() or "transparency" in upright.info:
        return from_array(np.asarray(upright.convert("RGBA")))
    return from_array(np.asarray(upright.convert("L" if upright.mode in ("1", "L") else "RGB")))


def from_array(array: np.ndarray) -> Tensor:
    """(H,W) or (H,W,1|3|4) -> (1|3,H,W) float32 in [0,1]; a fourth channel is transparency, laid on white."""
    array = array[..., None] if array.ndim == 2 else array
    if array.ndim != 3 or array.shape[2] not in (1, 3, 4) or 0 in array.shape:
        raise BadInput(f"an array of shape {array.shape}: (H,W), (H,W,1), (H,W,3) or (H,W,4) is needed")
    if array.shape[0] * array.shape[1] > MAX_PIXELS:
        raise BadInput(f"an array of shape {array.shape}: at most {MAX_PIXELS / 1e6:g} megapixels is allowed")
    if array.dtype == np.bool_ or array.dtype.kind == "u":
        full = 1 if array.dtype == np.bool_ else np.iinfo(array.dtype).max
        pixels = torch.from_numpy(array.astype(np.float32) / np.float32(full))
    elif array.dtype.kind == "f":
        check_values(pixels := torch.from_numpy(array.astype(np.float32)))
    else:
        raise BadInput(f"an array of {array.dtype}: floats in [0,1] or unsigned whole numbers are needed")
    pixels = pixels.movedim(2, 0)
    if len(pixels) == 4:
        colour, alpha = pixels[:3], pixels[3:]
        pixels = colour * alpha + (1 - alpha)
    return pixels


def check_values(pixels: Tensor) -> None:
    """Raises BadInput for NaN, infinities, and values outside [0,1]."""
    if not bool(pixels.isfinite().all()):
        raise BadInput("a picture holds NaN or infinite values: numbers in [0,1] are needed")
    low, high = float(pixels.min()), float(pixels.max())
    if low < 0 or high > 1:
        raise BadInput(f"a picture holds values from {low:g} to {high:g}: numbers in [0,1] are needed")


def centre_square(pixels: Tensor) -> Tensor:
    """(C,H,W) -> its central (C,S,S), S = min(H,W)."""
    height, width = pixels.shape[1:]
    side = min(height, width)
    top, left = (height - side) // 2, (width - side) // 2
    return pixels[:, top : top + side, left : left + side]


def resize(pixels: Tensor, size: int) -> Tensor:
    """(C,S,S) -> (C,size,size), bicubic; antialiased when it shrinks, unchanged when it fits."""
    if pixels.shape[1] == size:
        return pixels
    return F.interpolate(pixels[None], size=(size, size), mode="bicubic", antialias=True)[0].clamp(0, 1)


def recolour(pixels: Tensor, channels: int) -> Tensor:
    """(1|3,H,W) -> (channels,H,W)."""
    if len(pixels) == channels:
        return pixels
    if channels == 3:
        return pixels.expand(3, -1, -1)
    return (pixels * torch.tensor(LUMA).view(3, 1, 1)).sum(0, keepdim=True)


def check_batch(images: Any, batch_size: int, image_shape: tuple[int, int, int]) -> Tensor:
    """The pictures as a float32 tensor (B,C,H,W), or BadInput saying what does not fit the scenario."""
    if not isinstance(images, Tensor) or not images.is_floating_point():
        kind = images.dtype if isinstance(images, Tensor) else type(images).__name__
        raise BadInput(f"pictures given as {kind}: a float tensor (B,C,H,W) in [0,1] is needed")
    expected = (batch_size, *image_shape)
    if tuple(images.shape) != expected:
        raise BadInput(f"pictures of shape {tuple(images.shape)}: this scenario needs (B,C,H,W) = {expected}")
    images = images.detach().float()
    check_values(images)
    return images


# ---- sample pictures ------------------------------------------------------------------------------------------------


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
    "blobs": Sample("Smooth colour blobs", CC0, HERE, lambda: ASSETS / "blobs.png"),
    "letters": Sample("The letters GI", CC0, HERE, lambda: ASSETS / "letters.png"),
    "checker": Sample("A checkerboard", CC0, HERE, lambda: ASSETS / "checker.png"),
    "gradient": Sample("A colour gradient", CC0, HERE, lambda: ASSETS / "gradient.png"),
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


# ---- data sets ------------------------------------------------------------------------------------------------------

DATASETS = {"cifar10": "CIFAR10", "cifar100": "CIFAR100", "mnist": "MNIST", "fashion-mnist": "FashionMNIST"}


def dataset(name: str, root: str | Path, split: Literal["train", "test"] = "train", *, download: bool = False) -> Any:
    """torchvision's data set under ``root``: ``data[i]`` is (PIL image, class index), ``data.classes`` the names.

    Nothing is downloaded unless asked for.

    Raises:
        BadInput: unknown name or split, or the files are not there.
    """
    if name not in DATASETS:
        raise BadInput(f"unknown data set {name!r}: allowed are {', '.join(DATASETS)}")
    if split not in ("train", "test"):
        raise BadInput(f"split={split}: allowed are train, test")
    from gi_core._torch import make_torchvision_importable

    make_torchvision_importable()
    from torchvision import datasets

    try:
        return getattr(datasets, DATASETS[name])(str(root), train=split == "train", download=download)
    except RuntimeError:
        raise BadInput(f"no {name} under {str(root)!r}: put torchvision's files there, or ask for a download") from None


def _from_dataset(name: str, rest: str, size: int, channels: int) -> Tensor:
    options = dict(part.partition("=")[::2] for part in split_top(rest, ","))
    if not set(options) <= {"root", "index", "split"} or "root" not in options:
        raise BadInput(f"picture {name}:{rest}: root=DIR is needed, index=N and split=train|test are allowed")
    data = dataset(name, options["root"], options.get("split", "train"))  # type: ignore[arg-type]
    index = options.get("index", "0")
    if not index.isdigit() or int(index) >= len(data):
        raise BadInput(f"picture {name}:index={index}: a whole number from 0 to {len(data) - 1} is needed")
    return read(data[int(index)][0], size, channels)
