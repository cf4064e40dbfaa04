"""analytic, dlg, idlg and ig on small victims."""

import pytest
import torch

import gi_core as gi
from gi_core.attacks import attacks
from gi_core.data.samples import sample
from gi_core.errors import BadInput


def picture(name="cat", size=32):
    return sample(name, size, 3).unsqueeze(0)


def test_analytic_is_exact_for_one_picture():
    s = gi.Scenario(model="mlp", attack="analytic")
    assert gi.run(s, picture()).scores[0]["psnr"] >= 60


def test_analytic_reads_part_of_a_batch():
    x = torch.stack([sample(n, 32, 3) for n in ("cat", "coffee", "rocket", "letters")])
    s = gi.Scenario(model="mlp:width=2048,depth=1", attack="analytic", batch_size=4)
    scores = [score["psnr"] for score in gi.run(s, x, labels=torch.tensor([1, 2, 3, 4])).scores]
    assert max(scores) > 40
    assert min(scores) < 40


@pytest.mark.parametrize(("model", "words"), [("lenet", "Conv2d"), ("mlp:bias=false", "no bias")])
def test_analytic_says_what_it_needs(model, words):
    with pytest.raises(BadInput, match=words):
        gi.run(gi.Scenario(model=model, attack="analytic"), picture())


def test_dlg_rebuilds_picture_and_label():
    s = gi.Scenario(model="lenet", attack="dlg:restarts=3", image_size=16, knowledge="none")
    trace = gi.run(s, picture(size=16), labels=torch.tensor([7]))
    assert trace.scores[0]["psnr"] > 30
    assert trace.guessed_labels == [7]  # the optimised label: a peer returns that of its initial template


def test_idlg_finds_the_label_of_twenty_pictures():
    names = ["cat", "coffee", "rocket", "retina", "tissue"]
    hits = 0
    for i in range(20):
        s = gi.Scenario(model="lenet", attack="idlg:steps=1", knowledge="none", seed=i)
        trace = gi.run(s, picture(names[i % 5]))
        hits += trace.guessed_labels == trace.labels
    assert hits == 20


@pytest.mark.parametrize("options", ["", ",objective=l2", ",objective=l1", ",optimiser=lbfgs,tv=0,lr=0.5"])
def test_ig_moves_towards_the_picture(options):
    s = gi.Scenario(model="lenet", attack=f"ig:steps=40{options}", image_size=16)
    history = gi.run(s, picture(size=16)).history
    assert history[-1]["loss"] < 0.7 * history[0]["loss"]


def test_restarts_return_the_start_of_lowest_loss():
    s = gi.Scenario(model="lenet", attack="ig:steps=15,restarts=3,decay=false", image_size=16)
    run = gi.prepare(s, picture(size=16))
    best: dict[int, tuple[float, torch.Tensor]] = {}
    overall = []
    for frame in run:
        loss = float(frame.loss)
        overall.append(loss)
        if frame.restart not in best or loss < best[frame.restart][0]:
            best[frame.restart] = (loss, frame.images.clone())
    assert len(best) == 3
    lowest = min(best.values(), key=lambda pair: pair[0])
    assert lowest[0] == min(overall)
    assert torch.equal(run.trace().images, lowest[1])


def test_a_warm_start_begins_where_the_first_attack_ended():
    s = gi.Scenario(model="mlp:width=64,depth=1", attack="analytic+ig:steps=3")
    first = next(iter(gi.prepare(s, picture())))
    assert (first.images - picture()).abs().max() < 1e-3


def test_knowing_the_defense_helps():
    x = picture(size=16)
    base = gi.Scenario(
        model="lenet", attack="ig:steps=150,objective=l2,tv=1e-6,lr=0.03", defense="topk:keep=0.2", image_size=16
    )
    blind = gi.run(base, x).scores[0]["mse"]
    adapted = gi.run(base.replace(knowledge="labels+defense"), x).scores[0]["mse"]
    assert adapted < blind


def test_noise_makes_ig_worse():
    x = picture(size=16)
    scores = [
        gi.run(gi.Scenario(model="lenet", attack="ig:steps=200", image_size=16, defense=d), x).scores[0]["psnr"]
        for d in ("none", "gaussian:sigma=0.1", "gaussian:sigma=10")
    ]
    assert scores == sorted(scores, reverse=True)


def test_batchnorm_in_train_mode_can_be_attacked():
    s = gi.Scenario(model="resnet18:width=4", mode="train", batch_size=2, attack="ig:steps=3", image_size=16)
    x = torch.cat([picture(size=16), picture("coffee", 16)])
    assert gi.run(s, x).iterations == 4


def test_every_attack_says_what_it_assumes_and_when_it_fails():
    for cls in attacks:
        assert cls.assumes, cls.name
        assert cls.fails, cls.name
        assert cls.defend, cls.name
