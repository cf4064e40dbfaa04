"""All maps that a convolution's gradient allows, with their exact number, from one small symmetric matrix.

The patches of such a map lie in the row space (``inversion.row_space``): patch p is V a_p, V (K,r) orthonormal. Two
patches that hold the same entry of the map must agree on it. With V_s (C,r) the rows of V of shift s, and n(l) the
number of patches that hold the cell l,

    G[p,q] = sum over cells l that p holds at shift s and q at shift t:  V_s^T V_t / n(l)

is the operator E^T (V V^T) E of ``row_space`` seen from the coordinates a: r unknowns a patch instead of 9 C. Its
eigenvalues lie in [0,1], and those that are 1 belong to the maps sought: as many as pictures. A dense solver counts
them; Lanczos iteration misses repeated ones. (Operators of this form: ESPIRiT, Uecker et al., MRM 2014.)

Behind batch normalisation in training mode a convolution's derivatives add up to zero, and its gradient holds the
columns less their mean. Patch p of a map is then u + V a_p with sum_p a_p = 0 and u free. With Y_p = I - sum_q X_qp and
U = P I - sum_pq X_pq, X_pq (S,S) the shares 1/n(l) above, the best u leaves X_pq + Y_p^T U^-1 Y_q in their place.

With a stride of 2 on an even side the family is larger: a map moved by two cells, with zeros moved in, passes as well.
"""

from __future__ import annotations

import warnings
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import scipy.linalg
from scipy.sparse.linalg import lobpcg

from gi_core import cancellation

ONE = 1e-4
"""Eigenvalues within this distance of 1 are 1; at batches of 16 the next one is 0.02 away."""
DENSE = 2600
"""Unknowns up to which all eigenvalues are had at once."""
BALANCE = 10.0
"""Weight that keeps the sum of the a_p at zero."""
SPARE = 4
"""Eigenvalues looked at beyond the number of pictures."""

Array = np.ndarray


