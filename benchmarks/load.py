"""Thirty clients and two hundred tabs against a served app: ``python benchmarks/load.py URL [CLIENTS] [TABS]``.

With ``--strange 60``: so many scenarios drawn at random among those that a Space permits, four at a time, each left
after a second; what a light question of somebody else cost meanwhile.

With ``--greedy 75``: CLIENTS from addresses of their own, while one more sends 75 calls and fetches no answer.

Speaks the page's own protocol over HTTP. Prints who was served, how long the last one waited, and what a light question
cost meanwhile.
"""

from __future__ import annotations

import asyncio
import json
import secrets
import time
from collections.abc import Coroutine
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import Any, TypeVar

import click
import httpx

T = TypeVar("T")
BEGUN = ('"running"', '"judging"', '"done"', '"stopped"')
CHEAP = {"model": "mlp", "image_size": 16, "attack": "ig:steps=120"}


@dataclass
class Outcome:
    """What one client saw."""

    final: dict[str, Any] | None = None
    places: set[int] = field(default_factory=set)
    first: float | None = None
    began: float | None = None
    seconds: float = 0.0
    messages: int = 0
    kilobytes: float = 0.0
    trouble: str = ""

    @property
    def state(self) -> str:
        return (self.final or {}).get("run", {}).get("state", self.trouble or "nothing")


class Page:
    """A browser's page as the server sees it: a session that triggers Explore's events."""

    def __init__(self, client: httpx.AsyncClient, config: dict[str, Any]) -> None:
        self.client, self.session = client, secrets.token_hex(6)
        stage = next(c["id"] for c in config["components"] if c.get("props", {}).get("elem_id") == "tab-explore")
        self.run_index = next(d["id"] for d in config["dependencies"] if [stage, "run"] in map(list, d["targets"]))
        self.stage = stage

    @classmethod
    async def open(cls, client: httpx.AsyncClient) -> Page:
        (await client.get("")).raise_for_status()
        return cls(client, (await client.get("config")).json())

    async def ask(self, name: str, request: dict[str, Any]) -> Any:
        """A server function of Explore."""
        body = {"data": request, "component_id": self.stage, "fn_name": name, "session_hash": self.session}
        return (await self.client.post("gradio_api/component_server", json=body)).json()

    def pressed(self, event: dict[str, Any]) -> dict[str, Any]:
        """What the page posts when Run is pressed."""
        return {
            "data": [], "event_data": event, "fn_index": self.run_index, "session_hash": self.session,
            "trigger_id": self.stage,
        }  # fmt: skip

    async def run(self, settings: dict[str, Any], *, leave_after: int | None = None, **request: Any) -> Outcome:
        """Press Run and watch to the end, or close the tab after some messages."""
        told, started = Outcome(), time.monotonic()
        event = {"id": secrets.token_hex(16), "settings": settings, "pictures": ["cat"], **request}
        try:
            answer = await self.client.post("gradio_api/queue/join", json=self.pressed(event))
            if answer.status_code >= 400:
                return Outcome(trouble=answer.text)
            data = self.client.stream("GET", "gradio_api/queue/data", params={"session_hash": self.session})
            async with data as stream:
                async for line in stream.aiter_lines():
                    if not line.startswith("data:"):
                        continue
                    message = json.loads(line[5:])
                    if told.began is None and any(state in line for state in BEGUN):
                        told.began = time.monotonic() - started
                    told.kilobytes += len(line) / 1000
                    if message["msg"] == "process_generating":
                        told.messages += 1
                        told.first = told.first or time.monotonic() - started
                        told.places |= set(places(message["output"]["data"]))
                        if leave_after and told.messages >= leave_after:
                            break
                    elif message["msg"] == "process_completed":
                        told.final = message["output"]["data"][0] if message["success"] else None
                        told.trouble = "" if message["success"] else str(message["output"].get("error"))
                        break
        except httpx.HTTPError as error:
            told.trouble = repr(error)
        told.seconds = time.monotonic() - started
        return told


