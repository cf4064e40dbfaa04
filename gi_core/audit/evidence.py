"""What can be read off a record without an attack: the numbers behind the sheet, and its Observation."""

from __future__ import annotations

import copy
from dataclasses import dataclass
from functools import cached_property

import torch
from torch import Tensor, nn

from gi_core.audit.record import RecordedUpdate
from gi_core.audit.spectra import Spectrum, spectra
from gi_core.errors import BadInput
from gi_core.inversion.labels import recover
from gi_core.observation import DefenseFacts, Observation, Training, Update

SIGNS = 0.9
"""Share of entries at plus or minus the learning rate from which on an update is the first step of Adam."""
AT_THE_RATE = 0.01
BALANCED = 1e-3
"""|sum of the head's bias gradient| / sum of sizes: rounding leaves 1e-8 to 5e-6, noise and Adam 0.1 and more."""
ALIKE = 0.5
"""Noise of one size fills every layer: the smallest estimate is at least this share of the largest."""
MOST_PICTURES = 1024
CLIPS = ("clipping_norm", "initial_clipping_norm", "clip_norm", "max_norm")
"""What frameworks call the norm that they clip a whole update to."""


@dataclass(frozen=True)
class Evidence:
    """A record and what it says by itself."""

    record: RecordedUpdate

    @cached_property
    def spectra(self) -> list[Spectrum]:
        return spectra(self.record)

    @cached_property
    def empty(self) -> bool:
        """Nothing was sent that had not been received."""
        return self.record.norm == 0

    @cached_property
    def sign_share(self) -> float:
        """Share of the non-zero entries within one per cent of plus or minus the learning rate."""
        if self.record.recipe.lr is None or self.record.kind == "gradient":
            return 0.0
        entries = torch.cat([t[t != 0].abs().flatten() for t in self.record.change.values()])
        if not len(entries):
            return 0.0
        return float(((entries / self.record.lr - 1).abs() < AT_THE_RATE).double().mean())

    @property
    def signs(self) -> bool:
        """The first step of Adam: what was sent holds the signs of a gradient."""
        return self.sign_share >= SIGNS

    @cached_property
    def balance(self) -> float | None:
        """|sum db| / sum |db| of the head's bias, 0 under cross-entropy; None without a bias or with a zero one."""
        bias = self.record.change.get("head.bias")
        return float(bias.sum().abs() / bias.abs().sum()) if bias is not None and bias.any() else None

    @cached_property
    def replaced(self) -> float | None:
        """gamma, where the weights themselves were cut to plus or minus gamma instead of a difference; else None."""
        whole = self.record.whole.values()
        if not whole:
            return None
        entries = torch.cat([t.flatten().abs() for t in whole])
        largest = entries.max()
        cut = bool(largest > 0) and float((entries >= largest * (1 - 1e-6)).double().mean()) > 0.1
        return float(largest) if cut else None

    @cached_property
    def noise(self) -> float:
        """Standard deviation per entry of noise of one size in every layer, in units of the gradient; 0 for none."""
        sizes = [s.noise for s in self.spectra if s.shape[0] * s.shape[1] >= 200]
        if self.signs or self.replaced is not None or not sizes or min(sizes) <= ALIKE * max(sizes):
            return 0.0
        return sum(sizes) / len(sizes)

    @cached_property
    def pictures(self) -> int | None:
        """Pictures of all steps together by the rank of linear layers, which one picture each raises by one.

        None where no layer can tell: all are filled, by pictures, by noise, or by the signs of Adam.
        """
        ranks = [s.rank for s in self.spectra if s.linear and not s.full and s.rank]
        return max(ranks) if ranks and not (self.noise or self.signs or self.replaced is not None) else None

    @cached_property
    def batch_size(self) -> int:
        """Pictures to look for: as told, else by rank, else one."""
        recipe = self.record.recipe
        told = recipe.pictures or (recipe.batch * self.record.steps if recipe.batch else None)
        return told or self.pictures or 1

    @cached_property
    def clipped_to(self) -> float | None:
        """The norm that a filter says it clips the whole update to."""
        for one in self.record.recipe.filters or ():
            for name in CLIPS:
                if isinstance(value := one.options.get(name), (int, float)) and value > 0:
                    return float(value)
        return None

    @cached_property
    def clip_factor(self) -> float | None:
        """What a clip that counted BatchNorm's counters multiplied the update by, though it left these as they were.

        c^2 (F^2 + K^2) = C^2 with F the norm of the numbers before, c F after, and K that of the counters. None where
        nothing was counted or clipped.
        """
        counts, limit = self.record.counted.values(), self.clipped_to
        if limit is None or not any(counts):
            return None
        left = limit**2 - self.sent_norm**2
        return (left**0.5) / sum(c**2 for c in counts) ** 0.5 if left > 0 else None

    @cached_property
    def sent_norm(self) -> float:
        """L2 norm of all floating numbers of the change, BatchNorm's statistics among them."""
        total = self.record.norm**2
        for name, tensor in self.record.sent.items():
            total += float((tensor - self.record.received.get(name, torch.zeros(()))).square().sum())
        return float(total**0.5)

    @cached_property
    def labels(self) -> Tensor | None:
        """(B,) as the head's gradient tells them; None where it cannot."""
        if self.empty or not isinstance(self.record.victim.head, nn.Linear) or self.batch_size > MOST_PICTURES:
            return None
        try:
            return recover(self.observation)
        except BadInput:
            return None

    @cached_property
    def observation(self) -> Observation:
        """What an attack may see of this record, a clip undone where the update tells its factor.

        Raises BadInput for more pictures than are looked for.
        """
        record, recipe = self.record, self.record.recipe
        if self.batch_size > MOST_PICTURES:
            raise BadInput(f"pictures={self.batch_size}: attacks look for at most {MOST_PICTURES}")
        undone = 1 / self.clip_factor if self.clip_factor and self.clip_factor < 1 else 1.0
        own = dict(record.victim.named_parameters())
        one_gradient = record.kind == "gradient" or record.steps == 1
        source = record.gradient if one_gradient else record.change
        tensors = {name: (undone * t).to(own[name]) for name, t in source.items()}
        buffers = None
        if record.sent:
            had = record.received
            buffers = {
                n: (had[n] + undone * (t - had[n])).float() if n in had else t.float() for n, t in record.sent.items()
            }
        training = Training(
            steps=record.steps, epochs=recipe.epochs or 1,
            batch=recipe.batch or -(-self.batch_size // record.steps) or 1, lr=record.lr,
            momentum=recipe.momentum or 0.0,
        )  # fmt: skip
        return Observation(
            victim=copy.deepcopy(record.victim),
            update=Update(tensors, "gradient" if one_gradient else "delta", self.batch_size, buffers),
            batch_size=self.batch_size,
            defense=(DefenseFacts("sign"),) if self.signs else None,
            training=Training() if record.kind == "gradient" else training,
        )
