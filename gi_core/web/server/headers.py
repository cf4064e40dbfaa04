"""What browsers and proxies may make of this server: security headers, known host names, trusted proxies.

The policy allows what Gradio's page needs (scripts and styles in the page, workers from blobs, pictures as data) and
nothing from other hosts. Frames are allowed from the Hugging Face Hub, where a Space is shown in one.
"""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Iterable, Sequence

from starlette.datastructures import MutableHeaders
from starlette.responses import PlainTextResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

FRAMES = "'self' https://huggingface.co https://*.huggingface.co https://*.hf.space"
POLICY = "; ".join((
    "default-src 'self'",
    "script-src 'self' 'unsafe-inline' 'unsafe-eval' blob:",
    "style-src 'self' 'unsafe-inline'",
    "img-src 'self' data: blob:",
    "font-src 'self' data:",
    "media-src 'self' data: blob:",
    "worker-src 'self' blob:",
    "connect-src 'self' data: blob:",
    "object-src 'none'",
    "base-uri 'self'",
    "form-action 'self'",
    f"frame-ancestors {FRAMES}",
))  # fmt: skip
HEADERS = {
    "x-content-type-options": "nosniff",
    "referrer-policy": "no-referrer",
    "permissions-policy": "camera=(), microphone=(), geolocation=(), payment=(), usb=()",
    "cross-origin-opener-policy": "same-origin-allow-popups",
    "content-security-policy": POLICY,
}
CROSS_ORIGIN = ("access-control-allow-origin", "access-control-allow-credentials")
FORWARDED = (b"forwarded", b"x-forwarded-for", b"x-forwarded-host", b"x-forwarded-proto", b"x-forwarded-port",
             b"x-forwarded-prefix", b"x-real-ip")  # fmt: skip
Network = ipaddress.IPv4Network | ipaddress.IPv6Network


class SecurityHeaders:
    """ASGI middleware: the headers of every answer; unknown Hosts and other sites are refused, forged proxies ignored.

    Args:
        hosts: names allowed besides IP addresses, which no other site can point at this server; ``*.a.b`` allows the
            names below, ``*`` any name.
        proxies: networks whose X-Forwarded-* headers are believed; ``scope["client"]`` becomes the visitor's address.
    """

    def __init__(self, app: ASGIApp, hosts: Sequence[str], proxies: Sequence[Network]) -> None:
        self.app, self.hosts, self.proxies = app, hosts, proxies

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        trusted = self._trusted(scope.get("client"))
        headers = [(name, value) for name, value in scope["headers"] if trusted or name not in FORWARDED]
        scope = {**scope, "headers": headers}
        given = dict(headers)
        if trusted and (visitor := original(given.get(b"x-forwarded-for", b""), self.proxies)):
            scope["client"] = (visitor, 0)
        names = [name_of(given[header]) for header in (b"host", b"x-forwarded-host") if header in given]
        origin = name_of(given.get(b"origin", b"").partition(b"://")[2]) if b"origin" in given else None
        foreign = origin is not None and origin not in names and not listed(origin, self.hosts)

        async def secured(message: Message) -> None:
            if message["type"] == "http.response.start":
                answer = MutableHeaders(raw=message["headers"])
                for name, value in HEADERS.items():
                    answer[name] = value
                for name in CROSS_ORIGIN if foreign else ():
                    del answer[name]
            await send(message)

        if not names or not all(address(name) or listed(name, self.hosts) for name in names):
            words = "This server does not answer under that name: GI_HOSTS says which names it has."
            await PlainTextResponse(words, status_code=421)(scope, receive, secured)
        elif foreign and scope["method"] not in ("GET", "HEAD"):
            words = "This request comes from another site: only this server's own page and programs may send any."
            await PlainTextResponse(words, status_code=403)(scope, receive, secured)
        else:
            await self.app(scope, receive, secured)

    def _trusted(self, client: tuple[str, int] | None) -> bool:
        return client is not None and within(client[0], self.proxies)


def within(name: str, networks: Iterable[Network]) -> bool:
    """Whether a text is an IP address in one of the networks."""
    found = address(name)
    return found is not None and any(found in network for network in networks)


def address(name: str) -> ipaddress.IPv4Address | ipaddress.IPv6Address | None:
    """The IP address that a text is, None for any other."""
    try:
        return ipaddress.ip_address(name)
    except ValueError:
        return None


def original(chain: bytes, proxies: Sequence[Network]) -> str | None:
    """The visitor's address in X-Forwarded-For: the last that is no trusted proxy's.

    Where all are trusted, as on a Space, the last public one. None for an empty or malformed chain.
    """
    parts = [part.strip() for part in chain.decode("latin-1").split(",")]
    addresses = [found for part in parts if (found := address(part))]
    if not parts or len(addresses) < len(parts):
        return None
    strange = [a for a in addresses if not any(a in network for network in proxies)]
    return str([addresses[0], *(a for a in addresses if a.is_global), *strange][-1])


def name_of(host: bytes) -> str:
    """The name in a Host header, lower case, without port and brackets; empty for what is none."""
    match = re.fullmatch(
        r"(\[[0-9a-fA-F:.]+\]|[^:\[\]/@,\s]+)(:\d{1,5})?", host.decode("latin-1").partition(",")[0].strip()
    )
    return "" if match is None else match.group(1).strip("[]").lower().rstrip(".")


def listed(name: str, hosts: Sequence[str]) -> bool:
    """Whether a name is one of ``hosts``."""
    return any(p in ("*", name) or (p.startswith("*.") and name.endswith(p[1:])) for p in hosts)
