import pytest
import torch

from gi_core.errors import BadInput
from gi_core.evaluation.membership import known, worlds


def test_near_copies_of_training_pictures_are_known():
    pool = torch.rand(20, 3, 16, 16, generator=torch.Generator().manual_seed(0))
    truth = torch.stack([pool[3] + 0.02, 1 - pool[3]])
    assert known(truth, pool) == [True, False]


def test_memory_is_a_gain_in_the_closed_world_alone():
    closed = [True] * 5 + [False] * 5
    recalled, read = [0.9, 0.8, 0.85, 0.95, 0.9], [0.1, 0.05, 0.12, 0.08, 0.1]
    assert worlds(recalled + read, [0.1, 0.1, 0.1, 0.1, 0.1] * 2, closed).memorises
    assert not worlds(recalled + recalled, [0.1] * 10, closed).memorises
    assert not worlds(read + read, [0.1] * 10, closed).memorises


def test_a_world_without_pictures_is_refused():
    with pytest.raises(BadInput, match="2 of 2"):
        worlds([0.1, 0.2], [0.0, 0.0], [True, True])
