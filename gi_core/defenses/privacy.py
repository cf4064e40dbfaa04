"""The differential-privacy guarantee of a whole stack of defenses."""

from __future__ import annotations

import math

from gi_core.defenses.accounting import gaussian_epsilon
from gi_core.defenses.base import Defense, Privacy
from gi_core.defenses.calibrated import Calibrated
from gi_core.defenses.clip import Clip
from gi_core.defenses.gaussian import Gaussian
from gi_core.defenses.laplace import Laplace
from gi_core.defenses.opacus_dp_sgd import OpacusDpSgd
from gi_core.defenses.prune import Prune


def privacy_of(stack: tuple[Defense, ...], batch_size: int, tensors: int = 1, delta: float = 1e-5) -> Privacy | None:
    """The guarantee of one released gradient under a stack; None where nothing in it is both clipped and noised.

    What follows the noise is post-processing. What stands between clip and noise, or reads the pictures, voids the
    guarantee: epsilon is then inf and the note names it. With several guarantees the best one holds.

    Args:
        batch_size: examples averaged in the release; tensors: how many tensors the update has.
        delta: for ``clip`` and ``gaussian``, which together are the Gaussian mechanism; ``dp-*`` bring their own.
    """
    claims = [_claim(stack, i, batch_size, tensors, delta) for i in range(len(stack))]
    return min((claim for claim in claims if claim is not None), key=lambda claim: claim.epsilon, default=None)


def _claim(stack: tuple[Defense, ...], i: int, batch_size: int, tensors: int, delta: float) -> Privacy | None:
    """What the noise of ``stack[i]`` guarantees."""
    noisy = stack[i]
    if isinstance(noisy, Calibrated):
        claim, between = noisy.privacy(batch_size, tensors), stack[i:i] if noisy.per == "update" else stack[:i]
    elif isinstance(noisy, Gaussian) and noisy.sigma > 0:
        updates = [j for j in range(i) if isinstance(clip := stack[j], Clip) and clip.per == "update"]
        examples = [j for j, clip in enumerate(stack) if isinstance(clip, Clip) and clip.per == "example"]
        if not updates and not examples:
            return None
        clip = stack[updates[-1] if updates else examples[-1]]
        assert isinstance(clip, Clip)
        claim = clipped_gaussian(clip, noisy, batch_size, tensors, delta)
        between = stack[updates[-1] + 1 : i] if updates else stack[:i]
    elif type(noisy).privacy is not Defense.privacy:
        stated = noisy.privacy(batch_size, tensors)
        if stated is None:
            return None
        claim, between = stated, stack[:i] if noisy.per_example else stack[i:i]
    else:
        return None
    culprits = [d.name for d in between if not _keeps_sensitivity(d)] + [d.name for d in stack if d.reads_pictures]
    if culprits:
        reason = f"No guarantee: {culprits[0]} depends on the pictures and stands outside the clip and the noise."
        return Privacy(math.inf, claim.delta, claim.noise_multiplier, claim.adjacency, reason)
    return claim


def _keeps_sensitivity(defense: Defense) -> bool:
    """Whether two averages are no further apart after this defense than before."""
    changes = type(defense).on_update is not Defense.on_update
    harmless = isinstance(defense, (Gaussian, Laplace, Prune))
    per_example = defense.per_example and isinstance(defense, (Calibrated, Clip, OpacusDpSgd))
    return not changes or harmless or per_example


def clipped_gaussian(clip: Clip, gaussian: Gaussian, batch_size: int, tensors: int, delta: float) -> Privacy:
    """The Gaussian mechanism made of a clip and noise of a given scale."""
    joint = clip.norm * math.sqrt(tensors if clip.scope == "tensor" else 1)
    z = gaussian.sigma / (joint / batch_size if clip.per == "example" else joint)
    unit = "one example" if clip.per == "example" else "the whole client"
    note = f"One release: for replacing {unit} epsilon is {gaussian_epsilon(z / 2, delta):.3g}; further rounds add up."
    return Privacy(gaussian_epsilon(z, delta), delta, z, f"add or remove {unit}", note)
