"""The atlas: what the strongest attack that was tried makes of a picture, at every strength of a defense.

Sets are rows of Explore's slider: one network, one defense, one batch, its cells in order of the defense's strength.
"""

from __future__ import annotations

import base64
import json
import time
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from itertools import accumulate
from typing import Any, ClassVar

import numpy as np
import torch
from torch import Tensor

from gi_core.components import option
from gi_core.data.sources import open_picture
from gi_core.errors import BadInput
from gi_core.evaluation.controls import control
from gi_core.evaluation.judge import Judgement, judge_answers
from gi_core.metrics.assignment import assign
from gi_core.metrics.image import psnr, ssim
from gi_core.observation import Update
from gi_core.run import Run, prepare
from gi_core.scenario import Scenario
from gi_core.store import address
from gi_core.studies.base import Cell, Row, Study, studies
from gi_core.trace import finite

FRAMES = 16
BAND_ROWS, BAND_COLUMNS = 12, 64
PICTURES = ("cat", "coffee", "rocket", "retina", "tissue", "letters")
ROUND = (*PICTURES, "galaxies", "blobs")
"""A batch of n: a picture and those that follow it in this round."""
MIXES = (1, 2, 4, 8)

NOISE = (0.0, 1e-4, 3e-4, 1e-3, 2e-3, 5e-3, 1e-2, 2e-2, 5e-2, 0.1, 0.3, 1.0)
COARSE = (0.0, 1e-4, 1e-3, 5e-3, 1e-2, 5e-2, 0.1, 1.0)
STRENGTHS: dict[str, tuple[float, ...]] = {
    "noise": NOISE,
    "clip": (0, 10, 3, 1, 0.3, 0.1, 0.01, 0.001),
    "topk": (0, 0.5, 0.3, 0.1, 0.03, 0.01, 0.003, 0.001),
    "quantize": (0, 8, 7, 6, 5, 4, 3, 2),
}
"""The knob of each defense from weak to strong; 0: no defense."""
DEFENSES = {
    "noise": "clip+gaussian:sigma={:g}",
    "clip": "clip:norm={:g}",
    "topk": "topk:keep={:g}",
    "quantize": "quantize:bits={:g}",
}

ONE_PASS = ("venom", "fgla", "git")
SMOOTHING = ((3e-4, 0.005), (1e-3, 0.02), (2e-3, 0.03), (5e-3, 0.1), (1e-2, 0.2), (2e-2, 0.3), (1.0, 0.5))
"""Weight of total variation for noise up to z: the best of three tried on one picture at each."""
HIDDEN = 0.03
"""Noise from which on long matching found nothing on one picture, and came no nearer than Venom's answer."""


def matching(noise: float, init: str = "") -> str:
    """Cosine matching by unsigned Adam, with as much smoothing as the noise asks for."""
    tv = next(weight for z, weight in SMOOTHING if noise <= z)
    steps, start = 300 if noise < HIDDEN else 100, f",lr=0.03,init={init}" if init else ",lr=0.04"
    return f"ig:steps={steps},tv={tv},signed=false{start}"