def places(data: Any) -> list[int]:
    """Places in line that a message, whole or as edits, tells."""
    if isinstance(data, dict):
        here = [data["place"]] if isinstance(data.get("place"), int) else []
        return here + [place for value in data.values() for place in places(value)]
    if isinstance(data, list):
        if len(data) == 3 and data[0] in ("add", "replace") and data[1][-1:] == ["place"]:
            return [data[2]]
        return [place for value in data for place in places(value)]
    return []


async def press(url: str, requests: list[dict[str, Any]]) -> list[Outcome]:
    """One client per request, all at once."""
    async with httpx.AsyncClient(base_url=url, timeout=600, limits=httpx.Limits(max_connections=400)) as client:
        pages = [await Page.open(client) for _ in requests]
        return await asyncio.gather(*(page.run(**request) for page, request in zip(pages, requests, strict=True)))


async def crowd(url: str, visitors: int, greedy: int) -> tuple[list[Outcome], int]:
    """Visitors from addresses of their own, while one sends so many API calls and fetches none: outcomes, calls taken.

    The server has to trust us as a proxy: ``GI_PROXIES=127.0.0.1``.
    """

    first = secrets.randbelow(10**9)  # nothing that the server has in its store

    async def visit(number: int) -> Outcome:
        headers = {"X-Forwarded-For": f"198.51.{100 + number // 250}.{1 + number % 250}"}
        async with httpx.AsyncClient(base_url=url, timeout=600, headers=headers, verify=False) as client:
            page = await Page.open(client)
            await asyncio.sleep(1 + number / 50)  # after the greedy one
            return await page.run(CHEAP | {"attack": "ig:steps=20", "seed": first + number})

    async def grab() -> int:
        headers = {"X-Forwarded-For": "203.0.113.7"}
        async with httpx.AsyncClient(base_url=url, timeout=60, headers=headers) as client:
            bodies = [{"images": ["cat"], **CHEAP, "attack": "ig:steps=90000", "seed": n} for n in range(greedy)]
            calls = (client.post("gradio_api/call/v2/run_attack", json=body) for body in bodies)
            return sum(answer.status_code == 200 for answer in await asyncio.gather(*calls))

    taken, *outcomes = await asyncio.gather(grab(), *(visit(number) for number in range(visitors)))
    return outcomes, taken


async def come_and_go(url: str, tabs: int, at_once: int = 8) -> list[Outcome]:
    """Tabs that open, press Run and close before the run is through."""
    turn = asyncio.Semaphore(at_once)

    async def visit(number: int) -> Outcome:
        async with turn, httpx.AsyncClient(base_url=url, timeout=120) as client:
            page = await Page.open(client)
            return await page.run(CHEAP | {"attack": "ig:steps=100000", "seed": number}, leave_after=1)

    return list(await asyncio.gather(*(visit(number) for number in range(tabs))))


async def light(url: str, seconds: float) -> list[float]:
    """Seconds that a light question takes, asked four times a second."""
    async with httpx.AsyncClient(base_url=url, timeout=60) as client:
        page, took, end = await Page.open(client), [], time.monotonic() + seconds
        while time.monotonic() < end:
            started = time.monotonic()
            await page.ask("explore_estimate", {"settings": CHEAP})
            took.append(time.monotonic() - started)
            await asyncio.sleep(0.25)
        return sorted(took)


async def strange(url: str, count: int) -> list[str]:
    """Random permitted runs that are left after a second; what became of each."""
    import here  # noqa: F401

    from benchmarks.stops import drawn

    scenarios = [scenario for number in range(40 * count) if (scenario := drawn(number))][:count]
    turn = asyncio.Semaphore(4)

    async def visit(number: int) -> str:
        headers = {"X-Forwarded-For": f"198.51.100.{1 + number % 250}"}
        async with turn, httpx.AsyncClient(base_url=url, timeout=60, headers=headers, verify=False) as client:
            page, scenario = await Page.open(client), scenarios[number]
            try:
                run = page.run(scenario.to_dict(), pictures=["cat"] * scenario.batch_size)
                return (await asyncio.wait_for(run, 1)).state
            except TimeoutError:
                return "left"

    return list(await asyncio.gather(*(visit(number) for number in range(len(scenarios)))))


