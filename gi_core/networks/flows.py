"""Which flow a prior speaks for: the trained network, the analytic Gaussian, or a model that the deployment allows."""

from __future__ import annotations

import json
from functools import lru_cache
from typing import Any

import torch

from gi_core.errors import BadInput
from gi_core.networks import weights
from gi_core.networks.flow import Flow
from gi_core.networks.gaussian_flow import GaussianFlow
from gi_core.networks.hub_flow import allowed, from_hub
from gi_core.networks.velocity import VelocityNet

NETWORK, GAUSSIAN = "flow-cifar10", "gaussian-flow-cifar10"


def check_net(net: str) -> None:
    """Raises BadInput for a name that :func:`load_flow` would refuse."""
    if net not in ("auto", "unet", "gaussian", *allowed()):
        also = "".join(f", {name}" for name in allowed())
        raise BadInput(
            f"flow:net={net}: allowed are auto, unet, gaussian{also}; folders and Hub names of diffusers models are"
            " allowed where the environment variable GI_FLOW_MODELS lists them"
        )


@lru_cache(maxsize=4)
def load_flow(net: str, image_shape: tuple[int, int, int], device: torch.device) -> Flow:
    """A flow for pictures of this shape, frozen, in single precision.

    Args:
        net: "auto" (the trained network where it fits, else the Gaussian), "unet" (the trained network), "gaussian"
            (resized to the shape), or a folder or Hub name of a diffusers model listed in GI_FLOW_MODELS.

    Raises:
        BadInput: unknown name, missing or altered file, or a network made for another picture shape.
    """
    check_net(net)
    trained = card(NETWORK)
    fits = trained is not None and tuple(trained["image_shape"]) == image_shape
    if net == "unet" and not fits:
        there = "x".join(map(str, trained["image_shape"])) if trained else "none"
        raise BadInput(
            f"flow:net=unet is trained for pictures of {there}, not {'x'.join(map(str, image_shape))}:"
            " use flow:net=gaussian"
        )
    flow: Flow
    if net == "unet" or (net == "auto" and fits):
        flow = unet(trained)  # type: ignore[arg-type]
    elif net in ("auto", "gaussian"):
        flow = gaussian().to_shape(image_shape)
    else:
        flow = from_hub(net, image_shape)
    return flow.eval().requires_grad_(False).to(device)


def card(name: str) -> dict[str, Any] | None:
    """The card of a shipped flow, None where it is not there."""
    path = weights.folder() / f"{name}.json"
    return json.loads(path.read_text()) | {"path": str(path)} if path.is_file() else None


def unet(trained: dict[str, Any]) -> VelocityNet:
    """The trained velocity network of this card, its sha256 checked."""
    options = trained["options"]
    net = VelocityNet(tuple(trained["image_shape"]), width=options["width"], depth=options["depth"])
    return weights.fill(net, trained)  # type: ignore[return-value]


def gaussian() -> GaussianFlow:
    """The shipped Gaussian of CIFAR-10, its sha256 checked. Raises BadInput when its file is missing."""
    fitted = card(GAUSSIAN)
    if fitted is None:
        raise BadInput("the Gaussian flow's file is missing: python -m gi_core train gaussian-flow --data FOLDER"
                       " --out assets/weights")  # fmt: skip
    tensors = {name: tensor.float() for name, tensor in weights.read(fitted).items()}
    return GaussianFlow(**tensors)
