"""The record of one run."""

from __future__ import annotations

import base64
import csv
import importlib.metadata
import io
import json
import math
from dataclasses import dataclass, field
from html import escape
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from PIL import Image
from torch import Tensor

from gi_core import charts
from gi_core.scenario import Scenario

if TYPE_CHECKING:
    from plotly.graph_objects import Figure

PACKAGES = ("torch", "torchvision", "timm", "lpips", "numpy", "gradio")


@dataclass(frozen=True)
class KeptFrame:
    """A frame that the record keeps: iteration, seconds of attack time so far, (B,C,H,W) pictures in [0,1]."""

    iteration: int
    seconds: float
    images: Tensor


@dataclass(repr=False)
class Trace:
    """What a run left behind.

    Attributes:
        scenario: what was run.
        frames: kept frames, first and last included.
        history: per kept frame: iteration, seconds, loss, restart, each term, psnr (dB), ssim; means over the batch.
        images: (B,C,H,W) in [0,1], in the order of the true batch.
        truth: (B,C,H,W), the private pictures; stays with whoever ran the client.
        labels: true labels; guessed_labels: the attacker's, in the order of the true batch, where it has any.
        scores: one dict per picture.
        update: one dict per tensor: name, numel, norm before and after the defense, share of change.
        privacy: epsilon, delta, z, adjacency, note of the defense, where it has a guarantee.
        report: what the attack found besides the picture.
        seconds: attack time; iterations: number done; stopped: whether it was cut short.
        judgement: what ``Judgement.to_dict`` gives (gi_core/evaluation/judge.py), None where nobody judged.
    """

    scenario: Scenario
    frames: list[KeptFrame]
    history: list[dict[str, Any]]
    images: Tensor
    truth: Tensor
    labels: list[Any]
    guessed_labels: list[int] | None
    scores: list[dict[str, Any]]
    update: list[dict[str, Any]]
    privacy: dict[str, Any] | None
    report: dict[str, Any]
    seconds: float
    iterations: int
    stopped: bool
    device: str
    judgement: dict[str, Any] | None = None
    versions: dict[str, str] = field(default_factory=lambda: versions())

    def __repr__(self) -> str:
        """One line: what was run, how long, and the mean likeness."""
        means = {key: sum(row[key] for row in self.scores) / len(self.scores) for key in ("psnr", "ssim")}
        told = f", {self.judgement['word']}" if self.judgement else ""
        return (
            f"<Trace {self.title}: {self.iterations} iterations in {self.seconds:.1f} s"
            f"{' (stopped)' if self.stopped else ''}, PSNR {means['psnr']:.1f} dB, SSIM {means['ssim']:.3f}{told}>"
        )

    def _repr_html_(self) -> str:
        """For notebooks: pictures, scores and curves; nothing is fetched from anywhere."""
        sheet = base64.b64encode(self.files()["comparison.png"]).decode()
        names = [key for key, value in self.scores[0].items() if isinstance(value, float)]
        rows = "".join(
            f"<tr><td>{i}</td>" + "".join(f"<td>{score[key]:.4g}</td>" for key in names) + "</tr>"
            for i, score in enumerate(self.scores)
        )
        head = "".join(f"<th>{escape(name)}</th>" for name in ("picture", *names))
        curves = "".join(charts.sparkline([row[key] for row in self.history], key) for key in ("loss", "psnr", "ssim"))
        return (
            f"<p>{escape(repr(self)[1:-1])}</p>"
            f'<img alt="above the private pictures, below the reconstructions" src="data:image/png;base64,{sheet}">'
            f"<table><tr>{head}</tr>{rows}</table>{curves}"
        )

    @property
    def title(self) -> str:
        s = self.scenario
        return f"{s.model}, {s.defense}, {s.attack}, seed {s.seed}"

    def figure(self) -> Figure:
        """An explorable plotly figure: pictures, loss with its terms, and likeness over the steps."""
        return charts.run_chart(self.history, self.truth, self.images, self.title)

    def to_dict(self) -> dict[str, Any]:
        """Plain data without pictures: what ``trace.json`` holds. NaN and infinity become null."""
        return finite({
            "scenario": self.scenario.to_dict(),
            "scenario_hash": self.scenario.hash,
            "scores": self.scores,
            "seconds": self.seconds,
            "iterations": self.iterations,
            "stopped": self.stopped,
            "seed": self.scenario.seed,
            "labels": self.labels,
            "guessed_labels": self.guessed_labels,
            "history": self.history,
            "update": self.update,
            "privacy": self.privacy,
            "report": without_tensors(self.report),
            **judged_parts(self.judgement),
            "device": self.device,
            "versions": self.versions,
        })  # fmt: skip

    def files(self) -> dict[str, bytes]:
        """Content of trace.json, history.csv, reconstruction.png, comparison.png and images.npz, by name."""
        table = io.StringIO(newline="")
        columns = list(dict.fromkeys(key for row in self.history for key in row))
        writer = csv.DictWriter(table, columns)
        writer.writeheader()
        writer.writerows(self.history)
        return {
            "trace.json": (json.dumps(self.to_dict(), indent=1) + "\n").encode(),
            "history.csv": table.getvalue().encode(),
            "reconstruction.png": png(enlarged(self.images)),
            "comparison.png": png(enlarged(torch.cat([self.truth, self.images]), rows=2)),
            "images.npz": self.npz(),
        }

    def npz(self) -> bytes:
        """Truth, reconstruction, frames and their iterations, as NumPy's compressed archive."""
        buffer = io.BytesIO()
        np.savez_compressed(
            buffer,
            truth=self.truth.numpy(),
            reconstruction=self.images.numpy(),
            frames=torch.stack([f.images for f in self.frames]).numpy(),
            iterations=np.array([f.iteration for f in self.frames]),
        )
        return buffer.getvalue()

    def save(self, folder: str | Path) -> None:
        """Write :meth:`files` into ``folder``."""
        out = Path(folder)
        out.mkdir(parents=True, exist_ok=True)
        for name, content in self.files().items():
            (out / name).write_bytes(content)


