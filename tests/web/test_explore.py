"""Explore: what the first screen offers, what the atlas answers, what a run's messages look like."""

from __future__ import annotations

import base64
import json

import pytest
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.testclient import TestClient

from gi_core.data.samples import samples
from gi_core.errors import BadInput
from gi_core.models import models
from gi_core.scenario import Scenario
from gi_core.web.screens.explore import explore, recorded
from gi_core.web.screens.explore.fits import fits_with
from gi_core.web.server.files import Files
from gi_core.web.server.run_service import RunService
from gi_core.web.settings import Limits
from gi_core.web.words import LANGUAGES


def test_the_catalog_names_what_exists():
    told = explore.catalog()
    assert told["usual"] == {"noise": 0.01, "clip": 1, "topk": 0.1, "quantize": 4}  # as the atlas's texts leave out
    assert set(told["networks"]) <= set(models.names())
    assert {one["name"] for one in told["samples"]} == set(samples())
    for one in told["atlas"]["sets"]:
        assert one["strengths"][0] == 0
        assert set(one["pictures"]) <= set(samples())
        assert one["defense"] in told["defenses"]
        assert one["network"] in told["networks"]


def test_every_choice_has_words_in_every_language():
    told = explore.catalog()
    for words in LANGUAGES.values():
        for defense in told["defenses"]:
            for key in ("defense", "ask", "read", "with", "without", "slider", "tick_none", "read_none"):
                assert words[f"explore.{key}_{defense}"]
        for network in told["networks"]:
            assert words[f"explore.network_{network}"]


def test_recorded_cells_repeat_as_scenarios():
    for one in recorded.index()["sets"]:
        for cell in one["cells"]:
            scenario = Scenario.from_dict(cell["scenario"])
            assert scenario.model == one["network"]
            assert scenario.batch_size == one["mixed"]
            assert len(base64.b64decode(cell["band"])) == 12 * 64
            assert 1 <= len(cell["frames"]) <= 16


@pytest.fixture
def client():
    return TestClient(Starlette(middleware=[Middleware(Files, prefix=recorded.PREFIX, answer=recorded.answer)]))


def test_the_atlas_answers_its_files_with_cache_headers_and_no_other(client):
    one = recorded.index()["sets"][0]
    told = client.get(f"/atlas/{one['id']}.json")
    assert told.json()["cells"] == one["cells"]
    assert "max-age" in told.headers["cache-control"]
    assert client.get(f"/atlas/{one['file']}").content[:4] == b"RIFF"
    for name in ("index.json", "../images/letters.png", "%2e%2e/images/letters.png", "nothing.webp", ""):
        assert client.get(f"/atlas/{name}").status_code == 404


def test_the_page_without_a_server_carries_every_set():
    for one in recorded.index()["sets"]:
        told = recorded.whole(one)
        assert told[one["id"]] == one["cells"]
        assert told[one["file"]].startswith("data:image/webp;base64,")


def test_no_two_messages_of_equal_runs_are_equal():
    """Gradio passes on no value that equals the one before: a second press must still be heard."""
    service = RunService(Limits())
    request = {"settings": Scenario(attack="ig:steps=3").to_dict(), "pictures": [{"sample": "cat"}]}
    first = list(explore.numbered(service, request | {"id": "a"}, ""))
    second = list(explore.numbered(service, request | {"id": "b"}, ""))
    texts = [json.dumps(message) for message in [*first, *second] if message]
    assert len(set(texts)) == len(texts)
    assert {message["request"] for message in first} == {"a"}
    assert second[-1]["run"]["state"] in ("recorded", "done")


def test_an_update_nobody_ran_is_described():
    told = explore.update_with(RunService(Limits()))(
        {"settings": Scenario(defense="clip+gaussian:sigma=0.1").to_dict(), "pictures": [{"sample": "cat"}]}
    )
    assert len(base64.b64decode(told["sent"])) == len(base64.b64decode(told["clean"])) == 12 * 64
    assert told["numel"] == 15_826
    assert told["share"] > 0.5


@pytest.mark.parametrize("settings", [None, {"model": "nothing"}, {"attack": "ig:steps=0"}])
def test_what_cannot_run_says_why(settings):
    told = explore.estimate_with(RunService(Limits()))({"settings": settings})
    assert told["error"].endswith(".")


def test_options_that_cannot_be_combined_say_why():
    fits = fits_with(explore.expert())
    plain = explore.catalog()["defaults"] | {"local_steps": 5}
    refused = fits({"settings": plain})
    for name, options in refused.items():
        assert str(plain[name]) not in options
        for option, reason in options.items():
            with pytest.raises(BadInput):
                Scenario.from_dict({**plain, name: option})
            assert reason.endswith(".")
    assert "gradient" in refused["update"] and refused["defense"] and not refused["model"]
    assert fits({"settings": plain | {"attack": "nonsense"}}) == {}
