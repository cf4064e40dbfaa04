"""Nothing of a user's picture is on disk: every file that the server can have written is looked through."""

from __future__ import annotations

import base64
import io
import json
import os
import sqlite3
import time
import urllib.error
import urllib.request
import zipfile
import zlib
from pathlib import Path

import numpy as np
import pytest
from gradio_client import Client
from PIL import Image

from benchmarks.load import at_once, press
from gi_core.web import app
from tests.web.stage import FINISHED, arrive, fill, press_run, wait_status

PLACE = b"N48.8583736E2.2944813-SECRET-PLACE"
MINUTES = 0.05


def photograph():
    """A JPEG whose bytes occur nowhere else, with a GPS tag."""
    pixels = np.random.default_rng(11).integers(0, 256, (240, 320, 3), dtype=np.uint8)
    exif = Image.Exif()
    gps = exif.get_ifd(0x8825)
    gps[1], gps[2], gps[3], gps[4] = "N", (48.0, 51.0, 30.1449), "E", (2.0, 17.0, 40.1327)
    gps[27] = PLACE
    buffer = io.BytesIO()
    Image.fromarray(pixels).save(buffer, "JPEG", exif=exif, quality=90)
    assert PLACE in buffer.getvalue()
    return buffer.getvalue()


def traces(content):
    """Pieces of 24 bytes from all over some bytes, as they are and in base64 at each alignment."""
    pieces = [content[at : at + 24] for at in range(0, len(content) - 24, max(24, len(content) // 400))]
    return [*pieces, *(base64.b64encode(piece[shift:])[:-4] for piece in pieces for shift in range(3))]


def unpacked(name, content):
    """The content of a file, of an archive's members, and of a database's cells, all unpacked."""
    yield name, content
    if zipfile.is_zipfile(io.BytesIO(content)):
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            for member in archive.namelist():
                yield from unpacked(f"{name}/{member}", archive.read(member))
    if content.startswith(b"SQLite format 3"):
        with sqlite3.connect(name) as rows:
            for (table,) in rows.execute("SELECT name FROM sqlite_master WHERE type = 'table'").fetchall():
                for row in rows.execute(f"SELECT * FROM {table}"):
                    for cell in row:
                        blob = cell if isinstance(cell, bytes) else str(cell).encode()
                        yield f"{name}:{table}", zlib.decompress(blob) if blob.startswith(b"x\x01") else blob


def written(server):
    """Files that the process opened for writing, all below its folder, and those that it still holds open."""
    logged = set((server.folder / "written").read_text().split("\n"))
    held = {
        os.path.realpath(f"/proc/{server.process.pid}/fd/{n}") for n in os.listdir(f"/proc/{server.process.pid}/fd")
    }
    below = {str(path) for path in server.folder.rglob("*")}
    return [Path(name) for name in sorted(logged | held | below) if name and Path(name).is_file()]


def found(server, secrets):
    """(file, what) for every secret in every file."""
    return [
        (name, secret)
        for path in written(server)
        for name, content in unpacked(str(path), path.read_bytes())
        for secret in secrets
        if secret in content
    ]


def test_the_search_finds_what_is_there(tmp_path):
    from gi_core.scenario import Scenario
    from gi_core.store import Record, Store

    secret = os.urandom(64)
    places = {"plain": secret, "text": base64.b64encode(b"ab" + secret)}
    for name, content in places.items():
        (tmp_path / name).write_bytes(content)
    with zipfile.ZipFile(tmp_path / "zip", "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("inner", secret)
    record = Record(Scenario(), ("cat",), {}, message={"src": base64.b64encode(secret).decode()})
    Store(tmp_path / "db").put(record)
    for name in ("plain", "text", "zip", "db"):
        content = [part for _, part in unpacked(str(tmp_path / name), (tmp_path / name).read_bytes())]
        assert any(piece in part for part in content for piece in traces(secret)), name


def test_no_upload_is_taken_and_no_file_written(launch):
    server = launch(GI_LIMITS=f"minutes={MINUTES}")
    picture = photograph()
    body = b'--x\r\nContent-Disposition: form-data; name="files"; filename="p.jpg"\r\n\r\n' + picture + b"\r\n--x--\r\n"
    request = urllib.request.Request(
        server.url + "gradio_api/upload", body, {"Content-Type": "multipart/form-data; boundary=x"}
    )
    with pytest.raises(urllib.error.HTTPError) as refused:
        urllib.request.urlopen(request)
    assert refused.value.code == 403 and "never stored" in refused.value.read().decode()
    large = urllib.request.Request(server.url + "gradio_api/queue/join", bytes(50_000_000))
    with pytest.raises((urllib.error.HTTPError, ConnectionError, urllib.error.URLError)) as refused:
        urllib.request.urlopen(large)
    assert getattr(refused.value, "code", 413) == 413
    uri = "data:image/jpeg;base64," + base64.b64encode(picture).decode()
    answer = Client(server.url, verbose=False).predict(
        images=[uri], model="mlp", attack="analytic", image_size=16, api_name="/run_attack"
    )
    assert answer["scores"][0]["psnr"] > 40
    assert found(server, [PLACE, *traces(picture)]) == []
    time.sleep(60 * MINUTES)
    assert found(server, [PLACE, *traces(picture)]) == []


def test_a_session_leaves_no_picture_in_memory(monkeypatch):
    """Gradio holds the last message of every session; it goes with the rest."""
    monkeypatch.setenv("GI_LIMITS", f"minutes={MINUTES}")
    monkeypatch.setenv("GI_STORE", "off")
    demo = app.build()
    _, url, _ = demo.launch(**app.launch_settings(), prevent_thread_lock=True, quiet=True, server_name="127.0.0.1")
    try:
        uri = "data:image/jpeg;base64," + base64.b64encode(photograph()).decode()
        fields = {"model": "mlp", "attack": "analytic", "image_size": 16}
        (outcome,) = at_once(press(url, [{"settings": fields, "pictures": [uri]}]))
        assert outcome.state == "done"
        truth = outcome.final["run"]["truth"]
        held = lambda: truth in str([vars(state) for state in demo.state_holder.session_data.values()])
        assert held(), "this is where it would stay"
        end = time.monotonic() + 60 * MINUTES + 5
        while held() and time.monotonic() < end:
            time.sleep(0.2)
        assert not held()
    finally:
        demo.close()


def test_a_picture_added_in_the_page_is_nowhere_on_disk(launch, browser, tmp_path):
    """Through the page as people use it: add a photograph, run, download; then every file is looked through."""
    server = launch(GI_LIMITS=f"minutes={MINUTES}")
    picture = photograph()
    (tmp_path / "holiday.jpg").write_bytes(picture)
    tab = browser.new_page()
    sent = []
    tab.on("request", lambda r: r.method == "POST" and sent.append(r.post_data or ""))
    arrive(tab, server.url + "?attack=ig:steps=30&image_size=16")  # the server's: this device takes 32
    tab.wait_for_function("gi.query().includes('30')")
    tab.set_input_files("[data-r=file]", str(tmp_path / "holiday.jpg"))
    tab.wait_for_selector("[data-r=stage][data-state=own]")
    press_run(tab)
    wait_status(tab, FINISHED)
    shrunk = [
        given["data"]
        for body in sent if '"pictures"' in body
        for given in json.loads(body)["event_data"]["pictures"] if "data" in given
    ]  # fmt: skip
    assert shrunk, "the picture was sent with the run"
    fill(tab)
    with tab.expect_download(timeout=30_000) as download:
        tab.locator("[data-testid=drawer] [data-format=zip]").click()
    assert download.value.path().stat().st_size > 0
    tab.close()
    png = base64.b64decode(shrunk[-1].partition(",")[2])
    secrets = [PLACE, *traces(picture), *traces(png)]
    assert found(server, secrets) == []
    time.sleep(60 * MINUTES + 1)
    assert found(server, secrets) == []
    assert written(server), "files were looked through; an own picture begins no store"
