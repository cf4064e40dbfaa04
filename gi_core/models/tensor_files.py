"""Tensors from a stranger's file: safetensors, NumPy's archives, PyTorch's checkpoints; nothing in them is executed.

What a file claims is compared with what it holds before anything of that size is allocated.
"""

from __future__ import annotations

import hashlib
import io
import math
import warnings
import zipfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor

from gi_core.errors import BadInput

MOST_BYTES = 2 * 2**30
"""Of a file, and of what it unpacks to."""
MOST_TENSORS = 10_000
MOST_RATIO = 200
"""An archive that unpacks to more than this many times its own size is refused, from PLAIN bytes on."""
PLAIN = 16 * 2**20
LONGEST_NAME = 512
FLOATS = (torch.float16, torch.bfloat16, torch.float32, torch.float64)
WHOLE = (torch.uint8, torch.int8, torch.int16, torch.int32, torch.int64, torch.bool)
ENDINGS = (".safetensors", ".npz", ".pt", ".pth")

Named = dict[str, Tensor]


@dataclass(frozen=True)
class Content:
    """What a file holds.

    Attributes:
        tensors: by name, in the file's order (safetensors sorts its own); unnamed: the names are only numbers.
        sha256: of the file.
    """

    tensors: Named
    sha256: str
    unnamed: bool = False


def read_tensors(path: Path, *, limit: int = MOST_BYTES) -> Content:
    """The tensors of a file by its ending, on the CPU. Memory stays below twice ``limit``.

    Raises:
        BadInput: it cannot be read, is of another kind, damaged, too large, or holds what is no tensor of numbers.
    """
    return read_bytes(bounded(path, limit), path.name, limit=limit)


def bounded(path: Path, limit: int) -> bytes:
    """The bytes of a regular file of at most ``limit``. Raises BadInput."""
    name = shown(path.name)
    try:
        if not path.is_file():
            raise BadInput(f"file {name} cannot be read: No such file")
        size = path.stat().st_size
        if size > limit:
            raise BadInput(f"file {name} has {size:,} bytes: at most {limit:,} are allowed")
        with path.open("rb") as file:
            return file.read(limit)
    except BadInput:
        raise
    except (OSError, ValueError) as error:
        raise BadInput(f"file {name} cannot be read: {getattr(error, 'strerror', None) or error}") from None


def read_bytes(data: bytes, name: str, *, limit: int = MOST_BYTES) -> Content:
    """As :func:`read_tensors`, of a file that is in memory; ``name`` tells its kind. Raises BadInput."""
    reader = READERS.get(Path(name).suffix.lower())
    if reader is None:
        raise BadInput(f"file {shown(name)}: names that end in {', '.join(ENDINGS)} are read")
    if len(data) > limit:
        raise BadInput(f"file {shown(name)} has {len(data):,} bytes: at most {limit:,} are allowed")
    tensors = reader(data, shown(Path(name).name), limit)
    check_tensors(tensors, shown(Path(name).name))
    unnamed = bool(tensors) and all(key.removeprefix("arr_").isdigit() for key in tensors)
    return Content(tensors, hashlib.sha256(data).hexdigest(), unnamed)


def shown(name: str) -> str:
    """A stranger's name for a sentence: printable, quoted, short."""
    clean = "".join(c if c.isprintable() else "?" for c in name)
    return repr(clean if len(clean) <= 60 else f"{clean[:40]}... ({len(clean)} characters)")


def check_tensors(tensors: Named, file: str) -> None:
    """Raises BadInput for no tensors, too many, names that are no names, kinds that are no numbers, and NaN."""
    if not tensors:
        raise BadInput(f"file {file} holds no tensor")
    if len(tensors) > MOST_TENSORS:
        raise BadInput(f"file {file} holds {len(tensors):,} tensors: at most {MOST_TENSORS:,} are allowed")
    for name, tensor in tensors.items():
        if not name or len(name) > LONGEST_NAME or not name.isprintable():
            raise BadInput(f"file {file} has a tensor called {shown(name)}: 1 to {LONGEST_NAME} printable characters")
        if tensor.dtype not in FLOATS + WHOLE:
            kind = str(tensor.dtype).removeprefix("torch.")
            raise BadInput(f"tensor {shown(name)} of {file} is of {kind}: floats of 16 to 64 bits, or whole numbers")
        if tensor.dtype in FLOATS and not all_finite(tensor):
            count = tensor.numel() - int(tensor.isfinite().sum())
            raise BadInput(f"tensor {shown(name)} of {file} holds values that are not finite: {count} NaN or infinite")


def all_finite(tensor: Tensor) -> bool:
    """Without a copy as large as the tensor: sums of slices are finite where no number is not."""
    flat = tensor.reshape(-1)
    return all(bool(part.isfinite().all()) for part in flat.split(2**22))


def read_safetensors(data: bytes, name: str, limit: int) -> Named:
    from safetensors import SafetensorError
    from safetensors.torch import load

    try:
        return load(data)
    except (SafetensorError, ValueError, KeyError, AttributeError) as error:
        said = str(error).removeprefix("Error while deserializing header: ")[:80]
        raise BadInput(f"file {name} is not a safetensors file, or it is damaged ({said})") from None


def read_npz(data: bytes, name: str, limit: int) -> Named:
    """Members are read one by one, each no further than its own header says, and never unpacked to a disk."""
    tensors: Named = {}
    with opened(data, name) as archive:
        for member in checked_members(archive, name, len(data), limit):
            if not member.filename.endswith(".npy"):
                raise BadInput(f"file {name} holds {shown(member.filename)}: arrays (.npy) alone are allowed")
            key = member.filename.removesuffix(".npy")
            if ".." in key.split("/") or key.startswith("/") or "\\" in key or ":" in key[1:2]:
                raise BadInput(f"file {name} holds {shown(member.filename)}: a name that points elsewhere is refused")
            tensors[key] = read_member(archive, member, name)
    return tensors


