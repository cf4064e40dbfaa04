"""From the sheet to attacks: which can apply, in what order, and why the others cannot."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from gi_core.attacks import attacks
from gi_core.audit.checks.first_layer import FirstLayer
from gi_core.audit.evidence import Evidence
from gi_core.audit.record import RecordedUpdate
from gi_core.errors import BadInput

MANY = 64
"""Pictures from which on one gradient is hopeless to match in minutes."""


@dataclass(frozen=True)
class Candidate:
    """An attack that can apply, and why it was chosen."""

    attack: str
    why: str


@dataclass(frozen=True)
class Skipped:
    """An attack that was not run, and why."""

    attack: str
    reason: str


@dataclass(frozen=True)
class Plan:
    """What will be tried, the most promising first, and what will not."""

    candidates: tuple[Candidate, ...]
    skipped: tuple[Skipped, ...]


def plan(seen: Evidence, wanted: tuple[str, ...] = ()) -> Plan:
    """The attacks for a record, or those ``wanted`` (component texts). Raises BadInput for an unknown one."""
    if seen.empty:
        return Plan((), tuple(Skipped(name, "the update is zero") for name in wanted or ("all attacks",)))
    if wanted:
        return sifted(seen, [Candidate(attacks.parse(text).text, "as asked") for text in wanted], [])
    return sifted(seen, list(chosen(seen)), list(left_out(seen)))


def sifted(seen: Evidence, candidates: list[Candidate], skipped: list[Skipped]) -> Plan:
    """Candidates that say at once that they cannot run become skipped ones, with their own sentence."""
    kept = []
    for one in candidates:
        try:
            seen.observation  # noqa: B018
            kept.append(one)
        except BadInput as error:
            skipped.append(Skipped(one.attack, str(error)))
    return Plan(tuple(kept), tuple(skipped))


def chosen(seen: Evidence) -> Iterator[Candidate]:
    record = seen.record
    if seen.replaced is not None or drowned(seen):
        why = "the weights were cut, not the update" if seen.replaced is not None else "the noise is above the signal"
        yield Candidate("ig:steps=300", f"one attack to show that it fails: {why}")
        return
    if bare(seen):
        yield Candidate("analytic", "the first layer is fully connected with biases: division gives its input")
    if recursive(seen):
        yield Candidate("rgap", "one picture, one step: a chain of layers is solved one by one")
        yield Candidate(
            "april", "one picture, one step: a trained position embedding tells the derivative of each patch"
        )
        yield Candidate("git-exact", "one picture, one step: fully connected layers are peeled from the head down")
    leaking = bool(record.sent) and record.victim.training and record.normalised
    if record.steps > 1 and record.kind != "gradient":
        yield Candidate("fedavg-ig", f"{record.steps} local steps: the attack simulates them")
        yield Candidate("ig", "the mean gradient, as if it were one step's")
    elif leaking:
        yield Candidate("bn-exact", "BatchNorm's buffers were sent after one step: the batch's statistics are exact")
    if one_gradient(record):
        if not seen.signs and not mixing(seen):
            yield Candidate("span", "one step, and layers whose rank is the number of pictures")
        yield Candidate("ig", "one step: its direction is matched" + (" by signs" if seen.signs else ""))
        if not seen.signs and seen.clipped_to is None:
            yield Candidate("ig:objective=l2,signed=false", "an unclipped gradient has a size to match, too")


def left_out(seen: Evidence) -> Iterator[Skipped]:
    """The attacks of the catalogue that the sheet rules out, with the reason."""
    record = seen.record
    if seen.replaced is None and not drowned(seen):
        if not bare(seen):
            yield Skipped("analytic", "no row of a fully connected first layer is a picture by itself")
        if not recursive(seen):
            yield Skipped("rgap, april, git-exact", "they solve for one picture of one step of SGD")
        if one_gradient(record):
            yield Skipped("fedavg-ig", "one step: there is nothing to simulate")
        else:
            yield Skipped("span", f"{record.steps} local steps mix the row spaces of several gradients")
        if not (record.sent and record.victim.training):
            yield Skipped("bn-exact", "no BatchNorm statistics were sent")
        if seen.signs:
            yield Skipped("span", "signs have no row space")
        elif one_gradient(record) and mixing(seen):
            yield Skipped("span", "BatchNorm in training mode moves the columns of every layer")
    else:
        for name in ("analytic", "rgap", "span", "bn-exact", "fedavg-ig"):
            yield Skipped(name, "they match what noise or a cut has replaced")
    yield Skipped("venom, fgla, git, lti, grnn", "trained for one network's own weights, and these are others")
    yield Skipped(
        "fishing, imprint and other servers' attacks", "they need a network that was altered before it was sent"
    )


def one_gradient(record: RecordedUpdate) -> bool:
    return record.steps == 1 or record.kind == "gradient"


def recursive(seen: Evidence) -> bool:
    """Whether the update is one picture's gradient, which a chain of layers passes on exactly."""
    return one_gradient(seen.record) and seen.batch_size == 1 and not seen.signs


def mixing(seen: Evidence) -> bool:
    """Whether BatchNorm made each picture's activations depend on the others'."""
    return seen.record.victim.training and seen.record.normalised


def bare(seen: Evidence) -> bool:
    """Whether a fully connected first layer shows pictures by itself."""
    return any(f.severity == "high" for f in FirstLayer().look(seen))


def drowned(seen: Evidence) -> bool:
    """Whether noise fills the update with more energy than is left for the signal."""
    if not seen.noise:
        return False
    gradient = seen.record.gradient.values()
    entries, energy = sum(t.numel() for t in gradient), sum(float(t.square().sum()) for t in gradient)
    return seen.noise**2 * entries > 0.5 * energy
