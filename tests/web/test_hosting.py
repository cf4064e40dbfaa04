"""Every kind of host: limits, ZeroGPU's forked process, no GPU to be had, no LPIPS weights, no network."""

from __future__ import annotations

import io
import multiprocessing
import os
import pickle
import re
import socket
import subprocess
import sys
import textwrap
import threading
import types
from dataclasses import fields
from pathlib import Path

import gradio as gr
import numpy as np
import pytest
import torch

from gi_core import seeds
from gi_core.errors import BadInput
from gi_core.store import Store
from gi_core.torch_setup import default_device
from gi_core.web import settings
from gi_core.web.exports import download_with
from gi_core.web.screens.explore.explore import link_with
from gi_core.web.server import zerogpu
from gi_core.web.server.run_service import RunService
from gi_core.web.settings import Limits

ROOT = Path(__file__).resolve().parents[2]
FIELDS = {"model": "mlp", "image_size": 16, "attack": "ig:steps=30"}


def press(service, pictures=("cat",), run_id="tab", **settings):
    request = {"id": run_id, "settings": FIELDS | settings, "pictures": list(pictures), "fresh": True}
    return [message["run"] for message in service.live(request) if message]


@pytest.fixture
def plain(monkeypatch):
    for name in ("SPACE_ID", "SPACES_ZERO_GPU", "GI_LIMITS", "GI_DEVICE"):
        monkeypatch.delenv(name, raising=False)


class Tasks:
    """What ZeroGPU does with a decorated generator: arguments and yields are pickled, the work runs in a fork."""

    def __init__(self):
        self.asked, self.sent, self.refusal = [], [], None

    def GPU(self, duration):
        def decorate(work):
            def call(*arguments):
                if self.refusal:
                    raise gr.Error(self.refusal)
                self.asked.append(duration(*arguments))
                ours, theirs = multiprocessing.Pipe()
                fork = multiprocessing.get_context("fork")
                child = fork.Process(target=self.work, args=(work, pickle.dumps(arguments), theirs))
                child.start()
                theirs.close()
                try:
                    while (content := ours.recv_bytes()) != b"end":
                        self.sent.append(content)
                        yield pickle.loads(content)
                except EOFError:
                    raise gr.Error("GPU task aborted") from None
                finally:
                    child.kill()
                    child.join()

            return call

        return decorate

    @staticmethod
    def work(work, arguments, pipe):
        for value in work(*pickle.loads(arguments)):
            pipe.send_bytes(pickle.dumps(value))
        pipe.send_bytes(b"end")


@pytest.fixture
def tasks(plain, monkeypatch):
    """A ZeroGPU Space, where every run is long enough for the GPU."""
    tasks = Tasks()
    monkeypatch.setitem(sys.modules, "spaces", types.SimpleNamespace(GPU=tasks.GPU))
    monkeypatch.setenv("SPACES_ZERO_GPU", "true")
    monkeypatch.setenv("GI_DEVICE", "cpu")
    zerogpu.task.cache_clear()
    yield tasks
    zerogpu.task.cache_clear()


class NoTensors(pickle.Unpickler):
    def find_class(self, module, name):
        assert module.split(".")[0] != "torch", f"{module}.{name} crosses the process's border"
        return super().find_class(module, name)


def test_a_long_run_goes_to_the_gpu_and_comes_back_whole(tasks, tmp_path):
    service = RunService(Limits(gpu_from=0.0), Store(tmp_path / "runs.sqlite3"))
    here = press(RunService(Limits(gpu_from=1e9)))[-1]
    there = press(service)
    assert [run["state"] for run in there[-1:]] == ["done"] and len(tasks.asked) == 1
    assert there[-1]["scores"] == here["scores"] and there[-1]["verdict"] == here["verdict"]
    trace = service.traces.get(there[-1]["id"])
    assert trace is not None and trace.judgement is not None and trace.images.shape == (1, 3, 16, 16)
    assert service.store.records()[0].origin == "stored"
    for content in tasks.sent:
        NoTensors(io.BytesIO(content)).load()


def test_an_own_picture_is_not_kept_on_zero_gpu_either(tasks, tmp_path):
    from tests.web.test_store import own_picture

    service = RunService(Limits(gpu_from=0.0), Store(tmp_path / "runs.sqlite3"))
    assert press(service, [own_picture()])[-1]["state"] == "done"
    assert all(r.origin == "shipped" for r in service.store.records())


def test_short_runs_stay_here(tasks):
    assert press(RunService(Limits(gpu_from=60.0)))[-1]["state"] == "done" and tasks.asked == []


def test_the_time_asked_for_follows_the_run(plain, monkeypatch):
    assert zerogpu.gpu_seconds(1000.0, Limits()) == 0, "no ZeroGPU, nothing to ask"
    monkeypatch.setenv("SPACES_ZERO_GPU", "true")
    allowed = Limits(gpu_from=20, gpu_seconds=60)
    asked = [zerogpu.gpu_seconds(here, allowed) for here in (5, 19.9, 20, 60, 120, 10_000)]
    assert asked == [0, 0, 15, 25, 40, 60]


def test_stop_reaches_the_forked_process(tasks):
    service = RunService(Limits(gpu_from=0.0))
    messages = (m["run"] for m in service.live({"id": "a", "settings": FIELDS | {"attack": "ig:steps=90000"},
                                             "pictures": ["cat"]}) if m)  # fmt: skip
    next(messages)
    assert service.stop("a")
    *_, last = messages
    assert last["state"] == "stopped"
    assert not multiprocessing.active_children()


