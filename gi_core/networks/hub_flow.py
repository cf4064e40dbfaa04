"""Pretrained pixel-space models of the diffusers library as flows, at whatever resolution they were trained.

Loaded only when the user names a folder or Hub repository *and* the environment variable GI_FLOW_MODELS (a
comma-separated list) allows it, so that a visitor of a web page can neither start a download nor read a folder.
"""

from __future__ import annotations

import os

from torch import Tensor, nn

from gi_core.errors import BadInput
from gi_core.networks.flow import Flow, NoiseAtOne
from gi_core.torch_setup import make_torchvision_importable

EARLIEST = 1e-3
"""A noise predictor says nothing of the velocity at t = 0 (it divides by t)."""


def allowed() -> list[str]:
    """Folders and Hub names that this deployment may load."""
    return [name for part in os.environ.get("GI_FLOW_MODELS", "").split(",") if (name := part.strip())]


class NoisePredictor(Flow):
    """A variance-preserving diffusion model (DDPM, Ho et al. 2020) read as a flow.

    It was trained on y = sqrt(a) z + sqrt(1-a) e. The straight path's z_t = t z + (1-t) e is such a y, times
    q = sqrt(t^2 + (1-t)^2), at the step whose a is t^2 / q^2. The predicted noise gives v = (z_t - e) / t.

    Args:
        predict: (y, step) -> noise; step (B,), index into ``kept``.
        kept: (T,) cumulative products a of the schedule, falling.
    """

    kept: Tensor

    def __init__(self, predict: nn.Module, kept: Tensor, image_shape: tuple[int, int, int]) -> None:
        super().__init__()
        self.predict = predict
        self.image_shape = image_shape
        self.register_buffer("kept", kept)

    def velocity(self, z_t: Tensor, t: Tensor) -> Tensor:
        t = t.clamp(EARLIEST, 1 - EARLIEST)
        scale = (t.square() + (1 - t).square()).sqrt()
        share = (t / scale).square().flatten()
        step = (self.kept > share[:, None]).sum(1).clamp(max=len(self.kept) - 1)
        return (z_t - self.predict(z_t / scale, step)) / t


def from_hub(name: str, image_shape: tuple[int, int, int]) -> Flow:
    """An unconditional pixel-space pipeline (``UNet2DModel`` and scheduler), from a folder or the Hub.

    A FlowMatchEulerDiscreteScheduler means a velocity with data at t = 0 and times scaled by 1000; a scheduler with
    noise levels and epsilon prediction (DDPM, DDIM) means a noise predictor.

    Raises:
        BadInput: diffusers is not installed, the model is of another kind or picture shape, or cannot be had.
    """
    make_torchvision_importable()
    try:
        import diffusers
    except ImportError:
        raise BadInput(f"flow:net={name} needs the diffusers library: pip install diffusers") from None
    try:
        pipeline = diffusers.DiffusionPipeline.from_pretrained(name, use_safetensors=True)
    except (OSError, ValueError) as error:
        raise BadInput(f"flow:net={name} cannot be loaded: {str(error).splitlines()[0]}") from None
    net, scheduler = getattr(pipeline, "unet", None), getattr(pipeline, "scheduler", None)
    if not isinstance(net, diffusers.UNet2DModel):
        raise BadInput(f"flow:net={name} is not an unconditional pixel-space model (UNet2DModel)")
    shape = (net.config.in_channels, net.config.sample_size, net.config.sample_size)
    if shape != image_shape:
        raise BadInput(f"flow:net={name} takes pictures of {'x'.join(map(str, shape))}, not of"
                       f" {'x'.join(map(str, image_shape))}")  # fmt: skip
    if isinstance(scheduler, diffusers.FlowMatchEulerDiscreteScheduler):
        return NoiseAtOne(Scaled(net, 1000.0), image_shape)
    if scheduler is not None and scheduler.config.get("prediction_type") == "epsilon":
        return NoisePredictor(Scaled(net, 1.0), scheduler.alphas_cumprod, image_shape)
    raise BadInput(f"flow:net={name} predicts neither velocity nor noise: {type(scheduler).__name__}")


class Scaled(nn.Module):
    """A diffusers network as a function of (picture, time)."""

    def __init__(self, net: nn.Module, scale: float) -> None:
        super().__init__()
        self.net = net
        self.scale = scale

    def forward(self, x: Tensor, time: Tensor) -> Tensor:
        return self.net(x, self.scale * time).sample
