"""Single maps out of their mixtures: activations are not negative, and where one is zero another is not.

A known space Q (n,B) is spanned by B unknown non-negative maps. All of them lie in the cone {c : Q c >= 0}. Where each
of them is zero at places where the others are not, they are the cone's extreme rays, and a linear program over a slice
of the cone ends at one: the "separable" case of non-negative factorisation. Random objectives meet them all.
"""

from __future__ import annotations

import numpy as np
from scipy.optimize import linprog

from gi_core import cancellation

Array = np.ndarray

SLACK = 1e-7
"""Rounding that a map may fall below zero, as a share of its mean."""
NOISE = 1e-5
"""Places where no map is larger than this share of the largest are zero in all, and say nothing."""
FIRST = 400
"""Places to begin the linear programs with."""
SAME = 0.9999
"""Cosine above which two rays are one."""
ZERO = (1e-3, 1e-4, 1e-5)
"""Entries below this share of the largest are zero in truth: first while the ray is rough, then as it gets finer."""
BELOW = 1e-4
"""How far below zero a ray may lie, as a share of its largest entry."""
APART = 100
"""The zeros leave one choice where the second singular value of Q restricted to them is this many times the last."""
FACTOR = 20
"""Linear programs per ray at most."""


def extreme_rays(q: Array, seed: int) -> Array | None:
    """(n,B) maps of norm 1, not negative but for rounding, that span ``q`` (n,B); None: not all found."""
    entries, count = q.shape
    if count == 1:
        one = q * np.sign(q.sum())
        return one if one.min() > -BELOW * one.max() else None
    generator = np.random.default_rng(seed)
    whole, q = q, q[np.abs(q).max(1) > NOISE * np.abs(q).max()] * np.sqrt(entries)
    rows = q[generator.permutation(len(q))[:FIRST]]
    rays: list[Array] = []
    for _ in range(FACTOR * count):
        cancellation.check()
        end = vertex(q, rows, generator.standard_normal((count,)))
        c = None if end is None else refined(q, end)
        if c is None:
            continue
        ray = whole @ c
        if all(ray @ known < SAME for known in rays):
            rays.append(ray)
        if len(rays) == count:
            return np.stack(rays, 1)
    return None


def vertex(q: Array, rows: Array, objective: Array) -> Array | None:
    """argmin objective.c with Q c >= 0 and mean(Q c) = 1, adding the rows that bind as they show."""
    total = q.mean(0)
    for _ in range(20):
        found = linprog(
            objective, A_ub=-rows, b_ub=np.full(len(rows), SLACK), A_eq=total[None], b_eq=[1.0], bounds=(None, None),
            method="highs-ds",
        )  # fmt: skip
        if found.x is None:
            return None
        below = np.flatnonzero(q @ found.x < -3 * SLACK)
        if not len(below):
            return np.asarray(found.x)
        worst = below[np.argsort((q @ found.x)[below])[: len(rows) // 4 + 1]]
        rows = np.concatenate([rows, q[worst]])
    return None


def refined(q: Array, c: Array) -> Array | None:
    """The ray's zeros, all of them, set to zero together: the last right singular vector of Q restricted to them.

    None where that leaves another choice or an entry below zero: the program ended beside a ray.
    """
    for share in ZERO:
        ray = q @ c
        zeros = np.abs(ray) < share * np.abs(ray).max()
        sizes, vectors = np.linalg.eigh(q[zeros].T @ q[zeros] / len(q))
        c = vectors[:, 0] * (np.sign((q @ vectors[:, 0]).sum()) or 1.0)
    ray = q @ c
    alone = np.sqrt(sizes[1]) > APART * np.sqrt(max(sizes[0], 0))
    return c if alone and ray.min() > -BELOW * ray.max() else None
