"""Security headers on every answer; unknown names, other sites and forged proxies."""

from __future__ import annotations

import ipaddress

import pytest
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import PlainTextResponse
from starlette.routing import Route
from starlette.testclient import TestClient

from gi_core.errors import BadInput
from gi_core.web import settings
from gi_core.web.server.headers import SecurityHeaders, name_of, original

PROXY = (ipaddress.ip_network("10.0.0.0/8"),)


async def told(request: Request) -> PlainTextResponse:
    words = f"{request.client.host} {request.headers.get('x-forwarded-host')}"
    return PlainTextResponse(words, headers={"access-control-allow-origin": request.headers.get("origin", "")})


def client(peer="10.1.2.3", hosts=("localhost", "*.school.example"), proxies=PROXY, base="http://localhost"):
    guarded = [Middleware(SecurityHeaders, hosts=hosts, proxies=proxies)]
    app = Starlette(routes=[Route("/{path:path}", told, methods=["GET", "POST"])], middleware=guarded)
    return TestClient(app, client=(peer, 1), base_url=base)


def test_every_answer_has_them():
    for answer in (client().get("/"), client(base="http://evil.example").get("/")):
        assert answer.headers["x-content-type-options"] == "nosniff"
        assert answer.headers["referrer-policy"] == "no-referrer"
        policy = answer.headers["content-security-policy"]
        assert "https://huggingface.co" in policy.partition("frame-ancestors")[2] and "object-src 'none'" in policy


@pytest.mark.parametrize(
    ("host", "status"),
    [
        ("localhost:7860", 200), ("127.0.0.1:7860", 200), ("[::1]:7860", 200), ("192.168.0.7", 200),
        ("lab.school.example", 200), ("LOCALHOST.", 200), ("evil.example", 421), ("school.example", 421),
        ("evil-localhost", 421), ("localhost.evil.example", 421), ("localhost@evil.example", 421), ("", 421),
        ("127.0.0.1.evil.example", 421), ("localhost:port", 421),
    ],
)  # fmt: skip
def test_only_known_names_are_answered(host, status):
    assert client().get("/", headers={"host": host}).status_code == status


def test_other_sites_send_nothing_and_read_nothing():
    other = {"origin": "https://evil.example"}
    assert client().post("/", headers=other).status_code == 403
    assert "access-control-allow-origin" not in client().get("/", headers=other).headers
    for own in ("http://localhost:7860", "https://lab.school.example"):
        assert client().post("/", headers={"origin": own}).status_code == 200
    assert client().post("/", headers={"origin": "null"}).status_code == 403
    assert client().post("/", headers={"origin": "http://8.8.8.8"}).status_code == 403
    assert client(base="http://8.8.8.8").post("/", headers={"origin": "http://8.8.8.8"}).status_code == 200


def test_a_forged_proxy_is_not_believed():
    forged = {"x-forwarded-for": "8.8.8.8", "x-forwarded-host": "lab.school.example"}
    assert client("192.0.2.1").get("/", headers=forged).text == "192.0.2.1 None"
    assert client("10.1.2.3").get("/", headers=forged).text == "8.8.8.8 lab.school.example"
    assert client("10.1.2.3").get("/", headers=forged | {"x-forwarded-host": "evil.example"}).status_code == 421


@pytest.mark.parametrize(
    ("chain", "visitor"),
    [
        (b"1.1.1.1, 8.8.8.8, 10.0.0.9", "8.8.8.8"), (b"8.8.8.8", "8.8.8.8"), (b"192.168.0.7", "192.168.0.7"),
        (b"10.0.0.1", "10.0.0.1"), (b"", None), (b"<script>, 8.8.8.8", None),
    ],
)  # fmt: skip
def test_the_visitor_is_the_last_who_is_no_proxy(chain, visitor):
    assert original(chain, PROXY) == visitor


def test_where_every_proxy_is_trusted_the_last_public_address_is_the_visitor():
    everyone = (ipaddress.ip_network("0.0.0.0/0"),)
    assert original(b"1.1.1.1, 8.8.8.8, 10.0.0.9", everyone) == "8.8.8.8"
    assert original(b"192.168.0.7, 10.0.0.9", everyone) == "192.168.0.7"


def test_names_and_proxies_come_from_the_environment(monkeypatch):
    monkeypatch.setenv("GI_HOSTS", "Lab.School.example, ")
    monkeypatch.setenv("GI_PROXIES", "10.0.0.0/8, 192.0.2.7")
    monkeypatch.delenv("SPACE_ID", raising=False)
    assert "lab.school.example" in settings.hosts() and "*.hf.space" not in settings.hosts()
    assert len(settings.proxies()) == 2
    monkeypatch.setenv("GI_PROXIES", "everywhere")
    with pytest.raises(BadInput, match=r"GI_PROXIES.*'everywhere'"):
        settings.proxies()
    monkeypatch.delenv("GI_PROXIES")
    assert settings.proxies() == ()
    monkeypatch.setenv("SPACE_ID", "a/b")
    assert "*.hf.space" in settings.hosts() and settings.proxies()


def test_what_is_no_name_is_none():
    assert [name_of(text) for text in (b"a b", b"a/b", b"[::1]:1", b"A:80, b")] == ["", "", "::1", "a"]
