"""Attacks in one pass at one noise: each beside its control, all on the same release."""

from __future__ import annotations

import pytest

from gi_core.web.screens.explore import single_pass

needs_weights = pytest.mark.skipif(not single_pass.attackers(), reason="no single-pass attack has weights here")


@needs_weights
def test_an_answer_holds_every_attack_beside_its_control():
    answer = single_pass.single_pass({"z": 0.003, "sample": "coffee"})
    assert answer["epsilon"] > 100 and answer["bits"] > 100
    assert [row["name"] for row in answer["attacks"]] == list(single_pass.attackers())
    for row in answer["attacks"]:
        assert row["gain"] == pytest.approx(row["psnr"] - row["control_psnr"])
        assert row["src"] != row["control"]


@needs_weights
def test_noise_costs_the_attack_its_gain():
    first = single_pass.attackers()[0]
    assert single_pass.mean_gains(1e-4, "cat")[first] > single_pass.mean_gains(3.0, "cat")[first] + 1


@needs_weights
def test_all_attacks_of_a_step_see_the_very_release_that_each_would_see_alone():
    shared = single_pass.ready(single_pass.attackers()[0], 0.01, "cat")
    for name in single_pass.attackers():
        alone, turned = single_pass.ready(name, 0.01, "cat"), single_pass.turned(shared, name)
        assert turned.attack.text == alone.attack.text
        assert single_pass.answered(turned).equal(single_pass.answered(alone))


@pytest.mark.parametrize("request_", [{"z": -1, "sample": "cat"}, {"z": 1, "sample": "/etc/passwd"}, {"sample": "cat"}])
def test_bad_requests_are_one_sentence(request_):
    answer = single_pass.single_pass(request_)
    assert answer["error"].endswith(".") and "Traceback" not in answer["error"]
