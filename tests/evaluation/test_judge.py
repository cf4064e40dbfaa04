"""A run beside its control: the same judgement from every door, and none that a made-up picture can earn."""

import json

import pytest
import torch
from click.testing import CliRunner

import gi_core as gi
from gi_core.attacks import attacks
from gi_core.cli import main
from gi_core.data.samples import sample
from gi_core.errors import BadInput
from gi_core.evaluation.controls import gain, learned
from gi_core.evaluation.judge import judge, judge_answers, judging
from gi_core.evaluation.wording import sentence
from gi_core.run import prepare
from gi_core.scenario import Scenario
from gi_core.store import restored
from gi_core.web.server.run_service import RunService
from gi_core.web.settings import Limits

CAST = ("cat", "coffee", "rocket", "tissue", "blobs", "letters", "checker", "gradient")
GREY_HABIT = {"model": "lenet", "attack": "venom", "defense": "dp-gaussian:epsilon=1"}
BESIDE = {"verdict", "control", "gain", "bounds"}


def finished(**changes):
    scenario = Scenario(**{"model": "mlp:width=32", "attack": "analytic", "image_size": 16} | changes)
    run = prepare(scenario, torch.stack([sample(n, scenario.image_size, 3) for n in CAST[: scenario.batch_size]]))
    for _ in run:
        pass
    return run, run.trace()


def judged(names=("noise",), **changes):
    return judge(*finished(**changes), names=names)


# ---- what it says ---------------------------------------------------------------------------------------------------


def test_an_exact_attack_is_faithful_and_ranks_first_of_a_hundred():
    names = ("noise", "random-picture", "same-label-picture")
    result = judged(names=names)
    assert result.word == "Faithful" and result.levels == (3,)
    told = result.to_dict()
    assert (told["rank"], told["candidates"]) == (1, 100)
    assert tuple(result.controls) == tuple(result.gains) == names
    assert told["reason"]["structure"] > 0.99 and told["gain"]["psnr"]["mean"] > 30
    assert json.loads(json.dumps(told)) == told


def test_gradient_matching_on_lenet_picks_the_picture_out():
    result = judged(model="lenet", attack="ig:steps=300,tv=1e-3")
    assert result.level >= 1 and result.likenesses[0].rank == 1


def test_under_differential_privacy_the_verdict_is_nothing_whatever_the_seed():
    assert [judged(defense="dp-gaussian:epsilon=1", seed=seed).level for seed in range(12)] == 12 * [0]


@pytest.mark.parametrize("attack", ["venom", "fgla"])
def test_learned_attacks_leak_without_a_defense_and_are_unmasked_under_differential_privacy(attack):
    """Venom's answer to noise is a plausible picture: SSIM 0.36 on the rocket, and yet nothing of it leaked."""
    lenet = {"model": "lenet", "attack": attack, "image_size": 32}
    assert judged(**lenet).level >= 1
    results = [judged(**lenet, defense="dp-gaussian:epsilon=1", seed=seed) for seed in range(6)]
    assert [r.level for r in results] == 6 * [0]
    likenesses = [r.likenesses[0] for r in results]
    assert not gain([p.ssim for p in likenesses], [p.control_ssim for p in likenesses]).low > 0.02


def test_the_control_itself_is_judged_nothing():
    """Hand the control's picture in as if it were the attack's."""
    run, trace = finished()
    result = judge(run, trace)
    again = judge_answers(run, result.controls["noise"], result.controls)
    assert again.level == 0 and again.likenesses[0].structure == 0


def test_order_within_a_batch_does_not_matter_and_every_picture_has_its_own_level():
    run, _ = finished(batch_size=3)
    noise = {"noise": torch.rand(3, 3, 16, 16, generator=torch.Generator().manual_seed(0))}
    straight, shuffled = judge_answers(run, run.truth, noise), judge_answers(run, run.truth[[2, 0, 1]], noise)
    assert straight == shuffled and straight.levels == (3, 3, 3)
    assert straight.gains["noise"]["ssim"].above_zero
    half = run.truth.clone()
    half[1] = noise["noise"][1]
    assert [p["word"] for p in judge_answers(run, half, noise).to_dict()["pictures"]] == [
        "Faithful", "Nothing", "Faithful"
    ]  # fmt: skip