def test_no_gpu_to_be_had_is_one_sentence(tasks):
    tasks.refusal = "You have exceeded your GPU quota"
    (last,) = press(RunService(Limits(gpu_from=0.0)))
    assert last["state"] == "failed" and "quota" in last["message"] and "recorded runs still play" in last["message"]


def test_a_fork_does_not_inherit_a_held_lock(tasks):
    """Another run may be drawing from the global generator while ZeroGPU forks."""
    held, release = threading.Event(), threading.Event()

    def hold():
        with seeds.seeded(0):
            held.set()
            release.wait(60)

    holder = threading.Thread(target=hold)
    service = RunService(Limits(gpu_from=0.0))
    service.costs.predict = lambda scenario: 99.0
    holder.start()
    held.wait()
    try:
        assert press(service)[-1]["state"] == "done"
    finally:
        release.set()
        holder.join()


@pytest.mark.slow
def test_app_imports_spaces_before_torch(tmp_path):
    """The same app.py, as ZeroGPU starts it: the task is registered, computation elsewhere stays on the CPU."""
    (tmp_path / "spaces.py").write_text(
        "import sys\nassert 'torch' not in sys.modules and 'gradio' not in sys.modules\ntasks = []\n"
        "def GPU(duration):\n    return lambda work: tasks.append(work) or work\n"
    )
    script = textwrap.dedent("""
        import app, spaces
        from gi_core.torch_setup import default_device
        from gi_core.web.settings import limits
        assert [t.__name__ for t in spaces.tasks] == ["remote"] and default_device() == "cpu"
        assert limits().workers == 2
        print("ready")
    """)
    environment = os.environ | {
        "PYTHONPATH": f"{tmp_path}:{ROOT}", "SPACES_ZERO_GPU": "true", "SPACE_ID": "a/b", "GI_STORE": "off",
    }  # fmt: skip
    done = subprocess.run([sys.executable, "-c", script], cwd=ROOT, env=environment, capture_output=True, text=True)
    assert done.stdout.strip().endswith("ready"), done.stderr


def test_limits_of_each_deployment(plain, monkeypatch):
    own = settings.limits()
    assert own == Limits()
    monkeypatch.setenv("SPACE_ID", "somebody/explorer")
    monkeypatch.setattr(settings, "default_device", lambda: "cpu")
    cpu = settings.limits()
    monkeypatch.setattr(settings, "default_device", lambda: "cuda")
    gpu = settings.limits()
    assert cpu.seconds < own.seconds and cpu.image_size < gpu.image_size < own.image_size
    assert (cpu.workers, gpu.workers) == (2, 1)


@pytest.mark.parametrize(
    ("text", "words"), [("worker=2", "unknown limit 'worker'"), ("workers=0", "above zero"), ("workers=x", "whole")]
)
def test_limits_are_set_by_one_variable(plain, monkeypatch, text, words):
    monkeypatch.setenv("GI_LIMITS", "workers=4, minutes=0.5")
    assert settings.limits() == Limits(workers=4, minutes=0.5)
    monkeypatch.setenv("GI_LIMITS", text)
    with pytest.raises(BadInput, match=words):
        settings.limits()


def test_every_limit_is_documented():
    assert all(f"{f.name}:" in Limits.__doc__ or f"{f.name}," in Limits.__doc__ for f in fields(Limits))


def test_without_lpips_weights_a_run_says_not_available(monkeypatch, tmp_path):
    monkeypatch.setattr(sys.modules["gi_core.metrics.lpips"], "SHIPPED", tmp_path / "missing.safetensors")
    monkeypatch.setenv("TORCH_HOME", str(tmp_path))
    last = press(RunService(Limits()))[-1]
    assert last["state"] == "done" and last["scores"]["lpips"] is None and np.isfinite(last["scores"]["psnr"])


def test_no_request_leaves_the_server(monkeypatch):
    """Offline is no special case: a run, its judgement, a link and a download open no connection to anywhere."""

    def refuse(self, address, *rest):
        raise AssertionError(f"connection to {address}")

    monkeypatch.setattr(socket.socket, "connect", refuse)
    monkeypatch.setattr(socket, "getaddrinfo", lambda *a, **k: refuse(None, a[:2]))
    service = RunService(Limits())
    last = press(service)[-1]
    assert last["state"] == "done"
    assert link_with(service)({"search": "?model=mlp"})["settings"]["model"] == "mlp"
    assert "data" in download_with(service)({"id": last["id"]})


def test_a_machine_without_a_gpu_computes_on_the_cpu(plain, monkeypatch):
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    assert default_device() == "cpu"
    monkeypatch.setenv("GI_DEVICE", "meta")
    assert default_device() == "meta"


def test_every_variable_is_on_the_deployment_page():
    """GI_WEIGHTS is for training, not for a deployment."""
    code = "\n".join(path.read_text() for path in [*(ROOT / "gi_core").rglob("*.py"), ROOT / "app.py"])
    used = set(re.findall(r"\bGI_[A-Z]+\b", code))
    told = set(re.findall(r"\bGI_[A-Z]+\b", (ROOT / "docs" / "deploy.md").read_text()))
    assert used - {"GI_WEIGHTS"} == told
