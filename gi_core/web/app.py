"""The page: header, tabs, API, launch settings."""

from __future__ import annotations

import os
import threading
import warnings
from typing import Any

os.environ.setdefault("GRADIO_ANALYTICS_ENABLED", "False")
os.environ.setdefault("FORWARDED_ALLOW_IPS", "")  # who may be believed is said by GI_PROXIES

import gradio as gr
import torch
from PIL import Image
from starlette.middleware import Middleware

from gi_core.memory import share_heaps
from gi_core.scenario import Scenario
from gi_core.store import Store, shipped
from gi_core.torch_setup import thread_count
from gi_core.web import api, inverters
from gi_core.web.preload import Preload
from gi_core.web.screens.cheat import cheat
from gi_core.web.screens.compare import compare
from gi_core.web.screens.evidence import evidence
from gi_core.web.screens.explore import explore, recorded
from gi_core.web.server import tasks, zerogpu
from gi_core.web.server.allowed_routes import API, CALLS, PAGE, TOOLS, AllowedRoutes
from gi_core.web.server.files import Files
from gi_core.web.server.headers import SecurityHeaders
from gi_core.web.server.plotly_script import PlotlyScript
from gi_core.web.server.price import price
from gi_core.web.server.run_service import RunService
from gi_core.web.server.session_cleanup import SESSIONS, ForgetfulQueue, forgetting
from gi_core.web.server.upload_guard import UploadGuard
from gi_core.web.server.workers import Workers
from gi_core.web.settings import hosts, limits, mcp_server, proxies, store_file
from gi_core.web.widget import widget


def build(service: RunService | None = None) -> gr.Blocks:
    """The web app, not yet launched."""
    share_heaps()
    torch.set_num_threads(thread_count())  # of this process and every thread that the server begins
    service = service or open_run_service()
    Image.MAX_IMAGE_PIXELS = 40_000_000
    warnings.simplefilter("error", Image.DecompressionBombWarning)
    forget = max(1, round(60 * service.limits.minutes))
    with gr.Blocks(
        analytics_enabled=False,
        delete_cache=(max(1, forget // 3), forget),
        title="Gradient Inversion Explorer",
        fill_width=True,
    ) as demo:
        explore.render(service)
        cheat.render(service)
        compare.render(service)
        evidence.render()
        widget("header")  # last, so that the tab key comes to the stage first; the style sheet puts it on top
        api.expose(service)
    if zerogpu.active():
        zerogpu.task()
    demo.queue(max_size=service.limits.waiting + 64, default_concurrency_limit=None)
    demo._queue = ForgetfulQueue.of(demo)
    return demo


def open_run_service() -> RunService:
    """The service of this deployment, with its store; runs have processes of their own where there is fork."""
    allowed = limits()
    threading.Thread(target=load_what_runs_ask_for, daemon=True).start()
    store = Store(store_file(), megabytes=allowed.store_megabytes, days=allowed.store_days)
    compute = Workers(allowed.worker_bytes, ready=allowed.workers) if hasattr(os, "fork") else tasks.here
    return RunService(allowed, store, compute)


def load_what_runs_ask_for() -> None:
    """What takes a second the first time: the price of a run, and what was computed before."""
    price(Scenario())
    shipped()


def launch_settings() -> dict[str, Any]:
    """Keyword arguments of ``launch`` that this app relies on: no telemetry, no history, nothing from other hosts."""
    fonts, tools = gr.themes.LocalFont, mcp_server()
    return {
        "theme": gr.themes.Base(
            font=["Source Sans 3", "system-ui", "sans-serif"],
            font_mono=[fonts("IBM Plex Mono", weights=(400,)), "monospace"],
        ),
        "max_file_size": "5mb",
        "run_history": False,
        "enable_monitoring": False,
        "footer_links": ["api"],
        "show_error": False,
        "state_session_capacity": SESSIONS,
        "ssr_mode": False,
        "allowed_paths": [],
        "share": False,
        "mcp_server": tools,
        "max_threads": 256,
        "app_kwargs": {"middleware": middleware(tools), "lifespan": forgetting},
    }


def middleware(tools: bool) -> list[Middleware]:
    """What every request passes before the framework sees it, in this order; ``tools``: MCP's routes are open too."""
    routes = (*PAGE, *CALLS, *API, *(TOOLS if tools else ()))
    return [
        Middleware(SecurityHeaders, hosts=hosts(), proxies=proxies()),
        Middleware(UploadGuard),
        Middleware(Files, prefix=recorded.PREFIX, answer=recorded.answer),
        Middleware(Files, prefix=inverters.PREFIX, answer=inverters.answer),
        Middleware(AllowedRoutes, routes=routes),
        Middleware(PlotlyScript),
        Middleware(Preload),
    ]
