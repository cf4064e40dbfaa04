"""Scenario + pictures -> client -> defense -> Observation -> attack -> Frames -> scores -> Trace."""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import asdict
from typing import Any

import torch
from torch import Tensor

from gi_core import cancellation
from gi_core.client import Released, WeightedMean, release
from gi_core.data.pictures import check_batch
from gi_core.data.samples import public_crops
from gi_core.defenses.privacy import privacy_of
from gi_core.errors import BadInput
from gi_core.inversion.frame import Frame
from gi_core.metrics.assignment import assign
from gi_core.metrics.image import psnr, ssim
from gi_core.metrics.labels import label_recovery
from gi_core.metrics.scores import recovered, score
from gi_core.models import build
from gi_core.models.base import Victim
from gi_core.observation import Observation, Update
from gi_core.scenario import Scenario
from gi_core.seeds import stream_seed
from gi_core.torch_setup import open_device, run_threads
from gi_core.trace import KeptFrame, Trace

FRAMES_KEPT = 64
AUXILIARY_PICTURES = 64


class Run:
    """A prepared experiment: iterate it for live Frames, ask :meth:`trace` at any time.

    Attributes:
        scenario, attack: what runs.
        victim: the network that the server sent; honest: the one that was agreed on (the same, of an honest server).
        truth: (B,C,H,W) private pictures that the server is after; labels: (B,).
        batch_labels: of all pictures of the target; cohort: (N,C,H,W) all pictures behind the update, all clients'.
        clean: the target client's update before the defense; observation: all that the attack gets.
    """

    def __init__(
        self, scenario: Scenario, victim: Victim, truth: Tensor, labels: Tensor, released: Released,
        observation: Observation, *, honest: Victim | None = None, batch_labels: Tensor | None = None,
        cohort: Tensor | None = None,
    ) -> None:  # fmt: skip
        self.scenario = scenario
        self.attack = scenario.attack_component
        self.victim = victim
        self.honest = victim if honest is None else honest
        self.truth = truth
        self.labels = labels
        self.batch_labels = labels if batch_labels is None else batch_labels
        self.cohort = truth if cohort is None else cohort
        self.clean = released.clean
        self.observation = observation
        self.seconds = 0.0
        self.iterations = 0
        self.finished = False
        self._frames: list[KeptFrame] = []
        self._history: list[dict[str, Any]] = []
        self._last: Frame | None = None

    def __iter__(self) -> Iterator[Frame]:
        """One Frame per attack iteration. Closing the generator stops the attack at once; the record stays."""
        keep = set(kept_iterations(self.attack.iterations))
        frames = self.attack.run(self.observation, stream_seed(self.scenario.seed, "attack"))
        try:
            while True:
                started = time.perf_counter()
                try:
                    with run_threads():
                        frame = next(frames, None)
                except cancellation.Cancelled:
                    return
                except torch.OutOfMemoryError:
                    raise BadInput(out_of_memory(self.scenario, self.truth.device)) from None
                finally:
                    self.seconds += time.perf_counter() - started
                if frame is None:
                    self.finished = True
                    return
                self.iterations += 1
                self._last = frame
                if frame.iteration in keep:
                    self._record(frame)
                yield frame
        finally:
            frames.close()  # type: ignore[attr-defined]

    def _record(self, frame: Frame) -> None:
        if self._frames and self._frames[-1].iteration == frame.iteration:
            return
        kept, row = self._moment(frame)
        self._frames.append(kept)
        self._history.append(row)

    def _moment(self, frame: Frame) -> tuple[KeptFrame, dict[str, Any]]:
        images = frame.images.detach().to("cpu", copy=True).float()
        truth = self.truth.cpu()
        ordered = images[assign(images, truth)]
        return KeptFrame(frame.iteration, self.seconds, images), {
            "iteration": frame.iteration,
            "seconds": self.seconds,
            "restart": frame.restart,
            "loss": float(frame.loss),
            **{name: float(value) for name, value in frame.terms.items()},
            "psnr": float(psnr(ordered, truth).mean()),
            "ssim": float(ssim(ordered, truth).mean()),
        }  # fmt: skip

    def glimpse(self) -> tuple[list[KeptFrame], list[dict[str, Any]]]:
        """Kept frames and history, the present moment last, for a live view; unlike :meth:`trace` it keeps nothing.

        Raises RuntimeError before the first frame.
        """
        if self._last is None:
            raise RuntimeError("no frame yet: iterate the run first")
        now, row = self._moment(self._last)
        order = assign(now.images, self.truth.cpu())
        kept = [f for f in self._frames if f.iteration != now.iteration]
        frames = [KeptFrame(f.iteration, f.seconds, f.images[order]) for f in [*kept, now]]
        return frames, [*(r for r in self._history if r["iteration"] != now.iteration), row]

    def trace(self) -> Trace:
        """The record so far. Raises RuntimeError before the first frame."""
        if self._last is None:
            raise RuntimeError("no frame yet: iterate the run first")
        self._record(self._last)
        truth, last = self.truth.cpu(), self._frames[-1].images
        order = assign(last, truth)
        guessed = self._last.labels
        report, pool = self._last.report, self._last.pool
        if pool is not None:
            report = report | {"recovered": float(recovered(self.cohort.cpu(), pool.cpu()).float().mean())}
        if guessed is not None and self.observation.labels is None:
            right = label_recovery(guessed.tolist(), self.labels.tolist(), self.scenario.num_classes)
            report = report | {"label recovery": right}
        stack, tensors = self.scenario.defense_stack, len(self.clean.tensors)
        privacy = privacy_of(stack, self.scenario.batch_size, tensors)
        return Trace(
            scenario=self.scenario,
            frames=[KeptFrame(f.iteration, f.seconds, f.images[order]) for f in self._frames],
            history=list(self._history),
            images=last[order],
            truth=truth,
            labels=self.labels.cpu().tolist(),
            guessed_labels=None if guessed is None else guessed.cpu()[order].tolist(),
            scores=score(last, truth, self.honest, pool=pool),
            update=update_summary(self.clean, self.observation.update),
            privacy=None if privacy is None else asdict(privacy),
            report=report,
            seconds=self.seconds,
            iterations=self.iterations,
            stopped=not self.finished,
            device=str(self.truth.device),
        )


