"""The first-order loops read no number back from the device: on CUDA each such read would wait for the whole queue."""

from itertools import islice

import pytest
import torch
from torch.profiler import ProfilerActivity, profile

import gi_core as gi
from gi_core.data.samples import sample

READS = {"aten::_local_scalar_dense", "aten::item", "aten::is_nonzero", "aten::nonzero"}


def reads(frames, count):
    with profile(activities=[ProfilerActivity.CPU]) as seen:
        for _ in islice(frames, count):
            pass
    return {event.key for event in seen.key_averages()} & READS


@pytest.mark.parametrize(
    ("model", "attack"),
    [
        ("lenet", "ig"),
        ("lenet", "ig:restarts=3"),
        ("resnet18", "ig:restarts=2,steps=2"),
        ("lenet", "sme"),
        ("resnet18:width=8", "gradinversion"),
    ],
)
def test_the_loop_never_waits_for_the_host(model, attack):
    run = gi.prepare(gi.Scenario(model=model, attack=attack), sample("cat", 32, 3).unsqueeze(0), device="cpu")
    frames = run.attack.run(run.observation, 0)
    next(frames)
    assert reads(frames, 3) == set()


def test_a_read_would_be_seen():
    assert reads((float(torch.ones(2).sum()) for _ in range(1)), 1)


@pytest.mark.skipif(not torch.cuda.is_available(), reason="needs CUDA")
def test_cuda_agrees():
    run = gi.prepare(gi.Scenario(attack="ig"), sample("cat", 32, 3).unsqueeze(0), device="cuda")
    frames = run.attack.run(run.observation, 0)
    next(frames)
    torch.cuda.set_sync_debug_mode("error")
    try:
        for _ in islice(frames, 3):
            pass
    finally:
        torch.cuda.set_sync_debug_mode("default")
