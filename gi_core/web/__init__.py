"""The web app. ``build()`` gives the Blocks, ``launch_settings()`` what to launch it with.

Both are imported when first asked for: a worker process knows no Gradio.
"""

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from gi_core.web.app import build, launch_settings

__all__ = ["build", "launch_settings"]


def __getattr__(name: str) -> Any:
    if name not in __all__:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from gi_core.web import app

    return getattr(app, name)