def prepare(scenario: Scenario, images: Tensor, labels: Tensor | None = None, *, device: str | None = None) -> Run:
    """The client's round and the attacker's Observation.

    Args:
        images: (B,C,H,W) in [0,1], of the scenario's batch and picture size.
        labels: (B,) class indices; None draws them from the seed.
        device: "cpu", "cuda", ...; None: see :func:`gi_core.torch_setup.default_device`.

    Raises:
        BadInput: pictures or labels that do not fit the scenario, a device that is not there, or one too small.
    """
    where = open_device(device)
    try:
        with run_threads():
            return _prepare(scenario, images, labels, where)
    except torch.OutOfMemoryError:
        raise BadInput(out_of_memory(scenario, where)) from None


def out_of_memory(scenario: Scenario, device: torch.device) -> str:
    return (
        f"{device} has too little free memory for model {scenario.model}, attack {scenario.attack} at"
        f" batch_size={scenario.batch_size} and image_size={scenario.image_size}: use a smaller one of them, fewer"
        f" restarts, or device cpu"
    )


def _prepare(scenario: Scenario, images: Tensor, labels: Tensor | None, where: torch.device) -> Run:
    truth = check_batch(images, scenario.batch_size, scenario.image_shape).to(where)
    victim = build(
        scenario.model, image_shape=scenario.image_shape, num_classes=scenario.num_classes,
        source=scenario.weights, mode=scenario.mode,
    ).to(where)  # fmt: skip
    if labels is None:
        generator = torch.Generator().manual_seed(stream_seed(scenario.seed, "labels"))
        labels = victim.draw_targets(scenario.batch_size, generator)
    labels = victim.check_targets(labels, scenario.batch_size).to(where)
    server, facts = scenario.server_component, scenario.facts
    sent = server.send(victim, stream_seed(scenario.seed, "server"))
    sought = server.sought(sent, truth, labels)
    released = _answers(scenario, sent.target, truth, labels, scenario.seed)
    updates, cohort = [r.defended for r in released], [truth]
    if scenario.clients > 1:
        means = [WeightedMean(own) for own in updates]
        for pictures, targets, seed in _other_clients(scenario, where):
            cancellation.check()
            cohort.append(pictures)
            for mean, answer in zip(means, _answers(scenario, sent.others, pictures, targets, seed), strict=True):
                mean.add(answer.defended)
        updates = [mean.update() for mean in means]
    reading = server.read(sent, tuple(updates), int(sought.sum()))
    observation = Observation(
        victim=reading.victim,
        update=reading.update,
        batch_size=int(sought.sum()),
        labels=labels[sought] if "labels" in facts else reading.labels,
        defense=tuple(d.facts() for d in scenario.defense_stack) if "defense" in facts else None,
        training=scenario.training,
        auxiliary=_auxiliary(scenario, where) if "auxiliary" in facts else None,
        server=sent.facts,
    )
    return Run(
        scenario, sent.target[0], truth[sought], labels[sought], released[0], observation, honest=victim,
        batch_labels=labels, cohort=torch.cat(cohort),
    )  # fmt: skip


