"""A link carries settings and nothing else; out of range it is clamped, and says so."""

from __future__ import annotations

from urllib.parse import quote, urlencode

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gi_core.errors import BadInput
from gi_core.scenario import Scenario
from gi_core.web.screens.explore.explore import link_with
from gi_core.web.server.requests import FIELDS, scenario_of, scenario_of_link
from gi_core.web.server.run_service import RunService
from gi_core.web.settings import Limits

LIMITS = Limits(image_size=64, batch_size=16)


@pytest.mark.parametrize(
    ("query", "field", "value", "words"),
    [
        ("batch_size=9999", "batch_size", 16, "batch_size=9999 is out of range: 16 is used."),
        ("batch_size=-3", "batch_size", 1, "1 is used."),
        ("image_size=224", "image_size", 64, "64 is used."),
        ("image_size=1e9", "image_size", 64, "64 is used."),
        ("seed=99999999999999", "seed", 2**31 - 1, "2147483647 is used."),
        ("local_lr=1e9", "local_lr", 100.0, "100 is used."),
        ("local_steps=0", "local_steps", 1, "1 is used."),
        ("local_batch=50&batch_size=4", "local_batch", 0, "local_batch=50"),
        ("local_lr=nan", "local_lr", 0.01, "The default is used."),
        ("batch_size=many", "batch_size", 1, "The default is used."),
        ("attack=igg", "attack", Scenario().attack, "The default is used."),
        ("attack=ig%3Asteps%3D1000000000", "attack", Scenario().attack, "The default is used."),
        ("weights=file%3Apath%3D/etc/passwd", "weights", "init", "no files or downloads"),
        ("channels=2", "channels", 3, "The default is used."),
    ],
)
def test_out_of_range_is_clamped_and_said_in_one_sentence(query, field, value, words):
    scenario, notes = scenario_of_link("?model=mlp&utm_source=x&" + query, LIMITS)
    assert getattr(scenario, field) == value and scenario.model == "mlp"
    assert len(notes) == 1 and words in notes[0] and "\n" not in notes[0] and notes[0].endswith(".")


def test_a_good_link_needs_no_note():
    scenario = Scenario(model="mlp", defense="clip:norm=1+gaussian:sigma=0.01", attack="ig:steps=77,tv=0.1", seed=5)
    assert scenario_of_link("https://host/?tab=dial&" + scenario.to_url(), LIMITS) == (scenario, [])


values = st.one_of(st.text(max_size=40), st.integers().map(str), st.floats().map(str), st.just("x" * 9000))
names = st.one_of(st.sampled_from([*FIELDS, "pictures", "images", "image"]), st.text(max_size=8))


@settings(max_examples=60, deadline=None)
@given(st.dictionaries(names, values, max_size=6))
def test_no_link_gets_past_the_limits_or_breaks_the_page(query):
    scenario, notes = scenario_of_link(urlencode(query), LIMITS)
    assert scenario.image_size <= LIMITS.image_size and scenario.batch_size <= LIMITS.batch_size
    assert scenario_of(scenario.to_dict(), LIMITS) == scenario
    assert all(len(note) < 600 for note in notes)


@pytest.mark.parametrize("field", ["image_size", "batch_size"])
def test_the_form_is_refused_where_the_link_is_clamped(field):
    """Typed by hand the same number is a mistake to be told; the limit itself is the same."""
    with pytest.raises(BadInput, match="at most"):
        scenario_of({field: "128"}, LIMITS)


def test_a_picture_in_a_link_is_not_read():
    picture = "data:image/png;base64,iVBORw0KGgo"
    search = f"?model=mlp&pictures={quote(picture)}&images={quote(picture)}&sample={quote(picture)}"
    answer = link_with(RunService(LIMITS))({"search": search})
    assert answer["notes"] == [] and "data:" not in str(answer)
    assert set(answer["settings"]) <= set(FIELDS)
