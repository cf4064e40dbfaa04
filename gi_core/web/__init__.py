"""The web app. ``build()`` gives the Blocks, ``launch_settings()`` what to launch it with."""

from gi_core.web.app import build, launch_settings

__all__ = ["build", "launch_settings"]