async def gather_strange(url: str, count: int) -> None:
    waiting = asyncio.create_task(light(url, count / 4))
    states = await strange(url, count)
    took = await waiting
    print({state: states.count(state) for state in sorted(set(states))})
    print(f"light question meanwhile: median {share(took, 0.5):.2f} s, p95 {share(took, 0.95):.2f} s, of {len(took)}")


def at_once(work: Coroutine[Any, Any, T]) -> T:
    """Run to the end, whatever event loop this thread may have."""
    with ThreadPoolExecutor(1) as thread:
        return thread.submit(asyncio.run, work).result()


def share(values: list[float], part: float) -> float:
    """The value below which so large a part lies."""
    return sorted(values)[min(len(values) - 1, int(part * len(values)))] if values else float("inf")


async def gather_crowd(url: str, visitors: int, greedy: int) -> None:
    waiting = asyncio.create_task(light(url, 20))
    outcomes, taken = await crowd(url, visitors, greedy)
    print(told(f"{visitors} visitors and {taken} calls of a greedy one", outcomes))
    first = [o.first for o in outcomes if o.first is not None]
    began = [o.began for o in outcomes if o.began is not None]
    print(f"first message: median {share(first, 0.5):.2f} s, p95 {share(first, 0.95):.2f} s")
    print(f"run begun: median {share(began, 0.5):.1f} s, p95 {share(began, 0.95):.1f} s, last {max(began):.1f} s")
    took = await waiting
    print(f"light question meanwhile: median {share(took, 0.5):.2f} s, p95 {share(took, 0.95):.2f} s")


def told(name: str, outcomes: list[Outcome]) -> str:
    states = {state: sum(o.state == state for o in outcomes) for state in sorted({o.state for o in outcomes})}
    shared = {(o.final or {}).get("run", {}).get("id") for o in outcomes}
    last, data = max(o.seconds for o in outcomes), sum(o.kilobytes for o in outcomes) / 1000
    return f"{name}: {states}, {len(shared)} computations, last after {last:.1f} s, {data:.0f} MB sent"


async def measure(url: str, clients: int, tabs: int) -> None:
    settings = CHEAP | {"seed": secrets.randbelow(10**6)}
    print(told(f"{clients} on one preset", await press(url, [{"settings": settings}] * clients)), flush=True)
    different = [{"settings": CHEAP | {"seed": secrets.randbelow(10**9)}} for _ in range(clients)]
    waiting = asyncio.create_task(light(url, 5))
    print(told(f"{clients} on different ones", await press(url, different)), flush=True)
    took = await waiting
    print(f"light question meanwhile: median {1000 * took[len(took) // 2]:.0f} ms, worst {1000 * took[-1]:.0f} ms")
    left = await come_and_go(url, tabs)
    print(f"{tabs} tabs came and went; {sum(bool(o.trouble) for o in left)} met trouble")


@click.command(help=__doc__)
@click.argument("url")
@click.argument("clients", default=30)
@click.argument("tabs", default=200)
@click.option("--greedy", type=int, help="instead: CLIENTS from different addresses, and so many calls of one more")
@click.option("--strange", "count", type=int, help="instead: so many random runs that are left")
def main(url: str, clients: int, tabs: int, greedy: int | None, count: int | None) -> None:
    url = url.rstrip("/") + "/"
    if count is not None:
        return asyncio.run(gather_strange(url, count))
    asyncio.run(measure(url, clients, tabs) if greedy is None else gather_crowd(url, clients, greedy))


if __name__ == "__main__":
    main()