@dataclass(frozen=True)
class Window:
    """Which cells of a map (H,W) a convolution's patches hold.

    Attributes:
        shape: (C,H,W) of the map; kernel, stride, padding: (height, width) each.
        active: (P,) bool, positions that pass a gradient; None: all do.
    """

    shape: tuple[int, int, int]
    kernel: tuple[int, int]
    stride: tuple[int, int]
    padding: tuple[int, int]
    active: Array | None = None

    @cached_property
    def held(self) -> Array:
        """(P,S): flat cell that each patch holds at each shift; -1 in the padding. Active positions only."""
        _, height, width = self.shape
        (kh, kw), (sh, sw), (ph, pw) = self.kernel, self.stride, self.padding
        rows = np.arange((height + 2 * ph - kh) // sh + 1)[:, None] * sh - ph + np.arange(kh)[None]
        cols = np.arange((width + 2 * pw - kw) // sw + 1)[:, None] * sw - pw + np.arange(kw)[None]
        y, x = rows[:, None, :, None], cols[None, :, None, :]
        inside = (y >= 0) & (y < height) & (x >= 0) & (x < width)
        cells = np.where(inside, y * width + x, -1).reshape(len(rows) * len(cols), kh * kw)
        return cells if self.active is None else cells[self.active]

    @cached_property
    def count(self) -> Array:
        """(H*W,): number of patches that hold each cell."""
        return np.bincount(self.held[self.held >= 0], minlength=self.shape[1] * self.shape[2])

    def share(self, p: int, q: int) -> Array:
        """(S,S): 1/n(l) where the cell l is at shift s of patch p and at shift t of patch q, else 0."""
        a, b = self.held[p], self.held[q]
        return np.where((a[:, None] == b[None]) & (a[:, None] >= 0), 1 / self.count[a].clip(1)[:, None], 0.0)

    @cached_property
    def shares(self) -> Array:
        """(P,P,S,S): :meth:`share` of all pairs."""
        patches = range(len(self.held))
        return np.stack([np.stack([self.share(p, q) for q in patches]) for p in patches])

    def shifted(self, basis: Array) -> Array:
        """(S,C,r): the basis (C*S,r) of patches by shift."""
        return basis.reshape(self.shape[0], -1, basis.shape[1]).transpose(1, 0, 2)

    def map_of(self, basis: Array, places: Array, centred: bool = False) -> Array:
        """(C,H*W): the mean of what the patches V a_p say of each cell. places: (P,r)."""
        patches = (basis @ places.T).reshape(self.shape[0], -1, len(places))
        if centred:
            patches -= np.einsum("pst,ctp->cs", centred_shares(self)[1], patches)[:, :, None]
        total = np.zeros((self.shape[0], self.shape[1] * self.shape[2]))
        for p, cells in enumerate(self.held):
            total[:, cells[cells >= 0]] += patches[:, cells >= 0, p]
        return total / self.count.clip(1)


@dataclass(frozen=True)
class Family:
    """The maps a gradient allows.

    Attributes:
        basis: (n,d) orthonormal, n = C*H*W.
        eigenvalues: the largest, in descending order, those of the family first.
    """

    basis: Array
    eigenvalues: Array

    @property
    def gap(self) -> float:
        """How far below 1 the first eigenvalue outside the family is."""
        return float(1 - self.eigenvalues[self.basis.shape[1]])


def row_basis(gradient: Array, rank: int) -> tuple[Array, Array]:
    """(K,r) orthonormal basis of the leading ``rank`` directions of the rows of (R,K), and all singular values."""
    values, left = scipy.linalg.eigh(gradient @ gradient.T)
    sizes = np.sqrt(values[::-1].clip(0))
    basis, _ = np.linalg.qr(gradient.T @ left[:, ::-1][:, :rank])
    return basis, sizes


def gram(window: Window, basis: Array, centred: bool = False) -> Array:
    """(P*r,P*r): the matrix above; ``centred``: V spans columns less their mean."""
    shifted = window.shifted(basis)
    shifts, _, rank = shifted.shape
    flat = shifted.transpose(1, 0, 2).reshape(shifted.shape[1], -1)
    products = (flat.T @ flat).reshape(shifts, rank, shifts, rank).transpose(0, 2, 1, 3).reshape(shifts**2, rank**2)
    shares = centred_shares(window)[0] if centred else window.shares
    patches = len(window.held)
    g = np.zeros((patches, rank, patches, rank))
    for p in range(patches):
        cancellation.check()
        blocks = (shares[p, : p + 1].reshape(p + 1, -1) @ products).reshape(p + 1, rank, rank)
        g[p, :, : p + 1] = blocks.transpose(1, 0, 2)
        g[: p + 1, :, p] = blocks.transpose(0, 2, 1)
    if centred:
        for r in range(rank):
            g[:, r, :, r] -= BALANCE / patches
    return g.reshape(patches * rank, patches * rank)


def centred_shares(window: Window) -> tuple[Array, Array]:
    """(P,P,S,S) that take the shares' place, and (P,S,S) by which u = -sum_p of it times patch p's V a_p."""
    shares = window.shares
    patches, shifts = shares.shape[1:3]
    beside = np.eye(shifts) - shares.sum(0)
    common = np.linalg.solve(patches * np.eye(shifts) - shares.sum((0, 1)), beside)
    return shares + np.einsum("pst,qsu->pqtu", beside, common), common


def top_eigenvectors(g: Array, count: int) -> tuple[Array, Array]:
    """The ``count`` largest eigenvalues of (N,N), descending, and their vectors (N,count)."""
    size = len(g)
    if size <= DENSE:
        values, vectors = scipy.linalg.eigh(g, subset_by_index=[size - count, size - 1])
    else:
        start = np.random.default_rng(0).standard_normal((size, count + SPARE))
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            values, vectors = lobpcg(g, start, largest=True, tol=1e-9, maxiter=200)
        order = np.argsort(values)[-count:]
        values, vectors = values[order], vectors[:, order]
    return values[::-1], vectors[:, ::-1]


def allowed_maps(gradient: Array, window: Window, pictures: int, centred: bool = False) -> Family | None:
    """The maps whose patches lie in the row space of ``gradient`` (R,C*S), float64.

    None unless there are exactly as many as pictures: fewer positions times pictures than rows and than entries of a
    column, and no repetition besides. ``centred``: the convolution's output is normalised by its own statistics.
    """
    rank = len(window.held) * pictures - centred
    if rank >= min(gradient.shape):
        return None
    basis, _ = row_basis(gradient, rank)
    values, vectors = top_eigenvectors(gram(window, basis, centred), pictures + SPARE)
    if int((values > 1 - ONE).sum()) != pictures:
        return None
    places = vectors[:, :pictures].reshape(len(window.held), rank, pictures)
    maps = [window.map_of(basis, places[..., i], centred).ravel() for i in range(pictures)]
    return Family(np.linalg.qr(np.stack(maps, 1))[0], values)
