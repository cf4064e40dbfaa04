"""Components from people's own files: ``--plugin FILE.py`` imports it, and its decorators register what it holds."""

from __future__ import annotations

import hashlib
import importlib.util
import sys
from collections.abc import Callable
from pathlib import Path
from types import ModuleType
from typing import Any

from gi_core.errors import BadInput

_loaded: dict[Path, str] = {}


def load_plugin(file: str | Path) -> ModuleType:
    """Import a Python file, once. It runs with all the rights of whoever names it.

    Raises:
        BadInput: no such file, or importing it fails.
    """
    path = Path(file).resolve()
    if path in _loaded:
        return sys.modules[_loaded[path]]
    if not path.is_file():
        raise BadInput(f"plugin {str(file)[:200]!r}: a Python file is needed")
    name = f"gi_plugin_{path.stem}_{hashlib.sha256(str(path).encode()).hexdigest()[:8]}"
    spec = importlib.util.spec_from_file_location(name, path)
    if spec is None or spec.loader is None:
        raise BadInput(f"plugin {str(file)[:200]!r}: the name of a Python file ends in .py")
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module  # dataclasses and pickles look their module up by name
    try:
        spec.loader.exec_module(module)
    except Exception as error:
        del sys.modules[name]
        raise BadInput(f"plugin {path.name} fails on import: {type(error).__name__}: {error}") from error
    _loaded[path] = name
    return module


def member(text: str) -> Callable[..., Any]:
    """``FILE.py:NAME``: the function or class of that name in a Python file, which is run. Raises BadInput."""
    file, _, name = text.rpartition(":")
    if not file.endswith(".py") or not name.isidentifier():
        raise BadInput(f"{text[:200]!r}: FILE.py:NAME is needed")
    found = getattr(load_plugin(file), name, None)
    if not callable(found):
        raise BadInput(f"{file[:200]!r} has no function or class {name!r}")
    return found


def load_plugins(files: tuple[str, ...]) -> None:
    for file in files:
        load_plugin(file)


def loaded_plugins() -> tuple[str, ...]:
    """Files imported so far: what another process must import before it knows the same names."""
    return tuple(map(str, _loaded))
