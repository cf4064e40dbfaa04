"""Pictures: reading and checking them. Everything comes out in [0,1]."""

from __future__ import annotations

import io
import warnings
from pathlib import Path
from typing import Any

import numpy as np
import torch
import torch.nn.functional as F
from PIL import Image, ImageOps
from torch import Tensor

from gi_core.errors import BadInput

MAX_BYTES = 5_000_000
MAX_PIXELS = 12_000_000
FORMATS = ("PNG", "JPEG", "WEBP", "GIF", "BMP", "TIFF")
LUMA = (0.299, 0.587, 0.114)

Source = str | Path | bytes | Image.Image | np.ndarray | Tensor


class NoPicture(BadInput):
    """Nothing to read under that path."""


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
        if not path.is_file():  # a device or a pipe may have no end
            raise FileNotFoundError
        if path.stat().st_size > MAX_BYTES:
            raise _too_many_bytes(repr(path.name), path.stat().st_size)
        with path.open("rb") as file:
            return file.read(MAX_BYTES + 1), repr(path.name)
    except BadInput:
        raise
    except (OSError, ValueError):
        raise NoPicture(f"no readable picture at {str(path)[:200]!r}: a file is needed") from None


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


def pixels_of(content: bytes) -> int:
    """How many pixels an encoded picture says it has; 0 for what can't be read, which :func:`read` refuses."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", Image.DecompressionBombWarning)
        try:
            width, height = Image.open(io.BytesIO(content), formats=FORMATS).size
        except Exception:  # whatever a hostile header makes a decoder raise
            return 0
    return width * height


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
