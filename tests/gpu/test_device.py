"""CUDA: every attack's numbers are the CPU's, first-order loops wait for nothing, a full device says so."""

from collections.abc import Iterator
from itertools import islice

import pytest
import torch

import gi_core as gi
from gi_core.attacks import attacks
from gi_core.data.samples import sample
from gi_core.errors import BadInput
from tests.attacks.test_every_attack import SMALLEST

cuda = pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a device for CUDA")
FIRST_ORDER = ("fedavg-ig", "fm", "gradinversion", "huang", "ig", "sme")


def frames(name: str, device: str, count: int = 3) -> list[torch.Tensor]:
    text, fields = SMALLEST[name]
    scenario = gi.Scenario(**fields, attack=text)
    size = (scenario.batch_size, *scenario.image_shape)
    pictures = torch.rand(size, generator=torch.Generator().manual_seed(0))
    run = gi.prepare(scenario, pictures, device=device)
    found = [f.images for f in islice(run, count)]
    assert all(f.device.type == device for f in found)
    return [f.cpu() for f in found]


@cuda
@pytest.mark.parametrize("name", sorted(SMALLEST))
def test_a_device_gives_what_the_cpu_gives(name: str) -> None:
    for here, there in zip(frames(name, "cpu"), frames(name, "cuda"), strict=True):
        torch.testing.assert_close(there, here, atol=2e-2, rtol=0)


@cuda
@pytest.mark.parametrize("name", FIRST_ORDER)
def test_first_order_loops_wait_for_nothing(name: str) -> None:
    text, fields = SMALLEST[name]
    run = gi.prepare(gi.Scenario(**fields, attack=text), device="cuda", images=pictures_for(fields))
    loop = attacks.parse(text.replace("steps=2", "steps=6")).run(run.observation, 0)
    next(loop)
    torch.cuda.set_sync_debug_mode("error")
    try:
        list(islice(loop, 2))
    finally:
        torch.cuda.set_sync_debug_mode("default")


def pictures_for(fields: dict[str, object]) -> torch.Tensor:
    side, count = int(str(fields.get("image_size", 32))), int(str(fields.get("batch_size", 1)))
    return torch.rand(count, 3, side, side, generator=torch.Generator().manual_seed(0))


@cuda
def test_a_device_that_is_full_is_told_in_a_sentence() -> None:
    torch.cuda.set_per_process_memory_fraction(1e-4)
    try:
        with pytest.raises(BadInput, match="too little free memory"):
            list(gi.prepare(gi.Scenario(model="resnet18"), sample("cat", 32, 3).unsqueeze(0), device="cuda"))
    finally:
        torch.cuda.set_per_process_memory_fraction(1.0)


def test_memory_that_runs_out_during_a_run_is_told_in_a_sentence(monkeypatch: pytest.MonkeyPatch) -> None:
    """On any device: torch raises the same error."""
    run = gi.prepare(gi.Scenario(attack="ig:steps=3"), sample("cat", 32, 3).unsqueeze(0), device="cpu")

    def full(*_: object) -> Iterator[None]:
        yield from ()
        raise torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 20.00 GiB")

    monkeypatch.setattr(type(run.attack), "run", full)
    with pytest.raises(BadInput, match=r"cpu has too little free memory for model lenet.*batch_size=1"):
        list(run)