def judged_parts(judgement: dict[str, Any] | None) -> dict[str, Any]:
    """A judgement as ``trace.json`` holds it: control, gain and bounds beside the verdict; null where nobody judged."""
    if judgement is None:
        return dict.fromkeys(("verdict", *BESIDE))
    verdict = {key: value for key, value in judgement.items() if key not in BESIDE}
    return {"verdict": verdict, **{key: judgement.get(key) for key in BESIDE}}


BESIDE = ("control", "gain", "bounds", "inspection")


def png(picture: Image.Image) -> bytes:
    buffer = io.BytesIO()
    picture.save(buffer, "PNG")
    return buffer.getvalue()


def versions() -> dict[str, str]:
    """Versions of the packages that a result depends on."""
    found = {}
    for package in PACKAGES:
        try:
            found[package] = importlib.metadata.version(package)
        except importlib.metadata.PackageNotFoundError:
            continue
    return found


def without_tensors(value: Any) -> Any:
    """Plain data: tensors of one value become numbers, larger ones leave their dictionary or list."""
    if isinstance(value, Tensor):
        return value.item()
    if isinstance(value, dict):
        return {k: without_tensors(v) for k, v in value.items() if not _large(v)}
    if isinstance(value, (list, tuple)):
        return [without_tensors(v) for v in value if not _large(v)]
    return value


def _large(value: Any) -> bool:
    return isinstance(value, Tensor) and value.numel() != 1


def finite(value: Any) -> Any:
    """Plain data with NaN and infinities replaced by None, as JSON has no words for them."""
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if isinstance(value, dict):
        return {k: finite(v) for k, v in value.items()}
    if isinstance(value, (list, tuple)):
        return [finite(v) for v in value]
    return value


def enlarged(images: Tensor, rows: int = 1, side: int = 256) -> Image.Image:
    """A contact sheet of (N,C,H,W) pictures, each enlarged by a whole factor to about ``side`` pixels."""
    pixels = (images.clamp(0, 1) * 255).round().to(torch.uint8)
    if pixels.shape[1] == 1:
        pixels = pixels.expand(-1, 3, -1, -1)
    columns = len(pixels) // rows
    sheet = torch.cat([torch.cat(list(pixels[r * columns : (r + 1) * columns]), dim=2) for r in range(rows)], dim=1)
    factor = max(1, side // images.shape[-1])
    picture = Image.fromarray(sheet.permute(1, 2, 0).contiguous().numpy())
    return picture.resize((picture.width * factor, picture.height * factor), Image.Resampling.NEAREST)