def _answers(
    scenario: Scenario, networks: tuple[Victim, ...], pictures: Tensor, labels: Tensor, seed: int
) -> list[Released]:
    """One client's update for each network that it is sent, the defense's noise drawn anew each time."""
    return [
        release(
            network, pictures, labels, stack=scenario.defense_stack, training=scenario.training, kind=scenario.kind,
            seed=stream_seed(seed, f"query {query}") if query else seed, share_buffers="buffers" in scenario.facts,
        )
        for query, network in enumerate(networks)
    ]  # fmt: skip


def stream(
    scenario: Scenario, images: Tensor, labels: Tensor | None = None, *, device: str | None = None
) -> Iterator[Frame]:
    """Live Frames of a run; closing the generator stops the work at once. Arguments as for :func:`prepare`."""
    yield from prepare(scenario, images, labels, device=device)


def kept_iterations(total: int) -> list[int]:
    """At most 64 iterations worth keeping, denser at the start, first and last included."""
    last = max(1, FRAMES_KEPT - 1)
    return sorted({round((total - 1) * (i / last) ** 2) for i in range(FRAMES_KEPT)})


def update_summary(clean: Update, released: Update) -> list[dict[str, Any]]:
    """Per tensor: name, numel, norms before and after, and the share of the released norm that is not the signal.

    The share is |released - a clean|^2 / |released|^2 with the a that fits best: 0 for a pure rescaling. Tensors that
    the server left out are no part of it.
    """
    rows = []
    for name, before in clean.tensors.items():
        if (after := released.tensors.get(name)) is None:
            continue
        energy = float(before.double().square().sum())
        overlap = float((after.double() * before.double()).sum())
        size = float(after.double().square().sum())
        noise = 1.0 - overlap**2 / (energy * size) if energy > 0 and size > 0 else float(size > 0)
        rows.append({
            "name": name, "shape": list(before.shape), "numel": before.numel(), "norm_before": energy**0.5,
            "norm_after": size**0.5, "noise_share": min(1.0, max(0.0, noise)),
        })  # fmt: skip
    return rows


def _other_clients(scenario: Scenario, device: torch.device) -> Iterator[tuple[Tensor, Tensor, int]]:
    """The other clients of a secure aggregation hold crops of the public sample pictures: pictures, labels, seed."""
    for number in range(1, scenario.clients):
        seed = stream_seed(scenario.seed, f"client {number}")
        pictures = public_crops(scenario.batch_size, scenario.image_size, scenario.channels, seed)
        generator = torch.Generator().manual_seed(seed)
        targets = torch.randint(scenario.num_classes, (scenario.batch_size,), generator=generator)
        yield pictures.to(device), targets.to(device), seed


def _auxiliary(scenario: Scenario, device: torch.device) -> Tensor:
    seed = stream_seed(scenario.seed, "auxiliary")
    return public_crops(AUXILIARY_PICTURES, scenario.image_size, scenario.channels, seed).to(device)
