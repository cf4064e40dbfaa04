"""Training of the flow prior's velocity network by conditional flow matching."""

from __future__ import annotations

import math
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
import torch.nn.functional as F
from PIL import Image
from safetensors import safe_open
from safetensors.torch import load_file, save_file
from torch import Tensor

from gi_core.components import option
from gi_core.data import arrays
from gi_core.data.arrays import Pictures
from gi_core.metrics.lpips import backbone_file
from gi_core.networks import weights
from gi_core.networks.flow import Flow, per_image, to_flow
from gi_core.networks.velocity import VelocityNet
from gi_core.torch_setup import make_torchvision_importable
from gi_core.training.base import Trainable, trainings

VALIDATION_NOTE = (
    "matching_loss: E|v(z_t,t) - (z - e)|^2 per number over 1000 held-out pictures, t on a uniform grid, fixed noise;"
    " the Gaussian flow of the same data has 0.263"
)
DISTANCE_NOTE = (
    "squared MMD with KID's cubic kernel between samples and held-out pictures, on mean-pooled SqueezeNet 1.1 features"
    " (ImageNet, the LPIPS backbone) of pictures enlarged to 64, standardised by the held-out pictures; unbiased, 0 for"
    " the same distribution; not comparable with published KID or FID; the Gaussian flow of the same data has 3.22"
)


@trainings.register("flow")
@dataclass(frozen=True, kw_only=True)
class TrainFlow(Trainable):
    """Velocity U-Net by conditional flow matching (Lipman et al. 2023) on straight paths.

    AdamW (0.9, 0.99), gradient norm clipped at 1, linear warm-up, cosine decay to zero at ``steps``, t from a
    logit-normal(0, 1), random flips, bfloat16 autocast. The network kept is an exponential average of the weights.
    Batch, times and noise of a step depend on (seed, step) alone; a resumed run goes on as if never stopped.
    """

    data: str = option("cifar10", "data set of 32x32 colour pictures")
    width: int = option(64, "channels of the fine level, a multiple of 8", low=8, high=512)
    depth: int = option(1, "blocks per level, each way", low=1, high=8)
    steps: int = option(16_000, "optimiser steps", low=1, high=10**7)
    batch: int = option(64, "pictures per step", low=1, high=4096)
    lr: float = option(8e-4, "peak learning rate", low=1e-6, high=1.0)
    warmup: int = option(300, "steps of linear warm-up", low=1, high=10**6)
    decay: float = option(0.01, "weight decay", low=0, high=1)
    average: float = option(0.999, "decay of the weights' exponential average", low=0, high=0.999999)
    every: int = option(250, "steps between checkpoints", low=1, high=10**6)
    samples: int = option(1000, "pictures sampled for the card's distance figure", low=64, high=100_000)
    seed: int = option(0, "seed of weights, order, times and noise", low=0, high=2**31 - 1)

    def lr_at(self, step: int) -> float:
        return self.lr * min(1.0, (step + 1) / self.warmup) * (0.5 + 0.5 * math.cos(math.pi * step / self.steps))

    def network(self, image_shape: tuple[int, int, int]) -> VelocityNet:
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(self.seed)
            return VelocityNet(image_shape, width=self.width, depth=self.depth)

    def run(self, folder: str | Path | None, out: str | Path) -> Iterator[dict[str, Any]]:
        train, held_out, _ = arrays.load(self.data, folder)
        shape = (train.images.shape[1], train.images.shape[2], train.images.shape[3])
        path = Path(out) / f"flow-{self.data}"
        path.parent.mkdir(parents=True, exist_ok=True)
        net, mean = self.network(shape), self.network(shape)
        optimiser = torch.optim.AdamW(net.parameters(), betas=(0.9, 0.99), weight_decay=self.decay)
        step, seconds = restore(path.with_suffix(".progress.safetensors"), net, mean, optimiser)
        started = time.process_time() - seconds
        running: list[Tensor] = []
        while step < self.steps:
            images, t, noise = batch_of(train, self.batch, self.seed, step)
            for group in optimiser.param_groups:
                group["lr"] = self.lr_at(step)
            with torch.autocast("cpu", torch.bfloat16):
                loss = matching_loss(net, images, t, noise)
            optimiser.zero_grad()
            loss.backward()
            torch.nn.utils.clip_grad_norm_(net.parameters(), 1.0)
            optimiser.step()
            step += 1
            share = min(self.average, step / (step + 10))
            with torch.no_grad():
                torch._foreach_lerp_(list(mean.parameters()), list(net.parameters()), 1 - share)
            running.append(loss.detach())
            if step % self.every == 0 or step == self.steps:
                seconds = time.process_time() - started
                keep(path.with_suffix(".progress.safetensors"), net, mean, optimiser, step, seconds)
                figures = {"step": step, "matching_loss": round(validation_loss(mean, held_out), 4)}
                weights.save(mean, path, self._card(shape, len(train), seconds, [figures]), half=("weight",))
                average = float(torch.stack(running).mean())
                running = []
                yield {"steps": self.steps, "loss": average, "seconds": seconds} | figures
        pictures = samples(mean, self.samples, self.seed)
        save_grid(path.with_suffix(".png"), pictures[:64])
        final: dict[str, Any] = {
            "step": step,
            "matching_loss": round(validation_loss(mean, held_out), 4),
            "distance": feature_distance(pictures, held_out.floats(slice(0, self.samples))),
            "distance_of_training_pictures": feature_distance(
                train.floats(slice(0, self.samples)), held_out.floats(slice(0, self.samples))
            ),
        }
        weights.save(mean, path, self._card(shape, len(train), seconds, [final]), half=("weight",))
        yield {"steps": self.steps, "loss": final["matching_loss"], "seconds": seconds} | final

    def _card(
        self, shape: tuple[int, ...], pictures: int, seconds: float, validation: list[dict[str, Any]]
    ) -> dict[str, Any]:
        step = validation[-1]["step"]
        return {
            "name": f"flow-{self.data}",
            "image_shape": list(shape),
            "data": self.data,
            "data_licence": arrays.LICENCES[self.data],
            "pictures": pictures,
            "pictures_note": "training split only; validation is a tenth of it, held out; the test split is never read",
            "recipe": " ".join((type(self).__doc__ or "").split()),
            "options": {"width": self.width, "depth": self.depth, "steps": self.steps, "batch": self.batch, 
                        "lr": self.lr},
            "seed": self.seed,
            "epochs": round(step * self.batch / pictures, 2),
            "cpu_seconds": round(seconds, 1),
            "validation": validation,
            "validation_note": VALIDATION_NOTE,
            "distance_note": DISTANCE_NOTE,
            "samples": f"flow-{self.data}.png: 64 first samples of the run's seed, Heun's rule, 25 steps, not selected",
            "known_failures": "Small and briefly trained: samples have the data's colours, textures and layouts, seldom"
            " an object one can name. Pictures of another kind or size are pulled towards CIFAR-10.",
            "licence": "as the project; trained on the data named above, whose terms apply to what it memorised",
            "command": f"python -m gi_core train '{self.text}' --data FOLDER --out assets/weights",
        }  # fmt: skip


