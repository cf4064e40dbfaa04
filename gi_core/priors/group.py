"""Group consistency: several guesses from different seeds should agree, once shifted onto each other."""

from __future__ import annotations

import numpy as np
import torch
from scipy.ndimage import shift as shifted
from skimage.registration import phase_cross_correlation
from torch import Tensor

FARTHEST = 0.25  # of the side: larger shifts are a sign that two guesses share nothing yet


def consensus(group: Tensor) -> Tensor:
    """For each guess, the picture that the group agrees on, shifted to where this guess has it.

    Each guess is registered by cross-correlation (Guizar-Sicairos et al. 2008, to a tenth of a pixel) to the guess
    that lies nearest to the pixel-wise mean, the shifted guesses are averaged, and the average is shifted back. Yin et
    al., CVPR 2021, register to the mean by RANSAC-flow, a trained network; this translation is our reconstruction.

    Args:
        group: (S,B,C,H,W) guesses of S seeds.

    Returns:
        (S,B,C,H,W) targets.
    """
    pictures = group.detach().cpu().double().numpy()
    targets = np.empty_like(pictures)
    for b in range(pictures.shape[1]):
        guesses = pictures[:, b]
        middle = np.square(guesses - guesses.mean(0)).sum((1, 2, 3)).argmin()
        offsets = [offset(guess, guesses[middle]) for guess in guesses]
        average = np.mean([move(guess, by) for guess, by in zip(guesses, offsets, strict=True)], axis=0)
        for s, by in enumerate(offsets):
            targets[s, b] = move(average, -by)
    return torch.from_numpy(targets).to(group)


def offset(guess: np.ndarray, reference: np.ndarray) -> np.ndarray:
    """(dy,dx) that moves ``guess`` (C,H,W) onto ``reference``; (0,0) where the best match is too far to be one."""
    by, _, _ = phase_cross_correlation(windowed(reference), windowed(guess), upsample_factor=10, normalization=None)
    return by if (np.abs(by) <= FARTHEST * np.array(guess.shape[1:])).all() else np.zeros(2)


def windowed(picture: np.ndarray) -> np.ndarray:
    """Grey, mean removed, fading to zero at the borders, which do not wrap around in a picture; (H,W)."""
    grey = picture.mean(0)
    return (grey - grey.mean()) * np.outer(np.hanning(grey.shape[0]), np.hanning(grey.shape[1]))


def move(picture: np.ndarray, by: np.ndarray) -> np.ndarray:
    """``picture`` (C,H,W) shifted by (dy,dx), edges replicated."""
    return shifted(picture, (0, *by), order=1, mode="nearest") if by.any() else picture