def test_only_bounds_that_bind_are_shown():
    assert {bound.name for bound in judged(defense="dp-gaussian:epsilon=1").bounds} >= {"bits", "rero"}
    weak = judged(defense="clip+gaussian:sigma=1e-6").bounds
    assert not {bound.name for bound in weak} & {"bits", "rero", "fisher"}
    assert not judged().bounds


# ---- under way ------------------------------------------------------------------------------------------------------


def test_nothing_of_an_attack_whose_loss_still_falls_is_too_short_to_tell():
    run, trace = finished(model="lenet", attack="dlg:steps=30", defense="dp-gaussian:epsilon=1", image_size=32)
    for row, loss in zip(trace.history, range(len(trace.history), 0, -1), strict=True):
        row["loss"] = float(loss)
    told = judge(run, trace).to_dict()
    assert (told["level"], told["word"], told["settled"]) == (0, "Too short to tell", False)
    assert told["reason"]["code"] == "too-short"
    assert sentence(told["levels"], told["reason"]).startswith("Too short to tell")
    for row in trace.history:
        row["loss"] = 1.0
    assert judge(run, trace).word == "Nothing"


def test_progress_rises_to_one_and_a_stop_leaves_the_trace_unjudged():
    run, trace = finished(attack="dlg:steps=6", model="mlp:width=32")
    steps = judging(run, trace, names=("noise", "shuffled"))
    shares = [next(steps) for _ in range(3)]
    steps.close()
    assert trace.judgement is None and trace.to_dict()["verdict"] is None
    rest = list(judging(run, trace, names=("noise", "shuffled")))
    assert rest[:3] == shares and rest == sorted(rest) and rest[-1] == pytest.approx(1)
    assert trace.judgement is not None


def test_the_control_takes_as_many_iterations_as_the_run_took():
    scenario = Scenario(model="mlp:width=32", attack="dlg:steps=50", image_size=16)
    run = prepare(scenario, sample("cat", 16, 3).unsqueeze(0))
    for _ in run:
        if run.iterations == 5:
            break
    told = judge(run, run.trace()).to_dict()
    assert max(told["control"]["curve"]["iteration"]) <= 4


def test_a_control_that_does_not_apply_is_refused():
    run, trace = finished(attack="dlg:steps=2")
    with pytest.raises(BadInput, match="prior-only"):
        judge(run, trace, names=("prior-only",))


def test_learned_attacks_are_known_as_such():
    for text in ("venom", "fgla", "git+ig", "ig:prior=flow", "mjolnir"):
        assert learned(attacks.parse(text)), text
    for text in ("ig", "dlg", "ig:init=grey"):
        assert not learned(attacks.parse(text)), text


# ---- the same from every door ---------------------------------------------------------------------------------------


def by_command(*more):
    options = [f"--{name}={value}" for name, value in GREY_HABIT.items()]
    result = CliRunner().invoke(main, ["run", *options, "--image", "coffee", *more])
    assert result.exit_code == 0, result.output
    return result


def test_python_command_line_and_http_say_nothing_of_venoms_grey_habit():
    trace = gi.run(Scenario(**GREY_HABIT), sample("coffee", 32, 3).unsqueeze(0), judged=True).to_dict()
    assert trace["verdict"]["word"] == "Nothing" and trace["control"]["psnr"] > 5
    assert abs(trace["gain"]["psnr"]["mean"]) < 6
    printed = json.loads(by_command("--json").stdout)
    served = RunService(Limits()).whole(GREY_HABIT | {"batch_size": 1}, ["coffee"])
    for other in (printed, served):
        assert {key: other[key] for key in BESIDE} == {key: trace[key] for key in BESIDE}


def test_people_read_the_verdict_and_scripts_choose():
    text = by_command().stdout
    assert "control: psnr" in text and "verdict: Nothing." in text
    assert json.loads(by_command("--json", "--no-judge").stdout)["verdict"] is None
    plain = CliRunner().invoke(main, ["run", "--model=mlp:width=32", "--attack=dlg:steps=2", "--image=cat", "--json"])
    assert all(json.loads(plain.stdout)[key] is None for key in BESIDE)


def test_a_judged_trace_survives_the_store():
    run, trace = finished()
    judge(run, trace)
    again = restored(trace.scenario, json.loads(json.dumps(trace.to_dict())), trace.npz())
    assert again.to_dict() == trace.to_dict()
