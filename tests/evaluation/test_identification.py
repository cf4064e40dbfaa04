import math

import pytest
import torch

from gi_core.data.samples import sample
from gi_core.errors import BadInput
from gi_core.evaluation.identification import TWIN, Rank, decoys, identify, permutation_p, ranks
from gi_core.models import build


def pictures(count, seed=0, size=16):
    return torch.rand(count, 3, size, size, generator=torch.Generator().manual_seed(seed))


def test_ranks_count_the_nearer_decoys():
    truth = torch.zeros(1, 1, 16, 16)
    others = torch.stack([torch.full((1, 16, 16), v) for v in (0.2, 0.5, 0.9)])
    for value, rank in ((0.05, 1), (0.15, 2), (0.24, 2), (0.26, 3), (0.4, 3), (0.46, 4), (1.0, 4)):
        image = torch.full((1, 1, 16, 16), value)
        assert ranks(image, truth, others)[0] == Rank(rank, 4)


def test_ties_count_against_the_attack():
    truth, others = torch.zeros(1, 1, 16, 16), torch.ones(1, 1, 16, 16)
    assert ranks(torch.full((1, 1, 16, 16), 0.5), truth, others)[0].rank == 2


def test_a_copy_has_rank_one_by_every_distance():
    victim = build("lenet", image_shape=(3, 16, 16), num_classes=10)
    truth, others = pictures(2), pictures(9, seed=1)
    for distance in ("pixel", "lpips", "feature"):
        found = ranks(truth.flip(0), truth, others, distance=distance, victim=victim)
        assert [r.rank for r in found] == [1, 1]
    with pytest.raises(BadInput, match="victim"):
        ranks(truth, truth, others, distance="feature")
    with pytest.raises(BadInput, match="decoy"):
        ranks(truth, truth, others[:0])


def test_without_a_leak_ranks_are_uniform_and_p_values_honest():
    everything, guesses = pictures(200 * 20, size=4), pictures(200, seed=5, size=4)
    found = []
    for i in range(200):
        candidates = everything[20 * i : 20 * i + 20]
        found += ranks(guesses[i : i + 1], candidates[:1], candidates[1:])
    counts = torch.tensor([r.rank for r in found]).bincount(minlength=21)[1:].double()
    assert ((counts - 10).square() / 10).sum() < 43.8  # chi-squared, 19 degrees of freedom, 0.1 %
    summary = identify(found)
    assert summary.top1.low <= summary.chance <= summary.top1.high
    assert summary.bits == pytest.approx(1, abs=0.35)  # the median rank is half of N


def test_bits_and_summary():
    assert Rank(1, 100).bits == pytest.approx(math.log2(100))
    assert Rank(100, 100).bits == 0
    assert Rank(5, 100).p_value == 0.05
    summary = identify([Rank(1, 8), Rank(2, 8), Rank(4, 8)])
    assert (summary.top1.rate, summary.bits, summary.chance) == (pytest.approx(1 / 3), 2, 1 / 8)
    assert summary.mrr == pytest.approx((1 + 0.5 + 0.25) / 3)


@pytest.mark.parametrize(("name", "size", "channels"), [("cat", 32, 3), ("digit-3", 28, 1)])
def test_decoys_are_not_the_truth_and_repeat(name, size, channels):
    truth = sample(name, size, channels).unsqueeze(0)
    others = decoys(truth)
    assert others.shape == (99, channels, size, size)
    assert (others - truth).square().mean((1, 2, 3)).min() > TWIN
    assert torch.equal(others, decoys(truth))
    assert not torch.equal(others, decoys(truth, seed=1))
    assert 0 <= others.min() <= others.max() <= 1


def test_permutation_p_is_small_for_a_leak_and_uniform_without():
    g = torch.Generator().manual_seed(0)
    noise = torch.randn(12, 12, generator=g)
    assert permutation_p(noise + 4 * torch.eye(12)) == pytest.approx(1 / 10_001, abs=1e-4)
    values = torch.tensor([permutation_p(torch.randn(12, 12, generator=g), rounds=400, seed=i) for i in range(300)])
    deciles = (values * 10).ceil().long().bincount(minlength=11)[1:].double()
    assert ((deciles - 30).square() / 30).sum() < 27.9  # chi-squared, 9 degrees of freedom, 0.1 %


def test_exact_p_of_three_pictures():
    """Only the identity reaches the mean of the diagonal: one of 3! permutations."""
    p = permutation_p(torch.eye(3), rounds=60_000)
    assert p == pytest.approx(1 / 6, abs=0.01)


def test_within_labels_a_leaked_label_is_no_evidence():
    labels = torch.tensor([0] * 6 + [1] * 6)
    scores = (labels[:, None] == labels[None]).double() + 0.01 * torch.randn(
        12, 12, generator=torch.Generator().manual_seed(1)
    )
    assert permutation_p(scores) < 0.01
    assert permutation_p(scores, labels) > 0.05
    assert permutation_p(scores + torch.eye(12), labels) < 0.001


def test_what_cannot_be_permuted_is_refused():
    with pytest.raises(BadInput):
        permutation_p(torch.zeros(2, 3))
    with pytest.raises(BadInput, match="one label"):
        permutation_p(torch.eye(3), torch.tensor([0, 1, 2]))