def opened(data: bytes, name: str) -> zipfile.ZipFile:
    try:
        return zipfile.ZipFile(io.BytesIO(data))
    except (zipfile.BadZipFile, OSError, ValueError, NotImplementedError, RecursionError):
        raise BadInput(f"file {name} is not a zip archive, or it is cut short") from None


def checked_members(archive: zipfile.ZipFile, name: str, size: int, limit: int) -> list[zipfile.ZipInfo]:
    """The archive's directory, before anything of it is unpacked. Raises BadInput for bombs and oddities."""
    members = archive.infolist()
    if len(members) > MOST_TENSORS:
        raise BadInput(f"file {name} has {len(members):,} members: at most {MOST_TENSORS:,} are allowed")
    if len({m.filename for m in members}) < len(members):
        raise BadInput(f"file {name} has two members of one name")
    if any(m.flag_bits & 1 for m in members):
        raise BadInput(f"file {name} is encrypted: save it without a password")
    if any(m.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED) for m in members):
        raise BadInput(f"file {name} is compressed in an unusual way: numpy.savez is enough")
    total = sum(m.file_size for m in members)
    if total > limit or total > max(PLAIN, MOST_RATIO * size):
        allowed = min(limit, max(PLAIN, MOST_RATIO * size))
        raise BadInput(f"file {name} of {size:,} bytes unpacks to {total:,}: at most {allowed:,} are allowed")
    return members


def read_member(archive: zipfile.ZipFile, member: zipfile.ZipInfo, name: str) -> Tensor:
    """One array: its header, then as many bytes as that claims if the member has them. Raises BadInput."""
    label = f"array {shown(member.filename)} of {name}"
    try:
        with archive.open(member) as file:
            shape, fortran, dtype = read_header(file)
            if dtype.hasobject or dtype.kind not in "fiub" or dtype.itemsize > 8:
                raise BadInput(f"{label} is of {dtype}: numbers alone are read, never pickled objects")
            claimed = math.prod(shape) * dtype.itemsize
            if claimed > member.file_size - file.tell():
                has = f"the member has {member.file_size:,}"
                raise BadInput(f"{label} claims shape {shape} ({claimed:,} bytes), {has}")
            content = bytearray(claimed)
            view, done = memoryview(content), 0
            while done < claimed and (got := file.readinto(view[done:])):  # type: ignore[attr-defined]
                done += got
            if done < claimed or file.read(1):
                raise BadInput(f"{label} has not the {claimed:,} bytes that it claims")
    except (zipfile.BadZipFile, OSError, ValueError, EOFError, RuntimeError, NotImplementedError) as error:
        if isinstance(error, BadInput):
            raise
        raise BadInput(f"{label} is damaged ({str(error)[:80]})") from None
    array = np.frombuffer(content, dtype=dtype).reshape(shape, order="F" if fortran else "C")
    native = array.astype(dtype.newbyteorder("="), copy=False)
    return torch.from_numpy(np.ascontiguousarray(native) if native.ndim else native.copy())


def read_header(file: Any) -> tuple[tuple[int, ...], bool, np.dtype[Any]]:
    """Shape, Fortran order, type. Raises ValueError."""
    version = np.lib.format.read_magic(file)
    if version == (1, 0):
        return np.lib.format.read_array_header_1_0(file)
    if version == (2, 0):
        return np.lib.format.read_array_header_2_0(file)
    raise ValueError(f"format {version} of NumPy's arrays: 1.0 and 2.0 are read")


def read_checkpoint(data: bytes, name: str, limit: int) -> Named:
    """A checkpoint by PyTorch's weights-only reader: tensors and plain containers; anything else is refused unread."""
    if data[:2] == b"PK":
        with opened(data, name) as archive:
            checked_members(archive, name, len(data), limit)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            found = torch.load(io.BytesIO(data), map_location="cpu", weights_only=True)
    except MemoryError:
        raise BadInput(f"file {name} claims more memory than there is") from None
    except Exception as error:  # whatever a hostile stream makes the reader raise
        kind = "it holds more than tensors" if "weights" in str(error).lower() else "it is damaged"
        advice = "save the network's state_dict, best as safetensors"
        raise BadInput(f"file {name} is not read, since nothing in it may be run ({kind}): {advice}") from None
    tensors = state_of(found)
    if tensors is None:
        raise BadInput(f"file {name} holds no state_dict, names with tensors: save network.state_dict()")
    for key, tensor in tensors.items():
        if tensor.numel() * tensor.element_size() > len(data) or tensor.layout != torch.strided:
            raise BadInput(
                f"tensor {shown(key)} of {name} claims shape {tuple(tensor.shape)}, more than the file holds"
            )
    return {key: tensor.detach().contiguous() for key, tensor in tensors.items()}


def state_of(found: object, depth: int = 0) -> Named | None:
    """The state_dict in a checkpoint: itself, or under the keys that trainers use."""
    if not isinstance(found, dict):
        return None
    tensors = {key: value for key, value in found.items() if isinstance(key, str) and isinstance(value, Tensor)}
    if tensors and len(tensors) == len(found):
        return tensors
    nested = (found[key] for key in ("state_dict", "model_state_dict", "model", "net", "weights") if key in found)
    return next((state for one in nested if depth < 2 and (state := state_of(one, depth + 1))), None)


READERS: dict[str, Callable[[bytes, str, int], Named]] = {
    ".safetensors": read_safetensors, ".npz": read_npz, ".pt": read_checkpoint, ".pth": read_checkpoint,
}  # fmt: skip
