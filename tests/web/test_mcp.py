"""The endpoints as tools of a Model Context Protocol server, where the deployment asks for one."""

from __future__ import annotations

import asyncio
import importlib.util
from concurrent.futures import ThreadPoolExecutor

import pytest

from gi_core.errors import BadInput
from gi_core.web import settings
from gi_core.web.app import launch_settings
from gi_core.web.server.requests import FIELDS


def test_it_is_off_unless_asked_for(monkeypatch):
    monkeypatch.delenv("GI_MCP", raising=False)
    assert launch_settings()["mcp_server"] is False


def test_a_missing_package_is_said_in_one_sentence(monkeypatch):
    monkeypatch.setenv("GI_MCP", "1")
    found = importlib.util.find_spec
    monkeypatch.setattr(importlib.util, "find_spec", lambda name, *rest: None if name == "mcp" else found(name, *rest))
    with pytest.raises(BadInput, match=r'pip install "gradio\[mcp\]"'):
        settings.mcp_server()


@pytest.mark.skipif(importlib.util.find_spec("mcp") is None, reason='needs pip install "gradio[mcp]"')
def test_the_tools_are_the_endpoints(launch):
    from mcp import ClientSession
    from mcp.client.streamable_http import streamablehttp_client

    server = launch(GI_STORE="off", GI_MCP="1")

    async def ask():
        async with (
            streamablehttp_client(server.url + "gradio_api/mcp/") as (read, write, _),
            ClientSession(read, write) as session,
        ):
            await session.initialize()
            tools = {tool.name: tool for tool in (await session.list_tools()).tools}
            run = next(tool for name, tool in tools.items() if name.endswith("run_attack"))
            arguments = {"images": ["cat"], "model": "mlp", "attack": "analytic", "image_size": 16}
            return tools, run, await session.call_tool(run.name, arguments)

    with ThreadPoolExecutor() as elsewhere:  # the browser of other tests has a loop in this thread
        tools, run, answer = elsewhere.submit(asyncio.run, ask()).result()
    assert set(tools) == {"run_attack", "seconds", "list_", "inspect", "preflight"}, "private events are no tools"
    properties = run.inputSchema["properties"]
    assert set(properties) == {"images", *FIELDS}
    assert all(p.get("description") for name, p in properties.items())
    text = answer.content[0].text.replace("'", '"')
    assert not answer.isError and '"psnr"' in text and '"word": "Faithful"' in text and '"gain"' in text
