import dataclasses
import json
from urllib.parse import parse_qs

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gi_core.errors import BadInput
from gi_core.scenario import FACTS, Scenario

DEFENSES = ["none", "gaussian:sigma=0.01", "clip:norm=0.5,per=update+gaussian:sigma=1e-05", "topk:keep=0.3+quantize"]
ATTACKS = [
    "ig",
    "dlg:restarts=6",
    "ig:steps=500,tv=0.0001",
    "analytic",
    "ig:init=(dlg:steps=5),steps=7",
    "dlg+ig:steps=9",
]

scenarios = st.builds(
    Scenario,
    model=st.sampled_from(["lenet", "lenet:activation=relu,init=default", "mlp:width=8", "resnet18:width=4"]),
    num_classes=st.integers(2, 1000),
    image_size=st.integers(11, 384),
    channels=st.sampled_from([1, 3]),
    batch_size=st.integers(1, 128),
    mode=st.sampled_from(["eval", "train"]),
    weights=st.sampled_from(["init", "init:seed=7"]),
    local_lr=st.floats(1e-8, 100),
    clients=st.integers(1, 1000),
    defense=st.sampled_from(DEFENSES),
    knowledge=st.sets(st.sampled_from(FACTS)).map(lambda s: "+".join(sorted(s)) or "none"),
    attack=st.sampled_from(ATTACKS),
    server=st.sampled_from(["honest", "imprint", "imprint:bins=64,units=cumulative"]),
    seed=st.integers(0, 2**31 - 1),
)


@given(scenarios)
@settings(max_examples=60, deadline=None)
def test_url_and_json_round_trips(scenario):
    assert Scenario.from_url(scenario.to_url()) == scenario
    assert Scenario.from_url("https://host/path?" + scenario.to_url()) == scenario
    assert Scenario.from_json(scenario.to_json()) == scenario
    assert Scenario.from_dict({k: str(v) for k, v in scenario.to_dict().items()}) == scenario


def test_plus_is_percent_encoded_and_a_space_is_accepted():
    scenario = Scenario(defense="clip:norm=1+gaussian:sigma=0.01", attack="dlg+ig:steps=9")
    url = scenario.to_url()
    assert "%2B" in url
    assert " " not in url
    assert parse_qs(url)["defense"] == ["clip+gaussian"]
    assert Scenario.from_url(url.replace("%2B", "+")) == scenario


def test_an_honest_server_goes_without_saying_so_that_recorded_runs_keep_their_address():
    assert Scenario().hash == "f2967b544be5b044661c4a34266939dbcb580cf4d7ae52d49bc1f2ae39155bc3"
    assert "server" not in json.loads(Scenario(server="honest").to_json()) and not Scenario(server="honest").to_url()
    cheating = Scenario(server="imprint:bins=256")
    assert cheating.to_dict()["server"] == "imprint" and cheating.hash != Scenario().hash


def test_spelling_does_not_matter_to_the_hash():
    one = Scenario(attack="ig:tv=0.01,steps=500", knowledge="defense+labels", defense="clip:norm=1.0")
    two = Scenario(attack="ig:steps=500", knowledge="labels+defense", defense="clip")
    assert one == two
    assert one.hash == two.hash
    assert one.hash != two.replace(seed=1).hash


def test_warm_start_alias():
    assert Scenario(attack="dlg:steps=5+ig:steps=7,lr=0.1").attack == "ig:steps=7,init=(dlg:steps=5)"
    assert Scenario(attack="git+ig").attack == "ig:init=git,lr=0.03"
    with pytest.raises(BadInput, match="venom has no starting point"):
        Scenario(attack="ig+venom")


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        ({"model": "vgg"}, "unknown model 'vgg'"),
        ({"attack": "magic"}, "unknown attack 'magic': allowed are"),
        ({"attack": "ig:init=magic"}, "randn, rand, grey"),
        ({"attack": "ig:prior=magic"}, "unknown prior 'magic'"),
        ({"defense": "magic"}, "unknown defense 'magic'"),
        ({"defense": ""}, "none"),
        ({"defense": "dp-gaussian:epsilon=-1"}, "epsilon=-1"),
        ({"defense": "gaussian:sigma=nan"}, "sigma=nan"),
        ({"batch_size": 0}, "batch_size=0: from 1 to 256"),
        ({"batch_size": 10**9}, "batch_size=1000000000"),
        ({"seed": -1}, "seed=-1"),
        ({"channels": 2}, "channels=2"),
        ({"local_lr": float("nan")}, "local_lr=nan"),
        ({"mode": "sleep"}, "mode=sleep: allowed are eval, train"),
        ({"knowledge": "everything"}, "unknown knowledge 'everything'"),
        ({"local_steps": 3, "update": "gradient"}, "weight delta"),
        ({"local_steps": 3, "defense": "clip"}, "per=update"),
        ({"local_batch": 3}, "local_batch=3"),
        ({"num_classes": "ten"}, "num_classes='ten'"),
    ],
)
def test_refusals(fields, words):
    with pytest.raises(BadInput) as caught:
        Scenario(**fields)
    assert words in str(caught.value)


@pytest.mark.parametrize(
    ("query", "words"),
    [
        ("batch_size=0", "batch_size=0"),
        ("batchsize=1", "unknown field 'batchsize'"),
        ("seed=1&seed=2", "twice"),
        ("local_lr=inf", "finite"),
        ("batch_size=two", "whole number"),
    ],
)
def test_urls_are_validated(query, words):
    with pytest.raises(BadInput) as caught:
        Scenario.from_url(query)
    assert words in str(caught.value)


@pytest.mark.parametrize("text", ["", "[]", "{", '{"attack": 3}', "null"])
def test_broken_json_is_refused(text):
    with pytest.raises(BadInput):
        Scenario.from_json(text)


def test_every_field_says_what_it_is():
    assert all(f.metadata["text"] for f in dataclasses.fields(Scenario))
