"""Registration before averaging: shifted copies agree on the sharp picture, not on a blur."""

import numpy as np
import pytest
import torch
from skimage.data import astronaut
from skimage.transform import resize

from gi_core.priors.group import consensus, move, offset


@pytest.fixture(scope="module")
def picture():
    return resize(astronaut()[30:180, 150:300], (32, 32)).transpose(2, 0, 1)


@pytest.mark.parametrize("by", [(0, 0), (2, -3), (-1.5, 2.5)])
def test_offset_undoes_a_shift(picture, by):
    found = offset(move(picture, np.array(by, float)), picture)
    assert found == pytest.approx(-np.array(by, float), abs=0.4)


def test_unrelated_guesses_are_not_moved_far(picture):
    noise = np.random.default_rng(0).random((20, 3, 32, 32))
    assert all((np.abs(offset(n, picture)) <= 8).all() for n in noise)


def test_shifted_copies_agree(picture):
    offsets = [(0.0, 0.0), (3.0, 0.0), (0.0, -3.0), (-2.0, 2.0)]
    group = torch.from_numpy(np.stack([move(picture, np.array(o)) for o in offsets]))[:, None].float()
    targets = consensus(group)
    inner = (..., slice(5, -5), slice(5, -5))
    registered = (targets - group)[inner].square().mean()
    averaged = (group.mean(0, keepdim=True) - group)[inner].square().mean()
    assert registered < 0.15 * averaged


def test_one_seed_agrees_with_itself(picture):
    group = torch.from_numpy(picture)[None, None].float()
    torch.testing.assert_close(consensus(group), group)
