"""Recorders change no message, write privately and once, and say so where there is nothing to write."""

import stat
from types import SimpleNamespace

import numpy as np
import pytest

import gi_core as gi
from gi_core.recorders import folder as folders
from gi_core.recorders.flower import record

TOLD = {"model": {"arch": "mlp", "hidden": 8}, "input": {"channels": 3, "side": 12, "mean": [0.5], "std": [0.5]},
        "training": {"pictures": 1, "batch": 1, "optimiser": "sgd", "lr": 0.1}, "steps": 1}  # fmt: skip


def state(seed):
    random = np.random.default_rng(seed)
    shapes = {"layers.1.weight": (8, 432), "layers.1.bias": (8,), "layers.3.weight": (10, 8), "layers.3.bias": (10,)}
    return {n: random.normal(size=s).astype("f4") for n, s in shapes.items()}


class Array:
    def __init__(self, value):
        self.value = value

    def numpy(self):
        return self.value


def message(arrays, kind="train", records=1, error=False):
    """A stand-in for Flower's message."""
    held = {f"arrays{i}": {n: Array(a) for n, a in arrays.items()} for i in range(records)}
    content = SimpleNamespace(
        array_records=held, config_records={"config": {"server-round": 7}}, metric_records={"m": {"train_loss": 2.3}}
    )
    return SimpleNamespace(content=content, metadata=SimpleNamespace(message_type=kind), has_error=lambda: error)


CONTEXT = SimpleNamespace(node_config={"partition-id": 1})


def test_one_round_is_written_privately_and_read_by_the_audit(tmp_path):
    room = tmp_path / "round7"
    mod, reply = record(room, TOLD), message(state(1))
    assert mod(message(state(0)), CONTEXT, lambda m, c: reply) is reply
    taken = gi.audit.read(room)
    expected = state(1)["layers.1.weight"].astype("f8") - state(0)["layers.1.weight"]
    assert np.allclose(taken.change["body.1.weight"].numpy(), expected)
    assert taken.recipe.round == 7 and taken.recipe.metrics["train_loss"] == 2.3
    assert {stat.S_IMODE(p.stat().st_mode) for p in room.iterdir()} == {0o600}
    before = (room / "update.json").read_bytes()
    mod(message(state(2)), CONTEXT, lambda m, c: message(state(3)))
    assert (room / "update.json").read_bytes() == before


def test_in_place_training_does_not_change_what_was_received(tmp_path):
    arrays = state(0)

    def inner(incoming, context):
        arrays["layers.1.bias"] += 1
        return message(arrays)

    record(tmp_path / "r", TOLD)(message(arrays), CONTEXT, inner)
    assert np.allclose(gi.audit.read(tmp_path / "r").change["body.1.bias"].numpy(), 1.0)


@pytest.mark.parametrize(
    ("incoming", "reply"),
    [
        (message(state(0), records=2), message(state(1))),
        (message(state(0)), message(state(1), error=True)),
        (message(state(0)), message(state(1), records=0)),
    ],
)
def test_nothing_recorded_is_said(tmp_path, incoming, reply):
    assert record(tmp_path / "r")(incoming, CONTEXT, lambda m, c: reply) is reply
    assert (tmp_path / "r" / folders.NOTHING).read_text().startswith("Nothing recorded")
    assert not folders.done(tmp_path / "r")


def test_other_messages_and_other_clients_pass(tmp_path):
    reply = message(state(1))
    for mod, incoming in (
        (record(tmp_path / "r"), message(state(0), kind="evaluate")),
        (record(tmp_path / "r", partition=0), message(state(0))),
    ):
        assert mod(incoming, CONTEXT, lambda m, c: reply) is reply
    assert not (tmp_path / "r").exists()


def test_too_much_is_not_recorded(tmp_path, monkeypatch):
    monkeypatch.setattr(folders, "LARGEST", 100)
    reply = message(state(1))
    assert record(tmp_path / "r")(message(state(0)), CONTEXT, lambda m, c: reply) is reply
    assert "100 bytes" in (tmp_path / "r" / folders.NOTHING).read_text()


def test_nvflares_filter_on_its_own_messages(tmp_path):
    pytest.importorskip("nvflare", reason="NVIDIA FLARE is not installed")
    from nvflare.apis.dxo import DXO, DataKind
    from nvflare.apis.fl_context import FLContext
    from nvflare.apis.shareable import Shareable

    from gi_core.recorders.nvflare import Recorder

    class Site(FLContext):
        def get_identity_name(self, default=""):
            return "site-1"

    room = tmp_path / "round7"
    task, result = (Recorder(str(room), TOLD) for _ in range(2))
    sent = DXO(DataKind.WEIGHT_DIFF, state(1), {"NUM_STEPS_CURRENT_ROUND": 1, "initial_metrics": {"loss": 2.1}})
    given = DXO(DataKind.WEIGHTS, state(0)).to_shareable()
    left = sent.to_shareable()
    assert task.process(given, Site()) is given and result.process(left, Site()) is left
    taken = gi.audit.read(room)
    assert taken.kind == "delta" and taken.recipe.framework == "nvflare" and taken.recipe.metrics["loss"] == 2.1
    assert np.allclose(taken.change["body.1.weight"].numpy(), state(1)["layers.1.weight"])
    empty = Recorder(str(tmp_path / "other"))
    empty.process(Shareable(), Site())
    assert "no DXO" in (tmp_path / "other" / folders.NOTHING).read_text()
