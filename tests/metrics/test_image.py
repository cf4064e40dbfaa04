import numpy as np
import pytest
import torch
from skimage.metrics import peak_signal_noise_ratio, structural_similarity

from gi_core.errors import BadInput
from gi_core.metrics import PSNR_CAP, mse, psnr, ssim


def pair(batch, channels, size, seed=0):
    g = torch.Generator().manual_seed(seed)
    truth = torch.rand(batch, channels, size, size, generator=g)
    return (truth + 0.1 * torch.randn(truth.shape, generator=g)).clamp(0, 1), truth


@pytest.mark.parametrize(("channels", "size"), [(1, 28), (3, 32), (3, 224), (1, 11)])
def test_values_are_those_of_scikit_image(channels, size):
    images, truth = pair(3, channels, size)
    ours_ssim, ours_psnr = ssim(images, truth), psnr(images, truth)
    for i in range(3):
        a, b = images[i].double().numpy(), truth[i].double().numpy()
        theirs = structural_similarity(
            a, b, data_range=1, channel_axis=0, gaussian_weights=True, sigma=1.5, use_sample_covariance=False
        )
        assert ours_ssim[i].item() == pytest.approx(theirs, abs=1e-5)
        assert ours_psnr[i].item() == pytest.approx(peak_signal_noise_ratio(b, a, data_range=1), abs=1e-4)


def test_ssim_of_flat_pictures_is_the_luminance_term():
    a, b = torch.full((1, 1, 16, 16), 0.2), torch.full((1, 1, 16, 16), 0.7)
    expected = (2 * 0.2 * 0.7 + 1e-4) / (0.2**2 + 0.7**2 + 1e-4)
    assert ssim(a, b).item() == pytest.approx(expected, rel=1e-5)


def test_exact_copy_is_capped_and_perfect():
    _, truth = pair(2, 3, 32)
    assert psnr(truth, truth).tolist() == [PSNR_CAP, PSNR_CAP]
    assert ssim(truth, truth).tolist() == [1, 1]
    assert mse(truth, truth).tolist() == [0, 0]


def test_values_outside_the_pixel_range_are_clamped():
    truth = torch.zeros(1, 3, 32, 32)
    assert psnr(truth - 5, truth).item() == PSNR_CAP
    assert mse(truth + 7, truth).item() == 1


def test_one_number_per_picture():
    images, truth = pair(4, 3, 32)
    images[2] = truth[2]
    values = psnr(images, truth)
    assert values.shape == (4,)
    assert values[2] == PSNR_CAP
    assert np.all(values[[0, 1, 3]].numpy() < 30)


@pytest.mark.parametrize(
    ("a", "b", "words"),
    [
        (torch.zeros(1, 3, 32, 32), torch.zeros(2, 3, 32, 32), "equal"),
        (torch.full((1, 1, 32, 32), float("nan")), torch.zeros(1, 1, 32, 32), "NaN"),
        (torch.zeros(1, 1, 8, 8), torch.zeros(1, 1, 8, 8), "11x11"),
    ],
)
def test_what_cannot_be_compared_is_refused(a, b, words):
    with pytest.raises(BadInput, match=words):
        ssim(a, b)
