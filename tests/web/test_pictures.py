"""Hostile and unusual pictures over HTTP: one sentence or the right pixels, and the server goes on."""

from __future__ import annotations

import base64
import io
import struct
import time

import numpy as np
import pytest
from gradio_client import Client
from PIL import Image

from gi_core.errors import BadInput
from gi_core.web.server import tasks
from gi_core.web.server.run_service import RunService
from gi_core.web.settings import Limits
from tests.data.test_pictures import REFUSED, encoded, png_chunk, png_of

SQUARE = np.kron(np.array([[[200, 40, 90], [20, 160, 220]], [[240, 230, 30], [60, 60, 60]]], np.uint8), np.ones((32, 32, 1), np.uint8))  # fmt: skip # noqa: E501


@pytest.fixture(scope="module")
def client(served):
    return Client(served[0], verbose=False)


def send(client, content, **changes):
    uri = "data:image/png;base64," + base64.b64encode(content).decode()
    settings = {"images": [uri], "model": "mlp", "attack": "analytic", "image_size": 16} | changes
    return client.predict(**settings, api_name="/run_attack")


def jpeg_header(width, height):
    """A JPEG that claims a size and holds nothing."""
    frame = struct.pack(">BHHB", 8, height, width, 3) + b"\x01\x22\x00\x02\x11\x01\x03\x11\x01"
    return b"\xff\xd8\xff\xc0" + struct.pack(">H", len(frame) + 2) + frame + b"\xff\xd9"


def animated(count, side):
    frames = [Image.new("P", (side, side), n % 256) for n in range(count)]
    return encoded(frames[0], "GIF", save_all=True, append_images=frames[1:])


MORE_REFUSED = {
    "jpeg of 65,500 x 65,500": (lambda: jpeg_header(65_500, 65_500), "megapixels|not a picture"),
    "bmp of a negative width": (
        lambda: b"BM" + struct.pack("<IHHIIiiHHIIiiII", 60, 0, 0, 54, 40, -9, 9, 1, 24, 0, 0, 0, 0, 0, 0),
        "damaged|not a picture|pixels",
    ),
    "png without pixels": (lambda: b"\x89PNG\r\n\x1a\n" + png_chunk(b"IEND", b""), "damaged|not a picture"),
    "png of no width": (lambda: png_of(0, 9), "damaged|not a picture|no pixels"),
    "webp, cut": (lambda: encoded(Image.fromarray(SQUARE), "WEBP")[:60], "damaged|not a picture"),
    "tiff, cut": (lambda: encoded(Image.fromarray(SQUARE), "TIFF")[:90], "damaged|not a picture"),
    "icon": (lambda: encoded(Image.fromarray(SQUARE), "ICO"), "not a picture"),
    "pdf": (lambda: encoded(Image.fromarray(SQUARE), "PDF"), "not a picture"),
    "html": (lambda: b"<html><script>alert(1)</script></html>", "not a picture"),
    "zip": (lambda: b"PK\x05\x06" + bytes(18), "not a picture"),
    "zeros": (lambda: bytes(100_000), "not a picture"),
}


@pytest.mark.parametrize("name", {**REFUSED, **MORE_REFUSED})
def test_hostile_pictures_get_one_sentence_over_http(client, name):
    make, words = {**REFUSED, **MORE_REFUSED}[name]
    started = time.monotonic()
    with pytest.raises(Exception, match=words) as refusal:
        send(client, make())
    said = str(refusal.value)
    assert (
        len(said) < 300 and "Traceback" not in said and "site-packages" not in said and time.monotonic() - started < 20
    )


def exif():
    tags = Image.Exif()
    tags[0x010F], tags[0x0131] = "SECRET-CAMERA", "x" * 20_000
    tags.get_ifd(0x8825)[2] = (48.0, 51.0, 30.0)
    return tags


