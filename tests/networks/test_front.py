"""The closed-form front: Wiener filter or a layer undone, then ridge."""

import pytest
import torch
from sklearn.linear_model import Ridge

from gi_core.models import build
from gi_core.networks.features import rank_one, scale_evidence
from gi_core.networks.front import LinearFront, solve_ridge
from gi_core.networks.undo import last_layer, maps_of, preactivations
from gi_core.training.base import psnr
from gi_core.training.linear_undo import LinearUndo
from gi_core.training.venom import clip_and_noise, head_gradient


@pytest.fixture(scope="module")
def lenet():
    return build("lenet", image_shape=(3, 32, 32), num_classes=10).requires_grad_(False)


@pytest.fixture(scope="module")
def fitted(lenet):
    generator = torch.Generator().manual_seed(0)
    coarse, fine = (torch.rand(2000, 3, side, side, generator=generator) for side in (4, 16))
    images = sum(
        share * torch.nn.functional.interpolate(part, 32, mode="bilinear")
        for share, part in ((0.6, coarse), (0.4, fine))
    )
    features = lenet.features(images)
    front = LinearFront(lenet)
    front.fit(lenet, features[:1900], images[:1900])
    return front, features[1900:], images[1900:]


@pytest.fixture(scope="module")
def plain(lenet, fitted):
    """Without undoing."""
    _, features, images = fitted
    front = LinearFront(lenet, undo=False)
    front.fit(lenet, features, images)
    return front, features


def seen_through(front, lenet, features, z):
    """The front's answer to head gradients of ``features`` clipped and noised by z."""
    generator, labels = torch.Generator().manual_seed(1), torch.arange(len(features)) % 10
    level = torch.full((len(features),), z)
    pair = (clip_and_noise(t, level, generator) for t in head_gradient(features, labels, lenet))
    return front(*front.features(rank_one(*pair)))[1]


def test_undoing_without_noise_gives_the_preactivations_one_layer_back(lenet, fitted):
    front, features, images = fitted
    truth = preactivations(lenet, images[:4])
    assert torch.allclose(front.below.again(truth).float(), features[:4], atol=1e-5)
    found = front.below(features[:4], torch.zeros(4), torch.zeros(4))
    assert (found - truth).norm() < 1e-2 * (truth - front.below.mean).norm()


def test_undoing_under_endless_noise_gives_the_mean(fitted):
    front, features, _ = fitted
    found = front.below(features[:2], torch.full((2,), 1e3), torch.full((2,), 1e3))
    assert torch.allclose(found, front.below.mean.expand(2, -1), atol=1e-2)


def test_the_front_loses_little_at_the_first_trace_of_noise_and_falls_monotonically(lenet, fitted):
    front, features, images = fitted
    found = [psnr(seen_through(front, lenet, features[:6], z), images[:6]) for z in (0.0, 1e-6, 1e-4, 1e-2, 1.0)]
    assert found == sorted(found, reverse=True)
    assert found[0] - found[1] < 1.5
    blind = psnr(front.offset.view(1, 3, 32, 32).expand(6, -1, -1, -1), images[:6])
    assert found[3] > blind > found[4] - 0.5


def test_training_takes_the_layer_as_linear_with_the_same_outcome(lenet, fitted):
    front, features, images = fitted
    few, truth = slice(0, 6), preactivations(lenet, images[:6])
    for sigma in (1e-4, 1e-2):
        error = sigma * torch.randn(features[few].shape, generator=torch.Generator().manual_seed(2))
        noise = torch.full((6,), sigma)
        quick = LinearUndo.of(front.below)(truth, error, noise)
        full = front.below(features[few] + error, noise, torch.zeros(6))
        gap = psnr(front.behind(quick)[1], images[few]) - psnr(front.behind(full)[1], images[few])
        assert abs(gap) < 1.5


def test_only_a_square_convolution_between_sigmoids_is_undone(lenet):
    assert last_layer(lenet) is lenet.body[4]
    assert maps_of(lenet) == (12, 8, 8)
    assert last_layer(build("lenet:activation=relu", image_shape=(3, 32, 32), num_classes=10)) is None
    assert maps_of(build("mlp", image_shape=(3, 32, 32), num_classes=10)) is None


def test_wiener_passes_clean_features_and_returns_the_mean_under_endless_noise(plain):
    front, features = plain
    few = features[:8]
    assert torch.allclose(front.wiener(few, torch.zeros(8)), few, atol=1e-6)
    assert torch.allclose(front.wiener(few, torch.full((8,), 1e4)), front.mean.expand(8, -1), atol=1e-4)
    noise = torch.full((8,), 0.03)
    noisy = few + 0.03 * torch.randn(few.shape, generator=torch.Generator().manual_seed(1))
    assert (front.wiener(noisy, noise) - few).norm() < 0.7 * (noisy - few).norm()


def test_ridge_equals_scikit_learns():
    generator = torch.Generator().manual_seed(0)
    x, y = torch.randn(5000, 6, generator=generator), torch.randn(5000, 3, generator=generator)
    expected = Ridge(alpha=2.5, fit_intercept=False).fit(x.double().numpy(), y.double().numpy()).coef_.T
    assert torch.allclose(solve_ridge(x, y, 2.5), torch.from_numpy(expected).float(), atol=1e-6)


def test_a_gradient_of_zeros_gives_the_mean_picture(fitted):
    front, _, _ = fitted
    found = rank_one(torch.zeros(1, 10, 768), torch.zeros(1, 10))
    picture = front(*front.features(found))[1]
    assert torch.allclose(picture.flatten(), front.offset, atol=0.02)


def test_features_of_any_scale_and_sign_come_back_to_their_own(plain):
    front, features = plain
    assert torch.allclose(front.rescaled(-0.06 * features[:20]), features[:20], rtol=2e-2)


@pytest.mark.parametrize("z", [1e-6, 1e-4, 1e-3])
def test_the_scales_stated_error_is_its_error(lenet, fitted, z):
    _, features, _ = fitted
    generator, labels = torch.Generator().manual_seed(3), torch.arange(len(features)) % 10
    level, size = torch.full((len(features),), z), features.norm(dim=1)
    pair = (clip_and_noise(t, level, generator) for t in head_gradient(features, labels, lenet))
    top, precision = scale_evidence(rank_one(*pair), lenet.head.weight, lenet.head.bias, float(size.mean()))
    ratio = ((top / precision - size).abs() * precision.sqrt()).median()
    assert 0.1 < ratio < 3
