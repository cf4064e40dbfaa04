"""YOLOv8-n: size, loss parts against references, training."""

import pytest
import torch

from gi_core import models
from gi_core.errors import BadInput
from gi_core.models.detection import BINS, Prediction, assign, ciou, corners, detection_loss, side_distribution_loss

VARIANTS = ["yolov8n", "yolov8n:preact=true", "yolov8n:block=basic"]


def build(name="yolov8n", side=64, classes=3, mode="train"):
    return models.build(name, image_shape=(3, side, side), num_classes=classes, mode=mode)


def test_parameter_count_at_80_classes():
    with torch.device("meta"):
        victim = models.models.parse("yolov8n").build((3, 640, 640), 80)
    count = sum(p.numel() for p in victim.parameters())
    assert count + BINS == 3_157_200  # the published model counts the decoder's 16 fixed bin values


def test_ciou_closed_forms():
    box = torch.tensor([[0.0, 0.0, 10.0, 10.0]])
    assert ciou(box, box).item() == pytest.approx(1, abs=1e-5)
    beside = box + torch.tensor([20.0, 0.0, 20.0, 0.0])
    assert ciou(box, beside).item() == pytest.approx(-(20**2) / (30**2 + 10**2), abs=1e-5)
    half = torch.tensor([[0.0, 0.0, 10.0, 5.0]])
    v = 4 / torch.pi**2 * (torch.atan(torch.tensor(2.0)) - torch.atan(torch.tensor(1.0))) ** 2
    expected = 0.5 - 2.5**2 / 200 - v * v / (v - 0.5 + 1)
    assert ciou(box, half).item() == pytest.approx(expected.item(), abs=1e-5)


def perfect_prediction(truth: torch.Tensor, classes: int, label: int) -> Prediction:
    """Every location inside points at the box's sides and is sure of its class."""
    y, x = torch.meshgrid(torch.arange(8), torch.arange(8), indexing="ij")
    centres = (torch.stack([x, y], -1).view(-1, 2) + 0.5) * 8
    distances = torch.cat([centres - truth[:2], truth[2:] - centres], -1) / 8
    sides = torch.full((64, 4, BINS), -1e4)
    whole = distances.clamp(0, BINS - 1).round().long()
    sides.scatter_(-1, whole[..., None], 0.0)
    scores = torch.full((1, 64, classes), -20.0)
    scores[..., label] = 20.0
    return Prediction(sides.flatten(1)[None], scores, centres, torch.full((64,), 8.0))


def test_assignment_takes_locations_inside_of_the_right_class():
    target = torch.tensor([[[1.0, 0.5, 0.5, 0.625, 0.625], [-1, 0, 0, 0, 0]]])  # 12..52 pixels of 64: on cell centres
    truth = corners(target, (64, 64))[0, 0]
    prediction = perfect_prediction(truth, classes=3, label=1)
    goal = assign(prediction, target, (64, 64))
    inside = ((prediction.centres > truth[:2]) & (prediction.centres < truth[2:])).all(-1)
    assert goal.taken.sum() == 10
    assert not (goal.taken[0] & ~inside).any()
    torch.testing.assert_close(goal.scores[0, goal.taken[0], 1], torch.ones(10), atol=1e-3, rtol=0)
    assert goal.scores[..., [0, 2]].sum() == 0
    assert side_distribution_loss(prediction, goal.boxes)[goal.taken].max() < 1e-2
    right = detection_loss(prediction, target, (64, 64))
    wrong = detection_loss(prediction, target + torch.tensor([0, 0.1, 0, 0, 0]) * (target[..., :1] >= 0), (64, 64))
    assert right < wrong / 5


def test_padding_and_empty_pictures_change_nothing_but_classes():
    victim = build(mode="eval")
    generator = torch.Generator().manual_seed(1)
    x, y = torch.rand(2, 3, 64, 64, generator=generator), victim.draw_targets(2, generator)
    padded = torch.cat([y, torch.tensor([-1.0, 0, 0, 0, 0]).expand(2, 3, 5)], 1)
    torch.testing.assert_close(victim.loss(x, y), victim.loss(x, padded))
    assert victim.loss(x, padded[:, 1:]).isfinite()


@pytest.mark.parametrize("name", VARIANTS)
@pytest.mark.parametrize("mode", ["train", "eval"])
def test_double_backward(name, mode):
    victim = build(name, mode=mode)
    generator = torch.Generator().manual_seed(0)
    x = torch.rand(2, 3, 64, 64, generator=generator).requires_grad_()
    loss = victim.loss(x, victim.draw_targets(2, generator))
    gradient = torch.autograd.grad(loss, list(victim.parameters()), create_graph=True)
    total = torch.stack([g.square().sum() for g in gradient]).sum()
    assert (torch.autograd.grad(total, x)[0] != 0).float().mean() > 0.9


def test_loss_falls_and_boxes_are_found():
    """Bright squares of two classes on dark ground: after training the best-scored location points at the square."""
    generator = torch.Generator().manual_seed(3)
    x = 0.1 * torch.rand(4, 3, 64, 64, generator=generator)
    y = torch.zeros(4, 1, 5)
    for i, (left, top) in enumerate([(4, 8), (28, 4), (8, 30), (30, 30)]):
        x[i, i % 2, top : top + 28, left : left + 28] = 1.0
        y[i, 0] = torch.tensor([i % 2, (left + 14) / 64, (top + 14) / 64, 28 / 64, 28 / 64])
    victim = build(classes=2)
    optimiser = torch.optim.Adam(victim.parameters(), lr=2e-3)
    losses = []
    for _ in range(80):
        optimiser.zero_grad()
        loss = victim.loss(x, y)
        loss.backward()
        optimiser.step()
        losses.append(loss.item())
    assert sum(losses[-5:]) < 0.5 * sum(losses[2:7])
    with torch.no_grad():
        prediction = victim(x)
    best = prediction.scores.amax(-1).argmax(1)
    found = prediction.boxes()[torch.arange(4), best]
    assert (prediction.scores[torch.arange(4), best].argmax(-1) == y[:, 0, 0]).all()
    assert ciou(found, corners(y, (64, 64))[:, 0]).min() > 0.3


@pytest.mark.parametrize(
    ("labels", "words"),
    [
        (torch.zeros(1), "needs \\(1,N,5\\)"),
        (torch.tensor([[[3.0, 0.5, 0.5, 0.1, 0.1]]]), "from 0 to 2"),
        (torch.tensor([[[1.0, 0.5, 1.5, 0.1, 0.1]]]), "from 0 to 1"),
    ],
)
def test_bad_boxes_are_refused(labels, words):
    with pytest.raises(BadInput, match=words):
        build().check_targets(labels, 1)


@pytest.mark.parametrize("fields", [{"attack": "dlg:steps=1"}, {"attack": "ig:steps=1", "defense": "soteria"}])
def test_what_needs_a_linear_head_says_so(fields):
    import gi_core as gi

    with pytest.raises(BadInput, match="linear head"):
        gi.run(gi.Scenario(model="yolov8n", image_size=32, **fields), torch.rand(1, 3, 32, 32))


def test_attacked_in_training_mode_with_its_statistics():
    import gi_core as gi

    scenario = gi.Scenario(
        model="yolov8n", image_size=64, mode="train", attack="bn-exact:steps=2", knowledge="labels+buffers"
    )
    trace = gi.run(scenario, torch.rand(1, 3, 64, 64))
    assert trace.iterations == 3
    assert len(trace.labels[0][0]) == 5
