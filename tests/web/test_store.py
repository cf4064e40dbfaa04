"""What was computed once is answered at once, and a user's own picture is never kept."""

from __future__ import annotations

import base64
import io
import threading

import numpy as np
import pytest
from PIL import Image

from gi_core.scenario import Scenario
from gi_core.store import Store, shipped
from gi_core.web import settings
from gi_core.web.exports import download_with
from gi_core.web.server import run_service, tasks
from gi_core.web.server.run_service import RunService
from gi_core.web.settings import Limits

FIELDS = {"model": "mlp", "image_size": 16, "attack": "ig:steps=20"}


@pytest.fixture
def file(tmp_path):
    return tmp_path / "runs.sqlite3"


@pytest.fixture
def computed(monkeypatch):
    """Counts the computations."""
    count, original = [], tasks.prepare
    monkeypatch.setattr(tasks, "prepare", lambda *a, **k: count.append(a) or original(*a, **k))
    return count


def press(service, pictures=("cat",), fresh=False, **settings):
    request = {"id": "tab", "settings": FIELDS | settings, "pictures": list(pictures), "fresh": fresh}
    *_, last = (message["run"] for message in service.live(request) if message)
    return last


def own_picture():
    pixels = np.random.default_rng(5).integers(0, 256, (16, 16, 3), dtype=np.uint8)
    buffer = io.BytesIO()
    Image.fromarray(pixels).save(buffer, "PNG")
    return "data:image/png;base64," + base64.b64encode(buffer.getvalue()).decode()


def test_what_was_computed_is_answered_at_once_even_after_a_restart(file, computed):
    first = press(RunService(Limits(), Store(file)))
    service = RunService(Limits(), Store(file))
    second = press(service)
    assert (first["state"], second["state"], len(computed)) == ("done", "recorded", 1)
    for name in ("frames", "history", "scores", "verdict", "layers", "cli", "truth"):
        assert first[name] == second[name], name
    download = download_with(service)({"id": second["id"]})
    assert download["name"].endswith(".zip")
    assert press(service, fresh=True)["state"] == "done" and len(computed) == 2
    assert press(service, seed=1)["state"] == "done" and len(computed) == 3


def test_a_run_that_ships_needs_no_computation(computed):
    kept = next(r for r in shipped().values() if r.message)
    last = press(RunService(Limits()), kept.pictures, **kept.scenario.to_dict())
    assert last["state"] == "recorded" and last["frames"] == kept.message["frames"] and not computed


@pytest.mark.parametrize("pictures", [(own_picture(),), ({"data": own_picture()},), ("cat", own_picture())])
def test_a_run_on_an_own_picture_is_never_kept(file, computed, pictures):
    store = Store(file)
    service = RunService(Limits(), store)
    for _ in range(2):
        assert press(service, pictures, batch_size=len(pictures))["state"] == "done"
    assert len(computed) == 2
    assert [r for r in store.records() if r.origin == "stored"] == []


def test_a_picture_named_like_the_placeholder_is_not_taken_for_one():
    last = press(RunService(Limits()), (run_service.OWN_PICTURE,))
    assert last["state"] == "failed" and "Unknown sample" in last["message"]


def test_a_run_cut_short_is_not_kept(file):
    store = Store(file)
    assert press(RunService(Limits(seconds=0.2), store), attack="ig:steps=90000")["state"] == "stopped"
    assert [r for r in store.records() if r.origin == "stored"] == []


def test_equal_api_calls_cost_one_computation(computed):
    service, answers = RunService(Limits()), []
    fields = FIELDS | {"attack": "ig:steps=400"}
    threads = [threading.Thread(target=lambda: answers.append(service.whole(fields, ["cat"]))) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(answers) == 8 and len({str(a["history"]) for a in answers}) == 1 and len(computed) == 1
    assert answers[0]["scenario"] == Scenario.from_dict(fields).to_dict()


def test_where_the_store_lies_is_a_setting(monkeypatch, tmp_path):
    monkeypatch.setenv("GI_STORE", str(tmp_path / "here.sqlite3"))
    assert settings.store_file() == tmp_path / "here.sqlite3"
    monkeypatch.setenv("GI_STORE", "off")
    assert settings.store_file() is None
    monkeypatch.delenv("GI_STORE")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    assert settings.store_file().is_relative_to(tmp_path)
