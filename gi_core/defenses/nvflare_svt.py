"""NVIDIA FLARE's SVTPrivacy."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from gi_core.components import option
from gi_core.defenses.base import defenses
from gi_core.defenses.difference import Arrays, DifferenceFilter


@defenses.register("nvflare-svt")
@dataclass(frozen=True, kw_only=True)
class NvflareSvt(DifferenceFilter):
    """Send a random tenth of the difference, cut and noised: NVIDIA FLARE's SVTPrivacy (sparse vector technique).

    NVFlare 2.9.0, of P entries n = ceil(fraction P): threshold tau + Lap(gamma / e_t) and answers |clip(d, gamma)| +
    Lap(2 gamma n / e_q), with e_t = epsilon / (1 + (2n)^(2/3)) and e_q the rest of epsilon; what passes, in as many
    rounds as it takes, is drawn from n times with replacement and leaves as clip(d, gamma) + Lap(2 gamma / noise_var).
    Its own accountant counts n noise_var + epsilon for a call. The draws follow the framework's one by one up to a
    million entries per array, the size of its chunks; beyond that they have the same distribution.
    """

    does = "Sends a random tenth of the entries, cut to a tiny size and under noise twenty times that."
    costs = "The model learns next to nothing from it."
    can_raise_norm = True

    fraction: float = option(0.1, "share of the entries that is sent", low=1e-6, high=1.0)
    epsilon: float = option(0.1, "budget of the selection", low=1e-6, high=1e6)
    noise_var: float = option(0.1, "budget of the release, per entry", low=1e-6, high=1e6)
    gamma: float = option(1e-5, "largest absolute value of an entry of the difference", low=1e-12, high=1e6)
    tau: float = option(1e-6, "threshold", low=0.0, high=1e6)

    def budget(self, entries: int) -> float:
        """Epsilon of one call by the framework's own accountant (pure composition)."""
        return min(float(np.ceil(entries * self.fraction)), entries) * self.noise_var + self.epsilon

    def filtered(self, arrays: Arrays, random: np.random.RandomState) -> Arrays:
        names = sorted(arrays)
        total = sum(a.size for a in arrays.values())
        count = int(min(np.ceil(float(total) * self.fraction), total))
        of_threshold = self.epsilon / (1.0 + (2.0 * count) ** (2.0 / 3.0))
        of_queries = self.epsilon - of_threshold
        threshold = self.tau + random.laplace(scale=self.gamma / of_threshold)
        passed = self.passed(arrays, names, threshold, self.gamma * 2.0 * count / of_queries, count, random)
        chosen = split([int(passed[n].sum()) for n in names], count, random)
        scale = self.gamma * 2.0 * count / (count * self.noise_var)
        return {n: self.released(arrays[n], passed[n], k, scale, random) for n, k in zip(names, chosen, strict=True)}

    def passed(
        self, arrays: Arrays, names: list[str], threshold: float, scale: float, count: int,
        random: np.random.RandomState,
    ) -> dict[str, np.ndarray]:  # fmt: skip
        """Which entries came above the threshold; rounds over the rest until ``count`` did."""
        masks = {name: np.zeros(arrays[name].size, dtype=bool) for name in names}
        while sum(int(m.sum()) for m in masks.values()) < count:
            for name in names:
                rest = ~masks[name]
                if not rest.any():
                    continue
                sizes = np.abs(np.clip(arrays[name].ravel()[rest].astype(np.float64), -self.gamma, self.gamma))
                sizes += random.laplace(scale=scale, size=sizes.size)
                masks[name][np.flatnonzero(rest)[sizes >= threshold]] = True
        return masks

    def released(
        self, array: np.ndarray, mask: np.ndarray, count: int, scale: float, random: np.random.RandomState
    ) -> np.ndarray:
        """``count`` draws of what passed, cut and noised; zero elsewhere; a single number passes as it is."""
        if np.ndim(array) == 0:
            return array
        sent = np.zeros(array.size, dtype=array.dtype)
        if count:
            drawn = random.choice(np.flatnonzero(mask), size=count, replace=True)
            noise = random.laplace(scale=scale, size=count)
            sent[drawn] = np.clip(array.ravel()[drawn].astype(np.float64), -self.gamma, self.gamma) + noise
        return sent.reshape(array.shape)


def split(sizes: list[int], count: int, random: np.random.RandomState) -> list[int]:
    """How many of ``count`` draws with replacement fall into groups of these sizes."""
    drawn, groups, left = [], sum(sizes), count
    for number, size in enumerate(sizes):
        last = number == len(sizes) - 1
        own = left if last else 0 if not left or not size else int(random.binomial(left, size / groups))
        drawn.append(own)
        groups, left = groups - size, left - own
    return drawn