CMYK = Image.fromarray(SQUARE).convert("CMYK")
TAKEN = {
    "cmyk jpeg": lambda: encoded(CMYK, "JPEG", quality=98),
    "cmyk tiff": lambda: encoded(CMYK, "TIFF"),
    "16-bit grey png": lambda: encoded(Image.fromarray(SQUARE[..., 0].astype(np.uint16) * 257), "PNG"),
    "16-bit grey tiff": lambda: encoded(Image.fromarray(SQUARE[..., 0].astype(np.uint16) * 257), "TIFF"),
    "one bit": lambda: encoded(Image.fromarray(SQUARE[..., 0]).convert("1"), "PNG"),
    "palette": lambda: encoded(Image.fromarray(SQUARE).convert("P", palette=Image.Palette.ADAPTIVE), "PNG"),
    "transparent": lambda: encoded(Image.fromarray(SQUARE).convert("RGBA"), "WEBP", lossless=True),
    "lab": lambda: encoded(Image.fromarray(SQUARE).convert("LAB"), "TIFF"),
    "ycbcr jpeg": lambda: encoded(Image.fromarray(SQUARE).convert("YCbCr"), "JPEG"),
    "animated gif of 400 frames": lambda: animated(400, 64),
    "animated webp": lambda: encoded(Image.fromarray(SQUARE), "WEBP", save_all=True,
                                     append_images=[Image.fromarray(255 - SQUARE)]),
    "much metadata": lambda: encoded(Image.fromarray(SQUARE), "JPEG", exif=exif()),
    "one pixel": lambda: encoded(Image.new("RGB", (1, 1), "red"), "PNG"),
    "a line": lambda: encoded(Image.new("RGB", (5_000, 1), "red"), "PNG"),
    "12 megapixels": lambda: png_of(4_000, 3_000),
    "bytes behind the end": lambda: encoded(Image.fromarray(SQUARE), "PNG") + b"SECRET" * 1000,
}  # fmt: skip


@pytest.mark.parametrize("name", TAKEN)
def test_unusual_pictures_are_read_over_http(client, name):
    """The attack on an unprotected dense victim gives every picture back: what was read was attacked."""
    answer = send(client, TAKEN[name]())
    assert answer["scores"][0]["psnr"] > 30 and "SECRET" not in str(answer)


@pytest.mark.parametrize(
    "request_",
    [
        {"settings": None, "pictures": ["cat"]},
        {"settings": [], "pictures": ["cat"]},
        {"settings": {}, "pictures": "cat"},
        {"settings": {}, "pictures": [5]},
        {"settings": {}, "pictures": [["cat"]]},
        {"settings": {}, "pictures": [{"sample": {"a": 1}}]},
        {"settings": {}, "pictures": [{"data": 5}]},
        {"settings": {}, "pictures": [None]},
        {"settings": {"seed": {"a": 1}}, "pictures": ["cat"]},
        {"settings": {"attack": ["ig"]}, "pictures": ["cat"]},
        {"settings": {"attack": "x" * 100_000}, "pictures": ["cat"]},
        {"settings": {"model": "mlp\0"}, "pictures": ["cat"]},
        {"settings": {}, "pictures": ["cat"], "room": {}},
        {"settings": {}, "pictures": ["cat"], "room": {"code": 5, "key": []}},
        {"follow": {"a": 1}},
        {},
    ],
)
def test_requests_of_the_wrong_shape_get_one_sentence(request_, monkeypatch):
    monkeypatch.setattr(tasks, "prepare", lambda *a, **k: pytest.fail("nothing of this may run"))
    (only,) = RunService(Limits()).live({"id": "a"} | request_)
    assert only["run"]["state"] == "failed" and only["run"]["message"].endswith(".")
    assert len(only["run"]["message"]) < 3000


def test_pictures_that_are_large_together_are_refused_before_they_are_decoded(monkeypatch):
    from gi_core.data import pictures as reading
    from gi_core.web.server import requests

    monkeypatch.setattr(reading, "decode", lambda *_: pytest.fail("decoded"))
    buffer = io.BytesIO()
    Image.new("L", (4000, 3000)).save(buffer, "PNG")
    uri = "data:image/png;base64," + base64.b64encode(buffer.getvalue()).decode()
    scenario = requests.scenario_of({"batch_size": 4, "image_size": 16}, Limits())
    with pytest.raises(BadInput, match="48 megapixels together: at most 36"):
        requests.batch_of([uri] * 4, scenario)
