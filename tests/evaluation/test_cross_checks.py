import pytest
import torch

from gi_core.data.samples import public_crops, sample
from gi_core.errors import BadInput
from gi_core.evaluation.controls import answer
from gi_core.evaluation.cross_checks import beats_mean, beats_nearest_oracle, consistency, gradient_cycle
from gi_core.run import prepare
from gi_core.scenario import Scenario
from gi_core.seeds import stream_seed


def run_of(**changes):
    scenario = Scenario(**{"model": "mlp:width=32", "attack": "analytic", "image_size": 16} | changes)
    pictures = torch.stack([sample(n, 16, 3) for n in ("cat", "coffee")[: scenario.batch_size]])
    run = prepare(scenario, pictures)
    return run, answer(run.attack, run.observation, stream_seed(scenario.seed, "attack"))


def test_an_exact_reconstruction_closes_the_cycle():
    run, images = run_of()
    cycle = gradient_cycle(run, images)
    assert cycle.reconstruction == pytest.approx(1, abs=1e-6)
    assert cycle.truth == pytest.approx(1, abs=1e-6)
    assert gradient_cycle(run, torch.rand_like(images)).reconstruction < 0.99


def test_a_fit_to_noise_is_told_from_a_fit_to_the_truth():
    run, images = run_of(model="lenet", attack="ig:steps=60,tv=0", defense="clip+gaussian:sigma=0.05")
    cycle = gradient_cycle(run, images)
    assert cycle.overfits == (cycle.reconstruction > cycle.truth)
    assert cycle.truth < 0.9
    assert gradient_cycle(run, run.truth).reconstruction == pytest.approx(cycle.truth)


def test_order_within_the_batch_is_mended_first():
    run, _ = run_of(batch_size=2, model="lenet", attack="ig:steps=1")
    assert gradient_cycle(run, run.truth.flip(0)).reconstruction == pytest.approx(1, abs=1e-6)


def test_several_clients_are_refused():
    run, images = run_of(clients=2)
    with pytest.raises(BadInput, match="clients=2"):
        gradient_cycle(run, images)


def test_consistency_falls_with_noise():
    exact, _ = run_of()
    noisy, _ = run_of(defense="dp-gaussian:epsilon=1")
    assert consistency(exact).ssim == pytest.approx(1, abs=1e-4)
    assert consistency(exact).spread < 1e-4
    assert consistency(noisy).ssim < 0.2
    assert consistency(noisy) == consistency(noisy)
    with pytest.raises(BadInput):
        consistency(exact, draws=1)


def test_the_nearest_public_picture_is_the_bar():
    public = public_crops(20, 16, 3, seed=0)
    truth = public[:2] + 0.05
    assert beats_nearest_oracle(truth.flip(0), truth, public) == [True, True]
    assert beats_nearest_oracle(torch.stack([truth[0] - 0.08, truth[1]]), truth, public) == [False, True]


def test_the_mean_public_picture_is_the_bar_for_a_constant_guess():
    public = torch.stack([torch.zeros(3, 16, 16), torch.ones(3, 16, 16)])
    truth = torch.full((2, 3, 16, 16), 0.6)
    assert beats_mean(torch.stack([truth[0] - 0.05, truth[1] + 0.3]), truth, public) == [True, False]
