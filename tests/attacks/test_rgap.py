"""R-GAP: chains of layers undone exactly, a clip's factor found, what cannot be undone refused in a sentence."""

import pytest
import torch
from torch import nn

import gi_core as gi
from gi_core.attacks import attacks
from gi_core.client import gradient
from gi_core.data.samples import sample
from gi_core.errors import BadInput
from gi_core.metrics.image import psnr
from gi_core.models.own import wrap
from gi_core.observation import Observation, Update
from gi_core.run import prepare


def answer(model: str, size: int = 16, **more):
    picture = sample("cat", size, 3).unsqueeze(0)
    scenario = gi.Scenario(model=model, image_size=size, attack="rgap", knowledge="labels", **more)
    observation = prepare(scenario, picture, device="cpu").observation
    (frame,) = attacks.parse("rgap").run(observation, 0)
    return picture, frame


def test_a_head_without_a_bias_is_own():
    with pytest.raises(BadInput, match="head with a bias"):
        answer("mlp:width=64,bias=no")


@pytest.mark.parametrize("model", ["lenet", "lenet:init=default", "mlp:width=64,activation=tanh"])
def test_a_picture_behind_a_chain_comes_back(model):
    picture, frame = answer(model)
    assert float(psnr(frame.images, picture)) > 50 and float(frame.loss) < 1e-3


def test_a_clip_over_the_whole_update_does_not_stop_it_and_its_factor_is_found():
    picture, frame = answer("lenet", defense="clip:norm=0.01")
    assert float(psnr(frame.images, picture)) > 50 and 0 < frame.report["factor"] < 0.1


def test_noise_stops_it():
    picture, frame = answer("lenet", defense="gaussian:sigma=0.01")
    assert float(psnr(frame.images, picture)) < 15


def test_leaky_activations_and_functions_are_undone_in_a_users_own_network():
    class Own(nn.Module):
        def __init__(self):
            super().__init__()
            self.first, self.second = nn.Conv2d(3, 16, 3, 2, 1), nn.Conv2d(16, 16, 3, 1, 1, bias=False)
            self.last = nn.Linear(16 * 64, 10)

        def forward(self, x):
            x = nn.functional.leaky_relu(self.first(x), 0.2)
            return self.last(torch.flatten(torch.tanh(self.second(x)), 1))

    torch.manual_seed(0)
    with pytest.raises(BadInput, match="rgap cannot undo MaxPool2d"):
        own(nn.Sequential(nn.Conv2d(3, 8, 3), nn.MaxPool2d(2), nn.Flatten(), nn.Linear(8 * 49, 10)))
    picture, frame = own(Own())
    assert float(psnr(frame.images, picture)) > 40


def own(module: nn.Module):
    victim = wrap(module, (3, 16, 16))
    picture = sample("cat", 16, 3).unsqueeze(0)
    sent = gradient(victim, picture, torch.tensor([3]))
    observation = Observation(victim=victim, update=Update(sent, "gradient", 1), batch_size=1)
    (frame,) = attacks.parse("rgap").run(observation, 0)
    return picture, frame


def test_two_pictures_are_refused():
    scenario = gi.Scenario(model="lenet", image_size=16, batch_size=2, attack="rgap")
    pictures = torch.stack([sample(n, 16, 3) for n in ("cat", "coffee")])
    with pytest.raises(BadInput, match="allowed is 1"):
        next(attacks.parse("rgap").run(prepare(scenario, pictures, device="cpu").observation, 0))