@dataclass(frozen=True)
class AtlasSet:
    """One slider: ``mixed`` pictures in one update of ``network``, from ``picture`` on, under ``defense``."""

    network: str
    defense: str
    mixed: int
    picture: str

    @property
    def id(self) -> str:
        return f"{self.network}-{self.defense}-{self.mixed}-{self.picture}"

    @property
    def pictures(self) -> tuple[str, ...]:
        first = ROUND.index(self.picture)
        return tuple(ROUND[(first + i) % len(ROUND)] for i in range(self.mixed))

    @property
    def strengths(self) -> tuple[float, ...]:
        return COARSE if self.defense == "noise" and self.network != "lenet" else STRENGTHS[self.defense]

    @property
    def measured(self) -> tuple[float, ...]:
        """Strengths of its own; without a defense all defenses are one, measured under noise."""
        return self.strengths if self.defense == "noise" else self.strengths[1:]

    def attacks(self, strength: float) -> tuple[str, ...]:
        """The attacks to choose the strongest from: what two cores can pay for, cheap ones first."""
        noise = strength if self.defense == "noise" else 0.0
        if self.network == "mlp":
            return ("analytic", matching(noise))
        if self.network == "resnet18":
            return (*ONE_PASS, "span") if noise == 0 else ONE_PASS
        if self.network == "vit-tiny":
            matched = "ig:steps=20,tv=0.001,signed=false"
            return ("april", matched, "span") if noise < HIDDEN else (matched,)
        if self.mixed > 1:
            return ("fgla", matching(noise, "fgla" if noise <= 3e-4 else ""))
        if strength == 0:
            return (*ONE_PASS, matching(0, "venom"), "dlg:restarts=6")
        return (*ONE_PASS, matching(noise, "venom")) if noise < HIDDEN else ONE_PASS

    def scenario(self, strength: float, attack: str) -> Scenario:
        known = "labels" if self.defense == "noise" or strength == 0 else "labels+defense"
        defense = DEFENSES[self.defense].format(strength) if strength else "none"
        return Scenario(
            model=self.network, batch_size=self.mixed, defense=defense, knowledge=known, attack=attack
        )  # fmt: skip


def sets() -> Iterator[AtlasSet]:
    """All of them, what Explore needs first first."""
    first, *rest = PICTURES
    for mixed in MIXES:
        yield AtlasSet("lenet", "noise", mixed, first)
    for picture in PICTURES[:3]:
        yield AtlasSet("mlp", "noise", 1, picture)
    for picture in rest:
        yield AtlasSet("lenet", "noise", 1, picture)
    for defense in ("clip", "topk", "quantize"):
        yield AtlasSet("lenet", defense, 1, first)
    yield AtlasSet("resnet18", "noise", 1, first)
    yield AtlasSet("vit-tiny", "noise", 1, first)
    for picture in rest[:2]:
        yield AtlasSet("resnet18", "noise", 1, picture)
        for mixed in MIXES[1:]:
            yield AtlasSet("lenet", "noise", mixed, picture)
    for picture in rest[2:]:
        for mixed in MIXES[1:]:
            yield AtlasSet("lenet", "noise", mixed, picture)
    for picture in rest[:2]:
        yield AtlasSet("vit-tiny", "noise", 1, picture)


@studies.register("atlas")
@dataclass(frozen=True, kw_only=True)
class AtlasStudy(Study):
    """Several attacks on each setting, each beside its control, with its film: what Explore's slider shows.

    The attacks of a cell are tried by whoever knows the truth, and the strongest is shown: an upper end among those
    tried, not one attacker's choice. Noise is Gaussian, sigma = z after a clip to norm 1 of each picture's gradient
    over all tensors; the sum's mean over the batch is what leaves. Victims have fresh weights, pictures 32 pixels, seed
    0, labels drawn from it and known.

    Column ``film`` names a PNG below ``out/pictures``: frames, then the control's answer, one below the other.
    """

    question: ClassVar[str] = "How strong must a defense be before the strongest attack finds nothing?"
    keys: ClassVar[tuple[str, ...]] = ("set", "strength", "attack")
    columns: ClassVar[tuple[str, ...]] = (
        "url", "pictures_mixed", "level", "psnr", "ssim", "control_psnr", "control_ssim", "evidence", "frames",
        "steps", "attack_seconds", "noise_share", "numel", "band", "film", "refused",
    )  # fmt: skip

    only: str = option("all", "sets whose id starts with this, or all")

    def cells(self) -> Iterator[Cell]:
        for chosen in sets():
            if self.only != "all" and not chosen.id.startswith(self.only):
                continue
            for strength in chosen.measured:
                for attack in chosen.attacks(strength):
                    text = chosen.scenario(strength, attack).attack
                    yield {"set": chosen.id, "strength": f"{strength:g}", "attack": text}

    def measure(self, cell: Cell) -> Row:
        chosen = set_named(cell["set"])
        scenario = chosen.scenario(float(cell["strength"]), cell["attack"])
        film = address(scenario, chosen.pictures)[:16]
        try:
            found = record(scenario, chosen.pictures)
        except BadInput as error:
            return dict.fromkeys(self.columns) | {"url": scenario.to_url(), "refused": str(error)}
        return found.row | {"film": film, "refused": None, "pictures": {film: found.strip}}