def matching_loss(flow: Flow, images: Tensor, t: Tensor, noise: Tensor) -> Tensor:
    """E |v(z_t, t) - (z - e)|^2 per number (Lipman et al. 2023, eq. 23). images: (B,C,H,W) in [0,1]; t: (B,)."""
    z, t = to_flow(images), per_image(t, images)
    return (flow.velocity(t * z + (1 - t) * noise, t) - (z - noise)).square().mean()


def batch_of(pictures: Pictures, batch: int, seed: int, step: int) -> tuple[Tensor, Tensor, Tensor]:
    """Pictures (B,C,H,W) in [0,1], times (B,) and noise of one step."""
    per_epoch = max(1, len(pictures) // batch)
    order = torch.Generator().manual_seed(seed * 1_000_003 + step // per_epoch)
    rows = torch.randperm(len(pictures), generator=order)[step % per_epoch * batch :][:batch]
    draw = torch.Generator().manual_seed((seed + 1) * 1_000_000_007 + step)
    images = pictures.floats(rows)
    flip = torch.rand(len(rows), generator=draw) < 0.5
    images = torch.where(flip.view(-1, 1, 1, 1), images.flip(-1), images)
    return images, torch.randn(len(rows), generator=draw).sigmoid(), torch.randn(images.shape, generator=draw)


@torch.no_grad()
def validation_loss(flow: Flow, pictures: Pictures, count: int = 1000) -> float:
    """Mean matching loss over held-out pictures, t on a uniform grid of 50 midpoints, noise from a fixed seed."""
    generator = torch.Generator().manual_seed(1)
    losses = []
    for start in range(0, min(count, len(pictures)), 50):
        images = pictures.floats(slice(start, start + 50))
        t = (torch.arange(len(images)) % 50 + 0.5) / 50
        noise = torch.randn(images.shape, generator=generator)
        losses.append(float(matching_loss(flow, images, t, noise)))
    return sum(losses) / len(losses)


def samples(flow: Flow, count: int, seed: int, steps: int = 25) -> Tensor:
    """(count,C,H,W) in [0,1], drawn 50 at a time from consecutive seeds."""
    parts = [flow.sample(min(50, count - start), seed=seed + start, steps=steps) for start in range(0, count, 50)]
    return torch.cat(parts)


def feature_distance(pictures: Tensor, reference: Tensor) -> float | None:
    """Squared MMD with KID's kernel (x.y/d + 1)^3 (Bińkowski et al. 2018), unbiased; None without the backbone."""
    a, b = features(pictures), features(reference)
    if a is None or b is None:
        return None
    mean, std = b.mean(0), b.std(0).clamp_min(1e-6)
    a, b = (a - mean) / std, (b - mean) / std
    kernel = lambda x, y: (x @ y.T / x.shape[1] + 1) ** 3
    within = lambda x: (kernel(x, x).sum() - kernel(x, x).diagonal().sum()) / (len(x) * (len(x) - 1))
    return round(float(within(a) + within(b) - 2 * kernel(a, b).mean()), 4)


@torch.no_grad()
def features(pictures: Tensor) -> Tensor | None:
    """(N,512) mean-pooled features of SqueezeNet 1.1, float64; None when its weights are absent."""
    file = backbone_file("squeeze")
    if file is None:
        return None
    make_torchvision_importable()
    from torchvision.models import squeezenet1_1

    trunk = squeezenet1_1(weights=None).features.eval()
    stored = load_file(file)
    trunk.load_state_dict({name: stored[f"features.{name}"] for name in trunk.state_dict()})
    mean, std = torch.tensor((0.485, 0.456, 0.406)), torch.tensor((0.229, 0.224, 0.225))
    large = lambda x: F.interpolate((x - mean.view(-1, 1, 1)) / std.view(-1, 1, 1), size=64, mode="bilinear")
    return torch.cat([trunk(large(part)).mean((2, 3)) for part in pictures.split(100)]).double()


def save_grid(path: Path, pictures: Tensor, columns: int = 8) -> None:
    """(N,C,H,W) in [0,1] as a PNG of rows of ``columns`` pictures, enlarged twice."""
    rows = pictures.repeat_interleave(2, 2).repeat_interleave(2, 3).split(columns)
    sheet = torch.cat([torch.cat(list(row), dim=2) for row in rows if len(row) == columns], dim=1)
    Image.fromarray((sheet.permute(1, 2, 0) * 255).round().byte().numpy().astype(np.uint8)).save(path)


def keep(
    path: Path, net: VelocityNet, mean: VelocityNet, optimiser: torch.optim.Optimizer, step: int, seconds: float
) -> None:
    """Write a checkpoint: everything the next step depends on."""
    tensors = {f"net.{k}": v for k, v in net.state_dict().items()}
    tensors |= {f"mean.{k}": v for k, v in mean.state_dict().items()}
    for name, parameter in net.named_parameters():
        state = optimiser.state[parameter]
        tensors |= {f"first.{name}": state["exp_avg"], f"second.{name}": state["exp_avg_sq"]}
    part = path.with_suffix(".part")
    save_file(
        {k: v.contiguous() for k, v in tensors.items()}, part, metadata={"step": str(step), "seconds": str(seconds)}
    )
    part.replace(path)


def restore(path: Path, net: VelocityNet, mean: VelocityNet, optimiser: torch.optim.Optimizer) -> tuple[int, float]:
    """Load a checkpoint where there is one. Returns (steps done, CPU seconds spent)."""
    if not path.exists():
        return 0, 0.0
    with safe_open(path, "pt") as stored:
        meta = stored.metadata()
        for prefix, module in (("net.", net), ("mean.", mean)):
            module.load_state_dict({k: stored.get_tensor(prefix + k) for k in module.state_dict()})
        for name, parameter in net.named_parameters():
            optimiser.state[parameter] = {
                "step": torch.tensor(float(meta["step"])),
                "exp_avg": stored.get_tensor(f"first.{name}"),
                "exp_avg_sq": stored.get_tensor(f"second.{name}"),
            }
    return int(meta["step"]), float(meta["seconds"])
