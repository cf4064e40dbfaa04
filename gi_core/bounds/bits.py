"""How many bits a noisy, clipped release can carry."""

from __future__ import annotations

import math
from dataclasses import dataclass

from gi_core.bounds.base import Bound, Rule, Setting, bounds


def gaussian_bits(z: float, tensors: int = 1, releases: int = 1) -> float:
    """At most this many bits: T L / (2 z^2 ln 2).

    I(X; Y) <= E KL(P_{Y|X} | N(0, sigma^2 I)) = E|clip(g)|^2 / (2 sigma^2) <= L C^2 / (2 sigma^2) nats for L tensors
    clipped to C one by one, z = sigma / C; T releases of the same pictures add. Independent of the architecture and
    of the number of parameters.

    If the release is the mean of m clipped gradients, one picture reaches C/m only: put z = sigma m / C for the bits
    about one picture. A noise that is divided by m while the signal is not carries m^2 times more than it claims.
    """
    return releases * tensors / (2 * z**2) / math.log(2)


def laplace_bits(z: float, tensors: int = 1, releases: int = 1) -> float:
    """The same under Laplace noise of scale b and an L1 clip C, z = b / C: T L (1/z + e^(-1/z) - 1) / ln 2 bits.

    KL between Laplace laws shifted by mu scales is mu + e^-mu - 1, and it is convex with value 0 at 0: over the
    coordinates of an L1 ball its sum is greatest when all of the shift is in one of them.
    """
    mu = 1 / z
    return releases * tensors * (mu + math.expm1(-mu)) / math.log(2)


@bounds.register("bits")
@dataclass(frozen=True, kw_only=True)
class Bits(Rule):
    """Universal bit bound: 1/(2 z^2) nats for each separately clipped tensor."""

    unit = "bits"
    binds = "Every attack, with any prior and any computing power; it does not say which bits."
    assumes = (
        "The update is clipped, and noise is added after the clip; one release; what the attacker knows besides the "
        "update, such as labels, is not counted."
    )

    def of(self, setting: Setting) -> Bound | None:
        release = setting.release
        if release is None:
            return None
        formula = gaussian_bits if release.noise.kind == "gaussian" else laplace_bits
        total = formula(release.z, release.tensors)
        one = formula(release.z_of_one, release.tensors)
        says = f"At most {total:.3g} bits about the pictures leave the device"
        if one < total:
            says += f", at most {one:.3g} about any one of them when the others are known"
        pixels = 8 * setting.batch_size * math.prod(setting.victim.image_shape)
        return self.bound(total, says + ".", vacuous=total >= pixels)
