"""The page as it is served, before the app has started."""

from __future__ import annotations

import asyncio
from concurrent.futures import ThreadPoolExecutor

from gi_core.web.preload import Preload, beginning, snippet


def answered(path, kind, body=b"<html><head></head><body>there is </body> in the text</body></html>", method="GET"):
    """Status and body that a browser gets through the middleware."""

    async def app(scope, receive, send):
        headers = [(b"content-type", kind), (b"content-length", str(len(body)).encode())]
        await send({"type": "http.response.start", "status": 200, "headers": headers})
        await send({"type": "http.response.body", "body": body[:9], "more_body": True})
        await send({"type": "http.response.body", "body": body[9:]})

    sent = []

    async def send(message):
        sent.append(message)

    scope = {"type": "http", "method": method, "path": path, "root_path": ""}
    with ThreadPoolExecutor() as elsewhere:  # the browser of other tests has a loop in this thread
        elsewhere.submit(asyncio.run, Preload(app)(scope, None, send)).result()
    length = dict(sent[0]["headers"])[b"content-length"]
    content = b"".join(message.get("body", b"") for message in sent[1:])
    assert int(length) == len(content)
    return content


def test_the_page_gets_the_snippet_at_its_end_and_its_length_is_right():
    content = answered("/", b"text/html; charset=utf-8")
    assert content.endswith(snippet() + b"</body></html>") and content.count(snippet()) == 1
    assert content.startswith(b"<html><head>" + beginning() + b"</head>")
    assert b"gi-early" in snippet() and b"gi.early(" in snippet()


def test_nothing_else_is_touched():
    plain = b"<html><head></head><body>there is </body> in the text</body></html>"
    assert answered("/config", b"text/html") == plain
    assert answered("/", b"application/json") == plain
    assert answered("/", b"text/html", method="POST") == plain
