"""The client that looks before it trains."""

import json

import pytest
import torch
from click.testing import CliRunner

from gi_core.cli import main
from gi_core.data.samples import public_crops
from gi_core.defenses.inspect import Shares, dominance, inspect, unexplained
from gi_core.errors import BadInput
from gi_core.evaluation.inspection import inspect_sent
from gi_core.models import build
from gi_core.scenario import Scenario

MODELS = ("lenet", "mlp:width=32", "resnet18:width=8", "vit-tiny")


def small(**fields):
    return Scenario(**({"image_size": 28} | fields))


@pytest.mark.parametrize("model", MODELS)
def test_fresh_models_of_an_honest_server_are_green(model):
    sight = inspect_sent(small(model=model))
    assert sight.level == "green" and sight.others is None
    assert not sight.target.findings


def test_a_saturated_head_whose_rows_belong_to_one_label_each_is_no_alarm():
    assert inspect_sent(small(model="lenet", weights="init:seed=3", image_size=32)).level == "green"


@pytest.mark.parametrize("model", MODELS)
@pytest.mark.parametrize("server", ["imprint", "imprint:units=cumulative", "imprint:connect=logit,gain=4"])
def test_an_imprint_is_red_by_its_weights_alone(model, server):
    sight = inspect_sent(small(model=model, server=server), architecture=False)
    assert sight.level == "red"
    assert {"repeated rows", "effective rank", "bias order"} <= {f.check for f in sight.target.findings}


def test_who_knows_the_architecture_sees_an_extra_layer_whatever_its_weights():
    victim = build("lenet", image_shape=(3, 28, 28), num_classes=10)
    other = build("lenet", image_shape=(3, 28, 28), num_classes=7)
    assert inspect(victim, agreed=victim).level == "green"
    assert [f.check for f in inspect(victim, agreed=other).findings] == ["architecture"]


def test_disaggregation_ratio_of_equal_pictures_is_one_over_the_others():
    victim = build("lenet", image_shape=(3, 28, 28), num_classes=10)
    images = public_crops(1, 28, 3, 0).expand(5, -1, -1, -1)
    shares = Shares(victim, images, torch.full((5,), 3))
    assert all(value == pytest.approx(1 / 4, rel=1e-4) for value in shares.signal.values())
    assert dominance(torch.tensor([3.0, 1.0, 0.5])) == pytest.approx(2.0)


def test_trained_parameters_are_left_as_they_were():
    victim = build("resnet18:width=4", image_shape=(3, 28, 28), num_classes=10, mode="train")
    before = {name: tensor.clone() for name, tensor in victim.state_dict().items()}
    inspect(victim, public_crops(4, 28, 3, 0), torch.arange(4))
    assert victim.training and all(torch.equal(before[n], t) for n, t in victim.state_dict().items())
    assert all(p.grad is None for p in victim.parameters())


def test_the_command_says_red_and_why():
    told = CliRunner().invoke(main, ["inspect", "lenet", "--server", "imprint:bins=32", "--image-size", "28", "--json"])
    found = json.loads(told.output)
    assert found["level"] == "red" and found["same"] and found["target"]["findings"][0]["says"]
    plain = CliRunner().invoke(main, ["inspect", "--model", "lenet"])
    assert plain.output.startswith("green")


def test_refusals():
    with pytest.raises(BadInput, match="at least 2"):
        inspect_sent(small(), torch.rand(1, 3, 28, 28))
    with pytest.raises(BadInput, match="no model is named"):
        CliRunner().invoke(main, ["inspect"], catch_exceptions=False, standalone_mode=False)


def test_large_features_explain_an_improbable_class_and_an_empty_row_with_a_bias_does_not():
    generator = torch.Generator().manual_seed(0)
    for _ in range(20):
        weight, features = torch.randn(10, 400, generator=generator) / 20, 40 * torch.randn(400, generator=generator)
        logits = weight @ features
        assert float(-logits.log_softmax(0).min()) > 18, "a class that is improbable"
        assert (unexplained(logits, features, weight) < 18).all()
    fished = torch.zeros(10, 400)
    fished[0] = torch.nn.functional.normalize(torch.randn(400, generator=generator), dim=0)
    features = torch.randn(400, generator=generator)
    logits = fished @ features + torch.tensor([0.0] + [30.0] * 9)
    assert (unexplained(logits, features, fished) > 18).tolist() == [True] + [False] * 9


def test_a_fresh_network_at_the_size_of_photographs_is_no_alarm():
    assert inspect_sent(Scenario(image_size=128)).level == "green"
    assert "silent class" in {f.check for f in inspect_sent(Scenario(image_size=128, server="fishing")).target.findings}
