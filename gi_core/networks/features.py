"""From the head's gradient to the picture's features: SPE (Structural Prior Extraction), or a rank-one fit.

With one picture, the head's gradient is an outer product: dL/dW = delta h^T, dL/db = delta, where h are the features
and delta = softmax(logits) - onehot(label). Everything here is batched over N observed gradients and scale-free:
the head's weight and bias may have been clipped separately.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import pywt
import torch
from torch import Tensor

TINY = 1e-12


@dataclass(frozen=True)
class Feature:
    """What the head's gradient says about the features.

    Attributes:
        direction: (N,d) features up to scale, of norm 1, noise included.
        delta: (N,K) estimate of delta, of norm 1, signed so that the features are positive on average.
        noise: (N,) standard deviation of the noise on each coordinate of ``direction``, as far as the gradient
            itself shows it (:func:`signal_share`); 1/sqrt(d) when nothing but noise is left.
        classes: (N,K) the classes that were fused (SPE), or all.
    """

    direction: Tensor
    delta: Tensor
    noise: Tensor
    classes: Tensor

    @property
    def empty(self) -> Tensor:
        """(N,) no class stood out, so that the strongest one had to do (SPE)."""
        return ~self.classes.any(1)


def rank_one(weight: Tensor, bias: Tensor) -> Feature:
    """Best rank-one fit of the noisy [dL/dW | dL/db]: the matched filter without knowing the noise [R].

    Args:
        weight: (N,K,d) gradient of the head's weight. bias: (N,K) gradient of the head's bias.
    """
    both = torch.cat([weight, bias.unsqueeze(-1)], -1)
    gram = both @ both.transpose(1, 2)
    delta = torch.linalg.eigh(gram.double())[1][..., -1].to(both.dtype)
    right = torch.einsum("nk,nkd->nd", delta, both)
    delta = delta * torch.where(right[:, :-1].sum(1) < 0, -1.0, 1.0).unsqueeze(1)
    feature = torch.einsum("nk,nkd->nd", delta, weight)
    return _feature(feature, delta, weight, torch.ones_like(bias, dtype=torch.bool))


def spe(weight: Tensor, bias: Tensor) -> Feature:
    """Structural prior extraction (Venom, eq. 2-5) with lambda = 0: the noise level is not known.

    E_j = |dL/dW_j| |dL/db_j|; S = {j : E_j > mean + gamma std}, gamma = min(2, sqrt(ln K));
    h = sum over S of w_j (dL/dW_j) / (dL/db_j), w_j = E_j / sum over S of E. If S is empty, the class of largest E.
    """
    energy = weight.norm(dim=2) * bias.abs()
    gamma = min(2.0, math.sqrt(math.log(bias.shape[1])))
    chosen = energy > energy.mean(1, keepdim=True) + gamma * energy.std(1, keepdim=True)
    strongest = torch.nn.functional.one_hot(energy.argmax(1), bias.shape[1]).bool()
    used = torch.where(chosen.any(1, keepdim=True), chosen, strongest)
    share = energy * used / (energy * used).sum(1, keepdim=True).clamp_min(TINY)
    ratio = share / torch.where(bias.abs() < TINY, TINY, bias)
    feature = torch.einsum("nk,nkd->nd", ratio, weight)
    delta = bias / bias.norm(dim=1, keepdim=True).clamp_min(TINY)
    return _feature(feature, delta, weight, chosen)


def _feature(feature: Tensor, delta: Tensor, weight: Tensor, classes: Tensor) -> Feature:
    direction = feature / feature.norm(dim=1, keepdim=True).clamp_min(TINY)
    along = torch.einsum("nkd,nd->nk", weight, direction)
    n_classes, width = weight.shape[1:]
    sigma = left_over(weight, direction)
    share = signal_share(along.norm(dim=1) / (sigma * width**0.5).clamp_min(TINY), n_classes / width)
    return Feature(direction, delta, ((1 - share) / width).sqrt().clamp_min(1e-9).to(weight.dtype), classes)


def left_over(weight: Tensor, direction: Tensor) -> Tensor:
    """(N,) standard deviation per number of what (N,K,d) holds besides multiples of ``direction`` (N,d)."""
    along = torch.einsum("nkd,nd->nk", weight, direction)
    residual = weight - along.unsqueeze(2) * direction.unsqueeze(1)
    n_classes, width = weight.shape[1:]
    return (residual.square().sum((1, 2)) / ((n_classes - 1) * (width - 1))).sqrt()


def noise_level(weight: Tensor, bias: Tensor) -> Tensor:
    """(N,) standard deviation of independent noise on the head's gradient (N,K,d), (N,K) of one picture."""
    return left_over(weight, rank_one(weight, bias).direction)


