"""The endpoints as tools of a Model Context Protocol server, where the deployment asks for one."""

from __future__ import annotations

import ast
import asyncio
import importlib.util
import json
from concurrent.futures import ThreadPoolExecutor

import pytest
from click.testing import CliRunner
from gradio_client import Client

import gi_core as gi
from gi_core.cli import main
from gi_core.data.sources import open_picture
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
    server = launch(GI_STORE="off", GI_MCP="1")
    tools, answer = asked(server.url, {"images": ["cat"], "model": "mlp", "attack": "analytic", "image_size": 16})
    run = next(tool for name, tool in tools.items() if name.endswith("run_attack"))
    public = {"run_attack", "seconds", "list_", "inspect", "preflight", "audit"}
    assert set(tools) == public, "private events are no tools"
    properties = run.inputSchema["properties"]
    assert set(properties) == {"images", *FIELDS}
    assert all(p.get("description") for name, p in properties.items())
    assert not answer.isError
    assert one(answer)["verdict"]["word"] == "Faithful" and one(answer)["gain"]["psnr"]["mean"] > 20


# ---- Venom's grey habit at every door -------------------------------------------------------------------------------

HABIT = {"model": "lenet", "attack": "venom", "defense": "dp-gaussian:epsilon=1"}
BESIDE = ("verdict", "control", "gain", "bounds", "scores")


@pytest.mark.slow
@pytest.mark.skipif(importlib.util.find_spec("mcp") is None, reason='needs pip install "gradio[mcp]"')
@pytest.mark.parametrize("photo", ["coffee", "rocket"])
def test_python_command_line_http_and_mcp_judge_alike(launch, photo):
    """A reconstruction of a photograph under epsilon = 1 is Nothing, and all four say so with the same figures."""
    server = launch(GI_STORE="off", GI_MCP="1")
    by_python = gi.run(gi.Scenario(**HABIT), open_picture(photo, 32, 3)[None], judged=True).to_dict()
    options = [f"--{name}={value}" for name, value in HABIT.items()]
    by_command = json.loads(CliRunner().invoke(main, ["run", *options, "--image", photo, "--json"]).stdout)
    by_http = Client(server.url, verbose=False).predict(images=[photo], **HABIT, api_name="/run_attack")
    by_mcp = one(asked(server.url, {"images": [photo], **HABIT})[1])
    assert by_python["verdict"]["word"] == "Nothing" and abs(by_python["gain"]["psnr"]["mean"]) < 6
    assert by_python["control"]["psnr"] > 5
    for door in (by_command, by_http, by_mcp):
        assert {key: door[key] for key in BESIDE} == {key: by_python[key] for key in BESIDE}


def asked(url, arguments):
    """The tools of the server, and the answer of run_attack."""
    from mcp import ClientSession
    from mcp.client.streamable_http import streamablehttp_client

    async def ask():
        async with (
            streamablehttp_client(url + "gradio_api/mcp/") as (read, write, _),
            ClientSession(read, write) as session,
        ):
            await session.initialize()
            tools = {tool.name: tool for tool in (await session.list_tools()).tools}
            run = next(name for name in tools if name.endswith("run_attack"))
            return tools, await session.call_tool(run, arguments)

    with ThreadPoolExecutor() as elsewhere:  # the browser of other tests has a loop in this thread
        return elsewhere.submit(asyncio.run, ask()).result()


def one(answer):
    """What a tool said, as plain data: Gradio writes JSON, or a Python literal."""
    text = answer.content[0].text
    try:
        return json.loads(text)
    except json.JSONDecodeError:
        return ast.literal_eval(text)
