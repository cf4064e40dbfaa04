from itertools import permutations

import torch

from gi_core.metrics import assign, match, mse


def test_a_shuffled_batch_is_put_back():
    g = torch.Generator().manual_seed(0)
    truth = torch.rand(16, 3, 32, 32, generator=g)
    order = torch.randperm(16, generator=g)
    shuffled = (truth + 0.2 * torch.randn(truth.shape, generator=g))[order]
    permutation = assign(shuffled, truth)
    assert torch.equal(order[permutation], torch.arange(16))
    assert torch.equal(match(shuffled, truth), shuffled[permutation])


def test_it_is_the_best_of_all_permutations_even_when_greedy_is_not():
    for seed in range(20):
        g = torch.Generator().manual_seed(seed)
        images, truth = torch.rand(2, 5, 1, 2, 2, generator=g)
        best = min(mse(images[list(p)], truth).sum().item() for p in permutations(range(5)))
        assert abs(mse(match(images, truth), truth).sum().item() - best) < 1e-6


def test_each_reconstruction_is_used_once():
    truth = torch.rand(4, 1, 8, 8, generator=torch.Generator().manual_seed(1))
    images = truth[:1].expand(4, -1, -1, -1)
    assert sorted(assign(images, truth).tolist()) == [0, 1, 2, 3]
