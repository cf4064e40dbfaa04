import dataclasses
from typing import Literal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gi_core.components import Component, Registry, option, split_top
from gi_core.errors import BadInput

shapes: Registry["Shape"] = Registry("shape")


@dataclasses.dataclass(frozen=True, kw_only=True)
class Shape(Component):
    """Something with an outline."""


@shapes.register("box")
@dataclasses.dataclass(frozen=True, kw_only=True)
class Box(Shape):
    """A box."""

    side: float = option(1.0, "length", low=0, high=1e9)
    count: int = option(3, "how many", low=1)
    open: bool = option(False, "without lid")
    colour: Literal["red", "blue"] = option("red", "colour")
    inner: str = option("none", "what is inside")
    limit: int | None = option(None, "at most")


@given(
    side=st.floats(0, 1e9),
    count=st.integers(1, 10**9),
    open_=st.booleans(),
    colour=st.sampled_from(["red", "blue"]),
    inner=st.sampled_from(["none", "box:side=2,count=4", "box+box", "box:inner=(box:side=1e+20)"]),
    limit=st.none() | st.integers(-5, 5),
)
def test_text_round_trip(side, count, open_, colour, inner, limit):
    box = Box(side=side, count=count, open=open_, colour=colour, inner=inner, limit=limit)
    assert shapes.parse(box.text) == box


def test_defaults_are_left_out():
    assert Box(side=1.0, count=3).text == "box"
    assert Box(count=4).text == "box:count=4"


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("ball", "unknown shape 'ball': allowed are box"),
        ("box:size=3", "allowed are side, count, open, colour, inner, limit"),
        ("box:side", "unknown option 'side'"),
        ("box:side=nan", "finite"),
        ("box:side=inf", "finite"),
        ("box:side=-1", "from 0 to"),
        ("box:count=0", "at least 1"),
        ("box:count=1.5", "whole number"),
        ("box:count=2,count=3", "twice"),
        ("box:colour=green", "red, blue"),
        ("box:open=maybe", "true or false"),
        ("box:inner=(box", "unbalanced"),
    ],
)
def test_refusals_name_the_value_and_what_is_allowed(text, words):
    with pytest.raises(BadInput) as caught:
        shapes.parse(text)
    assert words in str(caught.value)
    assert "\n" not in str(caught.value)


def test_options_are_checked_in_python_too():
    with pytest.raises(BadInput):
        Box(side=float("nan"))
    with pytest.raises(BadInput):
        Box(count=True)


def test_split_respects_parentheses_and_exponents():
    assert split_top("a:b=1e+3+c:d=(e+f)", "+") == ["a:b=1e+3", "c:d=(e+f)"]


def test_exponent_is_not_a_separator_only_after_a_digit():
    assert split_top("none+e+f", "+") == ["none", "e", "f"]


def test_describe_lists_ranges():
    (entry,) = shapes.describe()
    side = next(o for o in entry["options"] if o["name"] == "side")
    assert (entry["name"], entry["summary"]) == ("box", "A box.")
    assert (side["low"], side["high"], side["default"]) == (0, 1e9, 1.0)
