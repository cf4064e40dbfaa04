"""Gradient inversion: what does a federated client's update tell about its pictures?

In two lines:

    import gi_core as gi
    trace = gi.run(gi.Scenario(model="lenet", attack="ig:steps=500"), images)
"""

from gi_core import _torch

_torch.use_one_thread()
_torch.keep_freed_memory()

from gi_core.errors import BadInput  # noqa: E402 - threads are set before anything starts one
from gi_core.run import Run, prepare, run, stream  # noqa: E402
from gi_core.scenario import Scenario  # noqa: E402
from gi_core.trace import Trace  # noqa: E402

__all__ = ["BadInput", "Run", "Scenario", "Trace", "prepare", "run", "stream"]
