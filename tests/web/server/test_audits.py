"""The sheet over HTTP: the same as on the command line, from files in memory; refusals are one sentence."""

import base64
import json
from types import SimpleNamespace

import gradio as gr
import pytest
import torch
from safetensors.torch import save

from gi_core.audit.observe import of
from gi_core.audit.sheet import preflight
from gi_core.models import build
from gi_core.trace import finite
from gi_core.web.server.audits import audit_endpoint, preflight_endpoint
from gi_core.web.server.run_service import RunService
from gi_core.web.settings import Limits

TOLD = {
    "sends": "weights", "model": "mlp:width=8,depth=1", "steps": 1, "input": {"channels": 1, "side": 12, "mean": [0.5]},
    "training": {"pictures": 1, "batch": 1, "lr": 0.1, "optimiser": "sgd"},
}  # fmt: skip


def states():
    victim = build("mlp:width=8,depth=1", image_shape=(1, 12, 12), num_classes=10)
    before = {k: v.clone() for k, v in victim.state_dict().items()}
    step = torch.optim.SGD(victim.parameters(), lr=0.1)
    victim.loss(torch.rand(1, 1, 12, 12, generator=torch.Generator().manual_seed(0)), torch.tensor([3])).backward()
    step.step()
    return before, victim.state_dict()


def uri(data):
    return "data:application/octet-stream;base64," + base64.b64encode(data).decode()


@pytest.fixture
def ask():
    """The endpoint, its task run here."""
    service = SimpleNamespace(light=lambda task, *given: next(task(None, *given))["answer"])
    return preflight_endpoint(service)


def test_the_sheet_is_the_same_as_in_python(ask):
    before, sent = states()
    told = ask(json.dumps(TOLD), uri(save(before)), uri(save(sent)))
    record = of("mlp:width=8,depth=1", before, sent, channels=1, side=12, mean=[0.5], pictures=1, batch=1, lr=0.1,
                optimiser="sgd", steps=1)  # fmt: skip
    assert told["findings"] == json.loads(json.dumps(finite(preflight(record).to_dict())))["findings"]
    assert told["facts"]["labels"] == [3]


@pytest.mark.parametrize(
    ("update", "before", "said"),
    [
        ("{", None, "not JSON"),
        (json.dumps(TOLD | {"model": "net.py:Net"}), None, "unknown model"),
        (json.dumps(TOLD | {"model": "resnet18:width=256"}), None, "parameters, the weights received hold|head"),
        (None, "data:,!!", "no valid base64"),
        (None, uri(b"PK nonsense"), "not a zip archive"),
        (None, uri(b"\x80\x04pickle"), "not a safetensors file"),
        (None, "A" * (23 * 2**20), "more than 16 MB"),
    ],
)
def test_refusals_are_one_sentence(ask, update, before, said):
    good, sent = states()
    with pytest.raises(gr.Error, match=said) as refused:
        ask(update or json.dumps(TOLD), before or uri(save(good)), uri(save(sent)))
    assert "\n" not in str(refused.value)


def truth_file():
    import io

    import numpy as np

    picture = torch.rand(1, 1, 12, 12, generator=torch.Generator().manual_seed(0))
    written = io.BytesIO()
    np.savez(written, images=picture.movedim(1, -1).numpy(), labels=np.array([3]))
    return written.getvalue()


@pytest.fixture
def ask_audit():
    with gr.Blocks():
        return audit_endpoint(RunService(Limits(seconds=60.0)))


def test_the_audit_is_computed_in_line_judged_and_nothing_of_it_is_kept(ask_audit, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    before, sent = states()
    update = json.dumps(TOLD | {"input": {"channels": 1, "side": 12, "mean": [0.0], "std": [1.0]}})
    told = ask_audit(update, uri(save(before)), uri(save(sent)), uri(truth_file()), minutes=0.2)
    assert told["report"]["level"] == 3 and told["report"]["attacks"][0]["attack"] == "analytic"
    assert told["html"].lstrip().startswith("<!doctype html>") and not list(tmp_path.rglob("*"))
    blind = ask_audit(update, uri(save(before)), uri(save(sent)), minutes=0.2)
    assert blind["report"]["level"] is None and blind["report"]["word"] is None


@pytest.mark.parametrize(
    ("changed", "minutes", "said"),
    [({}, 2.0, "minutes=2: above 0 and up to 1"), ({}, 0.0, "minutes=0"), ({"pictures": 100}, 0.2, "pictures=100")],
)
def test_what_a_host_does_not_grant_is_one_sentence(ask_audit, changed, minutes, said):
    before, sent = states()
    update = TOLD | {"training": TOLD["training"] | changed}
    with pytest.raises(gr.Error, match=said):
        ask_audit(json.dumps(update), uri(save(before)), uri(save(sent)), minutes=minutes)
