import os

import pytest
import torch
from torch import Tensor

from gi_core.models import models
from gi_core.torch_setup import thread_count

torch.set_num_threads(1 if "PYTEST_XDIST_WORKER" in os.environ else thread_count())

IN_A_BROWSER = {"browser"}
IN_A_PROCESS = {"launch"}
"""Fixtures: Chromium, and the app in a process of its own. Tests that use them are slow, but for the journey."""
WORKERS = 2
"""Processes that share the files of a whole run: the smallest machine that this is for has two cores."""


def pytest_xdist_auto_num_workers(config: pytest.Config) -> int:
    """For a run over everything; a named file or test is run by the process that was asked."""
    return WORKERS if config.args_source is pytest.Config.ArgsSource.TESTPATHS else 0


def pytest_configure(config: pytest.Config) -> None:
    """Plain ``pytest`` leaves out what is slow; whoever names files, ``-m`` or ``-k`` gets what they named."""
    named = config.option.markexpr or config.option.keyword
    if config.args_source is pytest.Config.ArgsSource.TESTPATHS and not named:
        config.option.markexpr = "not slow"


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        used = set(getattr(item, "fixturenames", ()))
        if used & IN_A_BROWSER:
            item.add_marker("browser")
        if used & (IN_A_BROWSER | IN_A_PROCESS) and item.get_closest_marker("journey") is None:
            item.add_marker("slow")


@pytest.fixture
def picture() -> Tensor:
    """A smooth colour picture, (1,3,32,32) in [0,1]."""
    y, x = torch.meshgrid(torch.linspace(0, 1, 32), torch.linspace(0, 1, 32), indexing="ij")
    disc = ((x - 0.6) ** 2 + (y - 0.4) ** 2 < 0.06).float()
    return torch.stack([x, 0.8 * y + 0.2 * disc, 0.3 + 0.5 * disc]).unsqueeze(0)


@pytest.fixture
def own_names_forgotten():
    """Victims that the test adds leave with it: other tests look at all there are."""
    before = set(models.names())
    yield
    for name in set(models.names()) - before:
        del models._classes[name]
