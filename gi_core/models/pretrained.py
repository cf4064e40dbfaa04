"""Pretrained weights from the Hub, through timm."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import nn

from gi_core.errors import BadInput
from gi_core.models.base import Architecture, Victim
from gi_core.models.from_timm import TimmArchitecture, canonical
from gi_core.models.resnet import ResNet18
from gi_core.models.weights import Weights, weights
from gi_core.seeds import seeded
from gi_core.torch_setup import make_torchvision_importable


@weights.register("pretrained")
@dataclass(frozen=True, kw_only=True)
class Pretrained(Weights):
    """ImageNet weights, downloaded from the Hub on first use (safetensors only) and kept in its cache.

    The head is the published one at 1000 classes, freshly initialised (seed 0) at any other number. Adapted
    stems of small pictures take what fits: timm resamples patches, windows and position embeddings.

    Raises:
        BadInput: the model has no such weights, or there is no connection and no cached copy.
    """

    def build(self, architecture: Architecture, image_shape: tuple[int, int, int], num_classes: int) -> Victim:
        if not isinstance(architecture, (TimmArchitecture, ResNet18)):
            raise BadInput(f"model {architecture.name!r} has no pretrained weights: weights=init starts it afresh")
        source = {"file": download(architecture.timm_name)}
        with seeded(0):
            if isinstance(architecture, TimmArchitecture):
                net = architecture.create(image_shape, num_classes, pretrained=source)
                return architecture.split(net, image_shape)
            return _resnet18(architecture, image_shape, num_classes, source)


def download(timm_name: str) -> str:
    """Path of the published safetensors file, from the cache or the Hub. Raises BadInput without a connection."""
    make_torchvision_importable()
    import huggingface_hub as hub
    from timm.models import get_pretrained_cfg

    published = get_pretrained_cfg(timm_name)
    assert published is not None
    repository = str(published.hf_hub_id)
    cached = hub.try_to_load_from_cache(repository, "model.safetensors")
    if isinstance(cached, str):
        return cached
    try:
        hub.get_session().head(hub.constants.ENDPOINT, timeout=5)  # fails at once; the download itself retries for long
        return hub.hf_hub_download(repository, "model.safetensors")
    except Exception as error:
        raise BadInput(
            f"pretrained weights of {timm_name!r} could not be fetched ({type(error).__name__}): they need a"
            " connection to the Hugging Face Hub once; weights=init works without"
        ) from None


def _resnet18(
    architecture: ResNet18, image_shape: tuple[int, int, int], num_classes: int, source: dict[str, str]
) -> Victim:
    if not canonical(image_shape) or architecture.width != 64:
        raise BadInput("model 'resnet18' has pretrained weights for pictures of at least 96 pixels and width 64 only")
    import timm

    net = timm.create_model(
        architecture.timm_name, pretrained=True, pretrained_cfg_overlay=source, num_classes=num_classes,
        in_chans=image_shape[0],
    )  # fmt: skip
    victim = architecture.build(image_shape, num_classes)
    copy_in_order(net, victim)
    return victim


def copy_in_order(source: nn.Module, victim: Victim) -> None:
    """Copy parameters and buffers between two networks that list the same tensors in the same order."""
    pairs = zip(victim.state_dict().values(), source.state_dict().values(), strict=True)
    with torch.no_grad():
        for ours, theirs in pairs:
            ours.copy_(theirs)
