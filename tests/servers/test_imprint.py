"""The imprint: one division a row, for whatever stands behind the update."""

import math

import pytest
import torch

import gi_core as gi
from gi_core.attacks.imprint import expected
from gi_core.data.samples import public_crops
from gi_core.errors import BadInput
from gi_core.evaluation.controls import control
from gi_core.metrics.scores import recovered
from gi_core.models import build
from gi_core.run import prepare
from gi_core.servers import servers
from gi_core.servers.imprint import Bins
from gi_core.studies.imprint_photographs import counted, peeled


def photos(count: int, size: int = 28, channels: int = 3, seed: int = 7) -> torch.Tensor:
    """Crops of public pictures, some in the shade and some in the light."""
    light = torch.linspace(0.4, 1.3, count)[torch.randperm(count, generator=torch.Generator().manual_seed(seed))]
    return (public_crops(count, size, channels, seed) * light.view(-1, 1, 1, 1)).clamp(0, 1)


def scenario(**fields) -> gi.Scenario:
    return gi.Scenario(
        **({"attack": "imprint", "server": "imprint:bins=64", "image_size": 28, "batch_size": 8} | fields)
    )


def frame_of(run):
    return list(run)[-1]


def errors(run, pool):
    """(M,) mean squared error of each picture of the pool against the nearest of all clients' pictures."""
    return (pool[:, None] - run.cohort[None]).square().flatten(2).mean(2).min(1).values


@pytest.mark.parametrize("sparse", [True, False])
def test_three_pictures_in_three_bins_are_three_quotients(sparse):
    pictures = torch.tensor([[0.1, 0.3], [0.5, 0.5], [0.9, 0.6]], dtype=torch.float64)
    bins = Bins(torch.full((1, 2), 0.5), torch.tensor([[-9.0, 0.3, 0.6, 2.0]]), sparse=sparse, checksums=16).double()
    delta = torch.tensor([0.7, -0.2, 0.4], dtype=torch.float64)
    loss = (bins(pictures.view(3, 1, 1, 2)).sum(1) * delta).sum()
    weight, bias = torch.autograd.grad(loss, list(bins.parameters()))
    if not sparse:
        weight, bias = weight - torch.cat([weight[1:], weight[:1] * 0]), bias - torch.cat([bias[1:], bias[:1] * 0])
    torch.testing.assert_close(bias[:3], delta)
    torch.testing.assert_close(weight[:3, :2] / bias[:3, None], pictures)
    torch.testing.assert_close(weight[:3, 2:6] / bias[:3, None], 1 + pictures.square()[:, [0, 0, 1, 1]])
    assert not weight[3].any()


@pytest.mark.parametrize(
    "fields",
    [
        {"model": "lenet"},
        {"model": "lenet", "channels": 1},
        {"model": "mlp:width=16"},
        {"model": "resnet18:width=4", "mode": "train"},
        {"model": "vit-tiny", "batch_size": 4},
        {"server": "imprint:bins=64,units=cumulative"},
        {"server": "imprint:bins=64,measure=smooth,fit=public"},
        {"server": "imprint:bins=64,measure=randn"},
        {"server": "imprint:bins=64,connect=logit,gain=4"},
        {"clients": 4, "batch_size": 3},
        {"local_steps": 3, "server": "imprint:bins=64,gain=1"},
        {"defense": "clip:norm=0.1,per=update"},
        {"defense": "clip:norm=0.1,per=example"},
        {"defense": "dropout:p=0.3"},
    ],
    ids=str,
)
def test_pictures_alone_in_their_bin_come_out_whole(fields):
    s = scenario(**fields)
    run = prepare(s, photos(s.batch_size, channels=s.channels))
    frame = frame_of(run)
    report = frame.report
    trusted = errors(run, frame.pool)[torch.tensor(report["trust"], dtype=torch.bool)]
    assert len(trusted) > 0 and (trusted < 1e-3).all(), "a trusted picture is nearer than 30 dB"
    share = run.trace().report["recovered"]
    assert share >= max(0.3 if s.clients > 1 else 0.5, len(trusted) / len(run.cohort) - 1e-6)


@pytest.mark.parametrize("defense", ["clip+gaussian:sigma=0.001", "sign", "dp-gaussian:epsilon=10"])
def test_a_defense_that_hides_the_rows_leaves_nothing_to_trust(defense):
    run = prepare(scenario(defense=defense), photos(8))
    report = frame_of(run).report
    assert report["trusted"] == 0
    assert not any(row["recovered"] for row in run.trace().scores)


