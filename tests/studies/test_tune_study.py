"""Selection by loss never looks at the truth; selection by oracle is at least as similar."""

import torch

from gi_core import models
from gi_core.client import release
from gi_core.metrics.image import ssim
from gi_core.observation import Observation
from gi_core.studies.tune import TuneStudy, tuned


def test_oracle_is_an_upper_bound_and_loss_ignores_the_truth(picture):
    victim = models.build("lenet", image_shape=(3, 32, 32), num_classes=10)
    labels = torch.tensor([3])
    observation = Observation(victim, release(victim, picture, labels).defended, 1, labels)
    fair = tuned("ig:steps=6", observation, 3, 0, "loss", picture)
    blind = tuned("ig:steps=6", observation, 3, 0, "loss", torch.zeros_like(picture))
    oracle = tuned("ig:steps=6", observation, 3, 0, "oracle-ssim", picture)
    assert torch.equal(fair.images, blind.images)
    assert fair.options == blind.options
    assert ssim(oracle.images, picture) >= ssim(fair.images, picture)


def test_oracle_rows_are_named():
    selections = {c["selection"] for c in TuneStudy(candidates=3, count=3).cells()}
    assert selections == {"loss", "oracle-ssim", "oracle-sample"}
