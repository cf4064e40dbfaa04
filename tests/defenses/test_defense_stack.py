"""Grammar, facts and noise of defense stacks."""

import math
import types
import typing
from dataclasses import MISSING, fields

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gi_core.defenses import defenses, describe, noise_of, parse_stack, stack_text
from gi_core.errors import BadInput


def values(hint, meta):
    """Any allowed value of an option."""
    if typing.get_origin(hint) in (typing.Union, types.UnionType):
        return st.none() | values(next(h for h in typing.get_args(hint) if h is not type(None)), meta)
    if typing.get_origin(hint) is typing.Literal:
        return st.sampled_from(typing.get_args(hint))
    if hint is bool:
        return st.booleans()
    if hint is str:
        return st.sampled_from(("", "^head", "bias|norm", "conv.*weight$"))
    low, high = meta.get("low"), meta.get("high")
    if hint is int:
        return st.integers(low, high if high is not None else 10**9)
    return st.floats(low, high, allow_nan=False, allow_infinity=False)


@st.composite
def stacks(draw):
    chosen = draw(st.lists(st.sampled_from(defenses.names()), max_size=4))
    built = []
    for name in chosen:
        cls = defenses.get(name)
        hints = typing.get_type_hints(cls)
        options = {f.name: draw(values(hints[f.name], f.metadata)) for f in fields(cls)}
        built.append(cls(**options))
    return tuple(built)


@settings(max_examples=200, deadline=None)
@given(stacks())
def test_text_round_trip(stack):
    assert parse_stack(stack_text(stack)) == stack


def test_every_defense_says_what_it_does_and_costs():
    expected = {
        "gaussian", "laplace", "dp-gaussian", "dp-laplace", "clip", "topk", "prune", "quantize", "sign", "soteria",
        "dropout", "label-smoothing",
    }  # fmt: skip
    assert expected <= set(defenses.names())
    for cls in defenses:
        assert all(sentence.endswith(".") for sentence in (cls.does, cls.costs)), cls.name
        assert all(f.default is not MISSING and f.metadata["text"] for f in fields(cls)), cls.name
    assert describe(parse_stack("sign"))[0]["text"] == "sign"


def test_none_is_the_empty_stack():
    assert parse_stack("none") == ()
    assert stack_text(()) == "none"
    assert noise_of((), 4) is None


@pytest.mark.parametrize(
    "text",
    ["", "gausian", "gaussian:sgma=1", "gaussian:sigma=-1", "gaussian:sigma=nan", "dp-gaussian:epsilon=-1",
     "topk:keep=2",
     "dp-gaussian:epsilon=0", "quantize:bits=1", "quantize:bits=2.5", "clip:norm=0", "dp-gaussian:convention=best",
     "none+clip", "clip+", "dp-gaussian:m=0", "dp-gaussian:delta=1"],
)  # fmt: skip
def test_refusals(text):
    with pytest.raises(BadInput):
        parse_stack(text)


def test_facts_hold_every_option():
    facts = parse_stack("topk:keep=0.25,scope=tensor")[0].facts()
    assert facts.name == "topk"
    assert facts.options == {"keep": 0.25, "scope": "tensor"}


@pytest.mark.parametrize(
    ("text", "sigma", "clip", "separate"),
    [
        ("gaussian:sigma=0.5", 0.5, math.inf, False),
        ("clip:norm=2+gaussian:sigma=0.5", 0.5, 2.0, False),
        ("clip:norm=2,scope=tensor+gaussian:sigma=0.5", 0.5, 2.0, True),
        ("gaussian:sigma=0.5+clip:norm=2", 0.5, 2.0, False),  # clipping examples always comes first
        ("gaussian:sigma=0.5+clip:norm=2,per=update", 0.5, math.inf, False),
        ("clip:norm=2+topk+gaussian:sigma=0.5", 0.5, 2.0, False),
        ("clip:norm=2+sign+gaussian:sigma=0.5", 0.5, math.inf, False),
        ("clip:norm=2+gaussian:sigma=0.5+gaussian:sigma=0.25", 0.25, math.inf, False),
        ("dp-gaussian:epsilon=1,clip=4+topk", 3.7306 * 4 / 8, 4.0, False),
        ("clip:norm=2+laplace:b=0.5", 0.5, math.inf, False),  # an L2 clip does not bound L1
        ("dp-laplace:epsilon=2,clip=3", 3 / 2 / 8, 3.0, False),
        ("dp-gaussian:convention=mjolnir-code", 2e-3 * 4.8448 / 8, math.inf, False),
        ("dp-gaussian:convention=alg1", 4.8448, 1.0, True),
    ],
)
def test_noise_of(text, sigma, clip, separate):
    noise = noise_of(parse_stack(text), 8)
    assert noise.sigma == pytest.approx(sigma, rel=1e-4)
    assert (noise.clip, noise.separate) == (clip, separate)
    assert noise.kind == ("laplace" if "laplace" in text else "gaussian")


def test_no_noise():
    assert noise_of(parse_stack("clip+topk+sign"), 8) is None