def set_named(name: str) -> AtlasSet:
    """The set with this id. Raises BadInput."""
    for chosen in sets():
        if chosen.id == name:
            return chosen
    raise BadInput(f"unknown set {name[:60]!r} of the atlas: allowed are {', '.join(s.id for s in sets())}")


@dataclass(frozen=True)
class KeyFrame:
    """A frame worth showing: (B,C,H,W) in [0,1] in the order of the truth; loss: None where nothing is minimised."""

    step: int
    images: Tensor
    loss: float | None


@dataclass(frozen=True)
class Recorded:
    """One attack on one setting. ``moments``: at most FRAMES, the last one its answer; ``seconds``: CPU time of it."""

    run: Run
    moments: list[KeyFrame]
    judgement: Judgement
    seconds: float

    @property
    def row(self) -> Row:
        truth, told = self.run.truth, self.judgement
        answer, guess = self.moments[-1].images, told.controls["noise"]
        evidence = [{k: float(f"{v:.6g}") for k, v in asdict(likeness).items()} for likeness in told.likenesses]
        return {
            "url": self.run.scenario.to_url(),
            "pictures_mixed": self.run.scenario.batch_size,
            "level": told.level,
            "psnr": numbers(psnr(answer, truth)),
            "ssim": numbers(ssim(answer, truth)),
            "control_psnr": numbers(psnr(guess, truth)),
            "control_ssim": numbers(ssim(guess, truth)),
            "evidence": compact(evidence),
            "frames": compact([frame(moment, truth) for moment in self.moments]),
            "steps": self.moments[-1].step,
            "attack_seconds": round(self.seconds, 2),
            "noise_share": f"{noise_share(self.run.clean, self.run.observation.update):.6f}",
            "numel": sum(t.numel() for t in self.run.clean.tensors.values()),
            "band": band(self.run.observation.update),
        }

    @property
    def strip(self) -> Tensor:
        """(C,(frames+1)H,B W): the moments, then the control's answer, one row each."""
        rows = [*(m.images for m in self.moments), self.judgement.controls["noise"]]
        return torch.cat([torch.cat([*images], 2) for images in rows], 1)


def record(scenario: Scenario, names: tuple[str, ...]) -> Recorded:
    """Run and judge ``scenario`` on named sample pictures, on the CPU, and keep its film.

    Raises:
        BadInput: the attack does not apply, or the update leaves it nothing to read.
    """
    truth = torch.stack([open_picture(name, scenario.image_size, scenario.channels) for name in names])
    run = prepare(scenario, truth, device="cpu")
    started = time.process_time()
    seen = [(f.images.detach().float().clamp(0, 1), float(f.loss.nan_to_num(torch.inf))) for f in run]
    seconds = time.process_time() - started
    if not seen:
        raise BadInput(f"attack {scenario.attack!r} yielded no frame")
    order, lowest = assign(seen[-1][0], truth), list(accumulate((loss for _, loss in seen), min))
    moments = [
        KeyFrame(step, seen[step][0][order], None if run.attack.single_pass else lowest[step])
        for step in telling([images for images, _ in seen])
    ]
    guess = control(run, "noise").images()
    return Recorded(run, moments, judge_answers(run, seen[-1][0], {"noise": guess}), seconds)


