"""Trained networks on disk: safetensors beside a JSON card, found by name and by the victim they were trained for."""

from __future__ import annotations

import copy
import hashlib
import json
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar, cast

import torch
from safetensors import SafetensorError
from safetensors.torch import load as parse
from safetensors.torch import save as serialise
from safetensors.torch import save_file
from torch import Tensor, nn

from gi_core.errors import BadInput
from gi_core.models.base import Victim
from gi_core.paths import ASSETS
from gi_core.seeds import seeded

FOLDER = ASSETS / "weights"
SAMPLE, STEPS = 64, 32
"""Of a fingerprint: values looked at in each tensor, and steps in which the largest of them is counted."""
SCALE = ".row_scale"
GROUP = 32
N = TypeVar("N", bound=nn.Module)


def folder() -> Path:
    """Where trained networks lie: ``assets/weights``, or the environment variable ``GI_WEIGHTS``."""
    return Path(os.environ.get("GI_WEIGHTS", FOLDER))


def fingerprint(victim: Victim) -> str:
    """16 hex digits that name a victim: picture size, classes, parameter shapes, some values.

    Values are rounded to a share of each tensor's largest, as processors draw the same weights to within an ulp or two.
    """
    digest = hashlib.sha256(repr((victim.image_shape, victim.num_classes)).encode())
    for name, tensor in victim.named_parameters():
        flat = tensor.detach().flatten().cpu()
        digest.update(f"{name}{tuple(tensor.shape)}".encode())
        some = flat[:: max(1, flat.numel() // SAMPLE)].double()
        digest.update((STEPS * some / some.abs().max().clamp_min(1e-30)).round().to(torch.int8).numpy().tobytes())
    return digest.hexdigest()[:16]


def sha256(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


def cards() -> list[dict[str, Any]]:
    """All cards of networks trained for a victim, sorted by file name, each with its ``path``."""
    found = [json.loads(path.read_text()) | {"path": str(path)} for path in sorted(folder().glob("*.json"))]
    return [card for card in found if "fingerprint" in card]


def find(name: str, victim: Victim, data: str | None = None, pictures: int | None = None) -> dict[str, Any]:
    """The card of network ``name`` for this victim, trained on ``data`` and on so many ``pictures``.

    None: any; of several the one trained on the most pictures.

    Raises:
        BadInput: there is none; the sentence says which command trains it.
    """
    mark = fingerprint(victim)
    named = [card for card in cards() if card["name"] == name]
    fitting = [
        card
        for card in named
        if card["fingerprint"] == mark and data in (None, card["data"]) and pictures in (None, card["pictures"])
    ]
    if fitting:
        return max(fitting, key=lambda card: card["pictures"])
    shape = "x".join(map(str, victim.image_shape))
    there = "; ".join(sorted({f"{c['model']} with weights {c['weights']} on {c['data']}" for c in named})) or "none"
    asked = (f" trained on {data}" if data else "") + (f" with {pictures} pictures" if pictures else "")
    raise BadInput(
        f"no trained {name}{asked} for this victim ({shape}, {victim.num_classes} classes): shipped are {there}; "
        f"train one with: python -m gi_core train {name}:model=MODEL,weights=WEIGHTS,data=DATA --data FOLDER --out DIR"
    )


def read(card: dict[str, Any]) -> dict[str, Tensor]:
    """The tensors a card speaks of, those that it shares with other networks included, after checking every sha256.

    Raises:
        BadInput: missing, altered or unreadable file.
    """
    path = Path(card["path"]).with_suffix(".safetensors")
    stored = _checked(path, card["sha256"], card)
    for key, part in card.get("shared", {}).items():
        found = _checked(path.parent / part["file"], part["sha256"], card)
        stored |= {key + end: value for end, value in found.items()}
    return stored


def _checked(path: Path, digest: str, card: dict[str, Any]) -> dict[str, Tensor]:
    again = f"retrain it with: {card['command']}"
    if not path.is_file():
        raise BadInput(f"trained network {path.name} is missing; {again}")
    content = path.read_bytes()
    if hashlib.sha256(content).hexdigest() != digest:
        raise BadInput(f"trained network {path.name} is not the file its card describes (wrong sha256); {again}")
    try:
        return parse(content)
    except SafetensorError as error:
        raise BadInput(f"trained network {path.name} cannot be read ({error}); {again}") from None


def fill(network: nn.Module, card: dict[str, Any]) -> nn.Module:
    """``network`` with the card's tensors, for inference."""
    stored = read(card)
    tensors = {
        key: unpack(value, stored[key + SCALE]) if key + SCALE in stored else value.to(_kind(value))
        for key, value in stored.items()
        if not key.endswith(SCALE)
    }
    network.load_state_dict(tensors)
    return network.eval().requires_grad_(False)


def _kind(value: Tensor) -> torch.dtype:
    return torch.float32 if value.is_floating_point() else value.dtype


def pack(state: dict[str, Tensor], half: tuple[str, ...] = ()) -> dict[str, Tensor]:
    """Tensors as they are stored: matrices as whole numbers from -127 to 127 times a scale per 32 of a row, the rest
    as is.

    Args:
        half: name endings of matrices that are stored in half precision instead.
    """
    packed: dict[str, Tensor] = {}
    for key, value in state.items():
        value = value.detach().cpu().clone().contiguous()
        if value.dim() < 2 or not value.is_floating_point():
            packed[key] = value
        elif key.endswith(half):
            packed[key] = value.half()
        else:
            packed[key], packed[key + SCALE] = _whole_numbers(value)
    return packed


def _whole_numbers(value: Tensor) -> tuple[Tensor, Tensor]:
    """int8 of the same shape, and (rows,groups) scales in bfloat16, rounded up so that nothing is clipped."""
    rows = value.flatten(1)
    groups = nn.functional.pad(rows, (0, -rows.shape[1] % GROUP)).unflatten(1, (-1, GROUP))
    scale = (groups.abs().amax(2).clamp_min(1e-30) * (1 + 2**-7) / 127).bfloat16()
    whole = (groups / scale.float().unsqueeze(2)).round().to(torch.int8)
    return whole.flatten(1)[:, : rows.shape[1]].reshape(value.shape).contiguous(), scale


def unpack(whole: Tensor, scale: Tensor) -> Tensor:
    """The matrix that :func:`pack` stored; one scale to a row is read too."""
    rows, scale = whole.flatten(1).float(), scale.float().flatten(1)
    size = rows.shape[1] if scale.shape[1] == 1 else GROUP
    return (rows * scale.repeat_interleave(size, 1)[:, : rows.shape[1]]).view(whole.shape)


_loaded: dict[tuple[str, str], nn.Module] = {}


def load(
    name: str, victim: Victim, build: Callable[[Victim], N], *, data: str | None = None, pictures: int | None = None
) -> tuple[N, dict[str, Any]]:
    """The trained network and its card; read and checked once, kept while its file stays the same.

    Args:
        build: the network's skeleton for a victim. data, pictures: as in :func:`find`.

    Raises:
        BadInput: none was trained for this victim, or its file is missing or altered.
    """
    card = find(name, victim, data, pictures)
    path = Path(card["path"]).with_suffix(".safetensors")
    stamp = path.stat().st_mtime_ns if path.is_file() else 0
    key = (str(path), f"{card['sha256']}-{stamp}")
    if key not in _loaded:
        with seeded(0):
            skeleton = build(copy.deepcopy(victim).cpu().requires_grad_(False))
        _loaded[key] = fill(skeleton, card)
    return cast(N, _loaded[key]), card


def save(
    network: nn.Module, path: Path, card: dict[str, Any], *, half: tuple[str, ...] = (), shared: tuple[str, ...] = ()
) -> dict[str, Any]:
    """Write ``path``.safetensors (see :func:`pack`) and ``path``.json; the card as written, with its ``path``.

    Args:
        shared: names of tensors that go to files of their own, named by their content: networks trained behind the
            same closed-form part store it once.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    packed = pack(network.state_dict(), half)
    apart: dict[str, dict[str, str]] = {}
    for key in (k for k in shared if k in packed):
        content = serialise({end: packed.pop(key + end) for end in ("", SCALE) if key + end in packed})
        digest = hashlib.sha256(content).hexdigest()
        apart[key] = {"file": f"shared-{digest[:16]}.safetensors", "sha256": digest}
        (path.parent / apart[key]["file"]).write_bytes(content)
    file = path.with_suffix(".safetensors")
    save_file(packed, file)
    file.chmod(0o644)
    card = card | {"file": file.name, "bytes": file.stat().st_size, "sha256": sha256(file)}
    if apart:
        card |= {"shared": apart}
    card_file = path.with_suffix(".json")
    card_file.write_text(json.dumps(card, indent=1) + "\n")
    return card | {"path": str(card_file)}
