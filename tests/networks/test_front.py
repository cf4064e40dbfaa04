"""The closed-form front: undoing a layer, Wiener filter, ridge."""

import pytest
import torch
from sklearn.linear_model import Ridge

from gi_core.models import build
from gi_core.networks.features import rank_one
from gi_core.networks.front import LEVELS, LinearFront, last_layer, maps_of, solve_ridge


@pytest.fixture(scope="module")
def lenet():
    return build("lenet", image_shape=(3, 32, 32), num_classes=10).requires_grad_(False)


@pytest.fixture(scope="module")
def fitted(lenet):
    generator = torch.Generator().manual_seed(0)
    images = torch.nn.functional.interpolate(torch.rand(800, 3, 8, 8, generator=generator), 32, mode="bilinear")
    features = lenet.features(images)
    front = LinearFront(lenet)
    front.fit(features, images)
    return front, features, images


def test_undo_gives_the_preactivation_one_layer_back(lenet, fitted):
    front, features, images = fitted
    below = lenet.body[:3]((images[:8] - lenet.mean) / lenet.std).flatten(1)
    undone = front.undo(features[:8])
    assert torch.equal(undone[:, :768], features[:8])
    assert (undone[:, 768:] - below).norm() < 1e-2 * below.norm()


def test_only_a_square_convolution_between_sigmoids_is_undone(lenet):
    assert last_layer(lenet) is lenet.body[4]
    assert maps_of(lenet) == (12, 8, 8)
    assert last_layer(build("lenet:activation=relu", image_shape=(3, 32, 32), num_classes=10)) is None
    assert maps_of(build("mlp", image_shape=(3, 32, 32), num_classes=10)) is None


def test_wiener_passes_clean_features_and_returns_the_mean_under_endless_noise(fitted):
    front, features, _ = fitted
    few = features[:8]
    assert torch.allclose(front.wiener(few, torch.zeros(8)), few, atol=1e-6)
    assert torch.allclose(front.wiener(few, torch.full((8,), 1e4)), front.mean.expand(8, -1), atol=1e-4)
    noise = torch.full((8,), 0.03)
    noisy = few + 0.03 * torch.randn(few.shape, generator=torch.Generator().manual_seed(1))
    assert (front.wiener(noisy, noise) - few).norm() < 0.7 * (noisy - few).norm()


def test_the_deep_picture_is_used_without_noise_and_dropped_with_it(fitted):
    front, features, images = fitted
    shares = front.share(torch.tensor([0.0, 10 ** LEVELS[0], 1e-2, 1.0]))
    assert shares[0] == shares[1] > 0.9
    assert shares[2] < 0.05
    assert shares[3] < 0.05
    clean = front(features[:50], torch.zeros(50))[1]
    blind = front(front.mean.expand(50, -1), torch.full((50,), 1e3))[1]
    assert (clean - images[:50]).square().mean() < 0.1 * (blind - images[:50]).square().mean()


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


def test_features_of_any_scale_and_sign_come_back_to_their_own(fitted):
    front, features, _ = fitted
    assert torch.allclose(front.rescaled(-0.06 * features[:20]), features[:20], rtol=2e-2)