def telling(frames: list[Tensor], count: int = FRAMES) -> list[int]:
    """At most ``count`` places of a film, first and last included, that come near its end in equal steps."""
    distance = torch.stack([(frame - frames[-1]).square().mean().sqrt() for frame in frames]).cummin(0).values
    wanted = torch.linspace(float(distance[0]), 0, count)[1:-1]
    between = torch.searchsorted(-distance, -wanted).clamp_max(len(frames) - 1)
    return sorted({0, len(frames) - 1, *between.tolist()})


def frame(moment: KeyFrame, truth: Tensor) -> dict[str, Any]:
    """Numbers of a moment, means over the batch."""
    return finite({
        "step": moment.step,
        "psnr": round(float(psnr(moment.images, truth).mean()), 2),
        "ssim": round(float(ssim(moment.images, truth).mean()), 4),
        "loss": None if moment.loss is None else float(f"{moment.loss:.3g}"),
    })  # fmt: skip


PART = 2**20
"""Entries that are turned into double precision at a time."""


def noise_share(clean: Update, sent: Update) -> float:
    """|sent - a clean|^2 / |sent|^2 over all tensors of both, with the a that fits best: 0 for a pure rescaling."""
    both = [(tensor, sent.tensors[name]) for name, tensor in clean.tensors.items() if name in sent.tensors]
    if all(before is after for before, after in both):
        return 0.0
    overlap = energy = size = 0.0
    for pair in both:
        for one, other in zip(*(tensor.flatten().split(PART) for tensor in pair), strict=True):
            before, after = one.double(), other.double()
            overlap, energy, size = (
                overlap + float(before @ after),
                energy + float(before @ before),
                size + float(after @ after),
            )
    if energy == 0 or size == 0:
        return float(size > 0)
    return min(1.0, max(0.0, 1 - overlap**2 / (energy * size)))


def band(update: Update) -> str:
    """BAND_ROWS x BAND_COLUMNS shades, bytes in base64, row by row: real entries of the update, layer after layer.

    A layer's share of the columns follows the square root of its size, one column at least. A shade is the rank of the
    entry's magnitude among those shown of its layer, 0 to 255; equal entries are equally dark.
    """
    layers = [t for t in update.tensors.values() if t.dim() > 1] or list(update.tensors.values())
    chosen = [layers[round(i)] for i in np.linspace(0, len(layers) - 1, min(len(layers), BAND_COLUMNS))]
    widths = columns([layer.numel() for layer in chosen])
    shaded = np.concatenate([shades(*pair) for pair in zip(chosen, widths, strict=True)], axis=1)
    return base64.b64encode(np.ascontiguousarray(shaded).tobytes()).decode()


def columns(sizes: list[int]) -> list[int]:
    """BAND_COLUMNS shared out by the square root of ``sizes``, at least one each."""
    roots = np.sqrt(sizes)
    ends = np.cumsum(1 + roots / roots.sum() * (BAND_COLUMNS - len(sizes))).round().astype(int)
    return np.diff(ends, prepend=0).tolist()


def shades(layer: Tensor, width: int) -> np.ndarray:
    """(BAND_ROWS,width) uint8 of evenly spaced rows and columns of a layer's magnitudes."""
    matrix = layer.reshape(len(layer), -1)
    rows = torch.linspace(0, matrix.shape[0] - 1, BAND_ROWS).round().long()
    places = torch.linspace(0, matrix.shape[1] - 1, width + 2)[1:-1].round().long()
    entries = matrix[rows[:, None], places].detach().float().cpu().abs()
    below = torch.searchsorted(entries.flatten().sort().values, entries.flatten())
    return (255 * below / max(1, entries.numel() - 1)).round().to(torch.uint8).view(BAND_ROWS, width).numpy()


def numbers(values: Tensor) -> str:
    return compact([round(v, 4) for v in values.tolist()])


def compact(value: Any) -> str:
    return json.dumps(value, separators=(",", ":"))
