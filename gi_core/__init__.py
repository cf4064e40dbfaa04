"""Gradient inversion: what does a federated client's update tell about its pictures?

In two lines:

    import gi_core as gi
    trace = gi.run(gi.Scenario(model="lenet", attack="ig:steps=500"), images)

Names are imported when first asked for, so that ``gi --help`` need not wait for torch.
"""

import importlib
import os
import sys
from types import ModuleType
from typing import TYPE_CHECKING, Any

from gi_core.memory import keep_freed_memory

if TYPE_CHECKING:
    from gi_core import audit
    from gi_core.audit.observe import observe
    from gi_core.errors import BadInput
    from gi_core.experiment import run
    from gi_core.run import Run, prepare, stream
    from gi_core.scenario import Scenario
    from gi_core.trace import Trace

__all__ = ["BadInput", "Run", "Scenario", "Trace", "audit", "observe", "prepare", "run", "stream"]
__version__ = "0.9.0"

HOMES = {
    "BadInput": "errors", "observe": "audit", "Run": "run", "Scenario": "scenario", "Trace": "trace",
    "prepare": "run", "run": "experiment", "stream": "run",
}  # fmt: skip
"""Module of each public name."""

os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")  # read when torch is loaded
keep_freed_memory()


class _Package(ModuleType):
    """Public names on demand; ``gi_core.run`` is the function, though a module of that name is imported for it."""

    def __getattr__(self, name: str) -> Any:
        if name == "audit":
            return importlib.import_module(f"{__name__}.audit")
        if name not in HOMES:
            raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
        value = getattr(importlib.import_module(f"{__name__}.{HOMES[name]}"), name)
        super().__setattr__(name, value)
        return value

    def __setattr__(self, name: str, value: Any) -> None:
        if not (name == "run" and isinstance(value, ModuleType)):
            super().__setattr__(name, value)

    def __dir__(self) -> list[str]:
        return sorted({*super().__dir__(), *HOMES, "audit"})


sys.modules[__name__].__class__ = _Package