def test_three_questions_read_more_than_one():
    shares = {",questions=1": 0.0, "": 0.0}
    for seed in (7, 8, 9):
        for questions in shares:
            run = prepare(scenario(batch_size=32, server=f"imprint:bins=128{questions}"), photos(32, seed=seed))
            frame = frame_of(run)
            trusted = errors(run, frame.pool)[torch.tensor(frame.report["trust"], dtype=torch.bool)]
            assert (trusted < 1e-3).all()
            shares[questions] += float(recovered(run.cohort, frame.pool).float().mean()) / 3
    one, three = shares.values()
    assert three > one + 0.1
    with pytest.raises(BadInput, match="questions=2"):
        servers.parse("imprint:questions=2,units=cumulative")


def test_the_estimated_error_hardly_ever_falls_below_the_true_one():
    run = prepare(scenario(batch_size=64, server="imprint:bins=64,questions=1,measure=smooth"), photos(64))
    frame = frame_of(run)
    true, told = errors(run, frame.pool), torch.tensor(frame.report["error"])
    assert len(true) > 20 and (true > 1e-4).any(), "some bins hold several pictures"
    assert (true <= 1.05 * told + 1e-8).float().mean() > 0.9 and (true <= 5 * told + 1e-8).all()


def test_controls_show_no_trusted_picture():
    run = prepare(scenario(), photos(8))
    for draw in range(20):
        for observation in control(run, "noise", draw).observations:
            (frame,) = run.attack.run(observation, 0)
            assert frame.report["trusted"] == 0


@pytest.mark.parametrize(("pictures", "bins", "questions"), [(16, 32, 1), (64, 256, 3), (96, 96, 3)])
def test_expected_number_is_that_of_random_draws(pictures, bins, questions):
    draws, generator = 400, torch.Generator().manual_seed(0)
    places = torch.randint(bins // questions, (draws, pictures, questions), generator=generator)
    read = torch.stack([peeled(row).sum() for row in places]).double()
    server = servers.parse(f"imprint:bins={bins},questions={questions}")
    facts = server.send(build("lenet", image_shape=(3, 28, 28), num_classes=10), 0).facts
    slack = 0.02 * pictures if questions > 1 else 0.0
    assert abs(read.mean() - expected(facts, pictures)) < 4 * read.std() / math.sqrt(draws) + slack


@pytest.mark.parametrize("model", ["lenet", "resnet18:width=4", "vit-tiny"])
@pytest.mark.parametrize("server", ["imprint:bins=64,questions=1", "imprint:bins=64"])
def test_bins_that_are_counted_are_what_the_update_gives(model, server):
    s, pictures = scenario(model=model, server=server, batch_size=24), photos(24, seed=5)
    told = frame_of(prepare(s, pictures)).report
    count = counted(s, pictures)["recovered"] * len(pictures)
    assert abs(told["trusted"] - count) <= 3, "two cuts that look alike, or a picture on a threshold"
    assert counted(s, pictures)["expected"] * len(pictures) == pytest.approx(told["expected"])


def test_rows_that_cannot_be_peeled_ask_one_question():
    facts = [
        servers.parse(t) for t in ("imprint", "imprint:units=cumulative", "imprint:connect=logit", "imprint:bins=4")
    ]
    assert [s.asked for s in facts] == [3, 1, 1, 1]


def test_with_gain_going_to_nothing_the_network_works_as_before():
    victim = build("lenet", image_shape=(3, 28, 28), num_classes=10)
    (sent,) = servers.parse("imprint:gain=1e-9").send(victim, 0).target
    x = photos(4)
    torch.testing.assert_close(sent(x), victim(x), atol=1e-5, rtol=0)
    assert not any("bins" in name for name, _ in victim.named_parameters()), "the honest network is left alone"


def test_the_attack_needs_a_layer_to_read():
    with pytest.raises(BadInput, match="server=imprint"):
        gi.run(gi.Scenario(attack="imprint"), photos(1, 32))
    with pytest.raises(BadInput, match="use fit=gauss"):
        gi.run(scenario(server="imprint:bins=4096,fit=public"), photos(8))
    with pytest.raises(BadInput, match="imprint:bins=65536"):
        gi.run(scenario(server="imprint:bins=65536"), photos(8))
