"""Perceptual distance: the ``lpips`` package with its trained backbone, or nothing. Never a stand-in."""

from __future__ import annotations

import functools
import hashlib
import os
import warnings
from pathlib import Path
from typing import Any, Literal

import torch
import torch.nn.functional as F
from safetensors.torch import load_file
from torch import Tensor

from gi_core.errors import BadInput
from gi_core.metrics.image import checked_pair
from gi_core.paths import ASSETS
from gi_core.seeds import seeded
from gi_core.torch_setup import make_torchvision_importable

Net = Literal["squeeze", "alex", "vgg"]

WEIGHTS_VARIABLE = "GI_LPIPS_WEIGHTS"
SHIPPED = ASSETS / "weights" / "lpips-squeeze.safetensors"
SHIPPED_SHA256 = "b81f06fde81f43fd1c9df09b6c12fa8d1c258186cd2db0631fdf4a2a9d4fbb99"
HUB_FILES = {
    "squeeze": "squeezenet1_1-b8a52dc0.pth",
    "alex": "alexnet-owt-7be5be79.pth",
    "vgg": "vgg16-397923af.pth",
}
SMALLEST = 32


def backbone_file(net: Net = "squeeze") -> Path | None:
    """Where the trained backbone is, or None; nothing is ever downloaded.

    In order: the safetensors file that the environment variable GI_LPIPS_WEIGHTS names (keys ``features.*``, as in
    torchvision's model), the shipped file (``squeeze`` only), torch hub's checkpoint folder.

    Raises:
        BadInput: GI_LPIPS_WEIGHTS names a file that does not exist.
    """
    named = os.environ.get(WEIGHTS_VARIABLE)
    if named:
        if not Path(named).is_file():
            raise BadInput(f"{WEIGHTS_VARIABLE}={named}: no such file")
        return Path(named)
    if net == "squeeze" and SHIPPED.is_file():
        return SHIPPED
    cached = Path(torch.hub.get_dir()) / "checkpoints" / HUB_FILES[net]
    return cached if cached.is_file() else None


def why_unavailable(net: Net = "squeeze") -> str | None:
    """One sentence on how to get LPIPS, or None when it is available."""
    if backbone_file(net) is not None:
        return None
    return (
        f"LPIPS is not available: put torchvision's {HUB_FILES[net]} into {Path(torch.hub.get_dir()) / 'checkpoints'}, "
        f"or name a safetensors file of its features in {WEIGHTS_VARIABLE}."
    )


@functools.lru_cache(maxsize=2)
def _network(net: Net, file: Path) -> Any:
    if file == SHIPPED and hashlib.sha256(file.read_bytes()).hexdigest() != SHIPPED_SHA256:
        raise BadInput(f"{file.name}: its sha256 is not the one recorded, fetch the file again")
    trunk = load_file(file) if file.suffix == ".safetensors" else torch.load(file, weights_only=True)
    make_torchvision_importable()
    import lpips as package

    with seeded(0), warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)  # torchvision's rename of an argument that lpips passes
        network = package.LPIPS(net=net, pnet_rand=True, verbose=False)  # random only until the next line
    state = network.state_dict()
    wanted = {key: "features." + key.split(".", 2)[2] for key in state if key.startswith("net.slice")}
    missing = [name for name in wanted.values() if name not in trunk]
    if missing:
        raise BadInput(f"{file}: {missing[0]!r} is missing, it does not hold the features of {net}")
    state.update({key: trunk[name] for key, name in wanted.items()})
    network.load_state_dict(state)
    return network.eval().requires_grad_(False)


@torch.no_grad()
def lpips(images: Tensor, truth: Tensor, *, net: Net = "squeeze") -> Tensor | None:
    """Learned perceptual distance per picture, (B,), 0 for a copy; None when the backbone is absent.

    Zhang et al., "The Unreasonable Effectiveness of Deep Features as a Perceptual Metric", CVPR 2018, version 0.1.
    Pictures below 32 pixels are enlarged to 32 (bilinear), one channel is repeated to three.

    Args:
        images, truth: (B,C,H,W) with C 1 or 3, clamped to [0,1].
        net: backbone; ``squeeze`` is shipped, papers mostly quote ``alex``: values differ between the two.

    Raises:
        BadInput: a weights file that cannot be used.
    """
    file = backbone_file(net)
    if file is None:
        return None
    pair = [_prepared(x) for x in checked_pair(images, truth)]
    return _network(net, file).to(images.device)(*pair, normalize=True).flatten()


def _prepared(images: Tensor) -> Tensor:
    _, channels, height, width = images.shape
    if channels not in (1, 3):
        raise BadInput(f"LPIPS of pictures with {channels} channels: 1 or 3 are needed")
    images = images.float().expand(-1, 3, -1, -1)
    if min(height, width) < SMALLEST:
        size = (max(height, SMALLEST), max(width, SMALLEST))
        images = F.interpolate(images, size, mode="bilinear", align_corners=False)
    return images