def signal_share(top: Tensor, aspect: float) -> Tensor:
    """Squared cosine between the noisy and the true right singular vector of a rank-one K x d matrix.

    Benaych-Georges & Nadakuditi 2012; Gavish & Donoho 2017: with y the top singular value over sigma sqrt(d) and
    beta = K/d, x^2 = (y^2 - beta - 1 + sqrt((y^2 - beta - 1)^2 - 4 beta)) / 2, cos^2 = 1 - (beta + x^2) / (x^4 + x^2);
    0 if y <= 1 + sqrt(beta): the signal is lost in the noise.
    """
    bulk = top.double().square() - aspect - 1
    root = (bulk.square() - 4 * aspect).clamp_min(0).sqrt()
    spike = (bulk + root) / 2
    share = 1 - (aspect + spike) / (spike.square() + spike)
    return torch.where(top > 1 + aspect**0.5, share.clamp(0, 1), 0.0)


def scale_evidence(
    feature: Feature, head_weight: Tensor, head_bias: Tensor, usual: float = 0.0
) -> tuple[Tensor, Tensor]:
    """What the softmax says about the norm s of the features: (N,) s * precision, (N,) precision [R].

    For classes k, j other than the label: log delta_k - log delta_j = s (W_k - W_j) u + b_k - b_j, linear in s.
    Weighted least squares over classes that stand three deviations clear of the noise, each weighed by its variance
    (noise / delta_k)^2 + (s noise)^2 |W_k|^2: the noise on delta_k, and that of the features seen through W_k. It needs
    no gradient norms, which clipping the head's weight and bias separately destroys.

    Args:
        usual: about how large s is, for the weights; 0 for a gradient without noise.
    """
    slope = feature.direction @ head_weight.T
    label = feature.delta.argmin(1, keepdim=True)
    noise = feature.noise.unsqueeze(1)
    variance = (noise / feature.delta).square() + (usual * noise).square() * head_weight.square().sum(1)
    weight = torch.where(feature.delta > 3 * noise, 1 / variance, 0.0).scatter(1, label, 0.0)
    value = feature.delta.clamp_min(1e-30).log() - head_bias
    total = weight.sum(1, keepdim=True).clamp_min(TINY)
    slope = slope - (weight * slope).sum(1, keepdim=True) / total
    value = value - (weight * value).sum(1, keepdim=True) / total
    return (weight * slope * value).sum(1), (weight * slope.square()).sum(1)


def wavelet_refine(vector: Tensor, shape: tuple[int, int, int] | None) -> Tensor:
    """Soft-thresholded wavelet shrinkage of (N,d) features [R: Venom names neither wavelet nor threshold].

    Spatial features (``shape`` = C,H,W): 2-D Haar, two levels per channel. Others: 1-D db4, three levels, symmetric.
    Threshold sigma sqrt(2 ln d) with sigma = median |finest detail| / 0.6745 (VisuShrink, Donoho & Johnstone 1994).
    """
    array = vector.numpy().reshape(-1, *shape) if shape else vector.numpy()
    axes = tuple(range(1, array.ndim))

    def shrink(detail: np.ndarray, threshold: np.ndarray) -> np.ndarray:
        return np.sign(detail) * np.maximum(np.abs(detail) - threshold, 0)

    if shape:
        coarse, *levels = pywt.wavedec2(array, "haar", level=2, axes=(2, 3))
        finest = levels[-1][2]
    else:
        coarse, *levels = pywt.wavedec(array, "db4", mode="symmetric", level=3, axis=1)
        finest = levels[-1]
    sigma = np.median(np.abs(finest), axis=axes, keepdims=True) / 0.6745
    threshold = sigma * math.sqrt(2 * math.log(vector.shape[1]))
    if shape:
        kept = [coarse, *(tuple(shrink(d, threshold) for d in level) for level in levels)]
        refined = pywt.waverec2(kept, "haar", axes=(2, 3))[:, :, : shape[1], : shape[2]]
    else:
        kept = [coarse, *(shrink(level, threshold) for level in levels)]
        refined = pywt.waverec(kept, "db4", mode="symmetric", axis=1)[:, : vector.shape[1]]
    return torch.from_numpy(np.ascontiguousarray(refined.reshape(vector.shape))).to(vector.dtype)


def noise_strength(vector: Tensor, refined: Tensor) -> Tensor:
    """(N,) Venom's T = 2 ln(1 + |x - c|^2 / |c|^2)."""
    removed = (vector - refined).square().sum(1)
    return 2 * torch.log1p(removed / refined.square().sum(1).clamp_min(TINY))


def centred_cosine(estimate: Tensor, truth: Tensor, mean: Tensor) -> Tensor:
    """(N,) cosine after the mean feature is taken from both, the estimate rescaled to fit best first.

    The raw cosine is inflated by the mean feature, which every picture shares.
    """
    fit = (estimate * truth).sum(1, keepdim=True) / estimate.square().sum(1, keepdim=True).clamp_min(TINY)
    return torch.nn.functional.cosine_similarity(fit * estimate - mean, truth - mean)
