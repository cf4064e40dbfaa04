"""What an attack on a local copy found (version 6583dc4), asked again from outside: over HTTP and the command line.

Nothing of the package is imported, so that the same requests can be made to another checkout, named by GI_TESTED:
``GI_TESTED=../old python -m pytest tests/web/test_faults_found.py`` fails for every fault that it has.
"""

from __future__ import annotations

import base64
import contextlib
import io
import os
import socket
import sqlite3
import subprocess
import sys
import time
from pathlib import Path

import httpx
import pytest
from PIL import Image

TESTED = Path(os.environ.get("GI_TESTED", Path(__file__).resolve().parents[2])).resolve()
CHEAP = {"images": ["cat"], "model": "mlp", "image_size": 16, "attack": "analytic"}
ALLOWED = "workers=2,per_session=2,waiting=6,seconds=60"
SOON = 45
"""Seconds after which somebody else has been served, on a machine that does much besides."""
pytestmark = pytest.mark.slow


@pytest.fixture
def app(tmp_path):
    """``app(GI_STORE=...)``: its address, process and folder; every visitor has an address of its own."""
    started = []

    def start(**settings):
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            port = probe.getsockname()[1]
        (tmp_path / "tmp").mkdir(exist_ok=True)
        environment = os.environ | {
            "HOME": str(tmp_path), "TMPDIR": str(tmp_path / "tmp"), "GRADIO_SERVER_PORT": str(port),
            "GRADIO_SERVER_NAME": "127.0.0.1", "PYTHONPATH": str(TESTED), "GI_STORE": "off", "GI_LIMITS": ALLOWED,
            "GI_PROXIES": "127.0.0.1", "OMP_WAIT_POLICY": "PASSIVE",
        }  # fmt: skip
        log = (tmp_path / "log").open("a")
        process = subprocess.Popen(
            [sys.executable, "app.py"], cwd=TESTED, env=environment | settings, stdout=log, stderr=log
        )
        started.append(process)
        server = Server(f"http://127.0.0.1:{port}/", process, tmp_path)
        for _ in range(600):
            with contextlib.suppress(httpx.TransportError):
                httpx.get(server.url, timeout=60)
                return server
            assert process.poll() is None, (tmp_path / "log").read_text()[-2000:]
            time.sleep(0.2)
        raise TimeoutError("the app did not start")

    yield start
    for process in started:
        process.kill()
        process.wait(20)


class Server:
    def __init__(self, url, process, folder):
        self.url, self.process, self.folder = url, process, folder

    def visitor(self, number):
        """A client with an address of its own."""
        return httpx.Client(base_url=self.url, headers={"X-Forwarded-For": f"203.0.113.{number}"}, timeout=100)

    def spent(self):
        """CPU seconds of the server's own process."""
        fields = Path(f"/proc/{self.process.pid}/stat").read_text().rsplit(")", 1)[1].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")

    def most(self):
        """The largest memory that the server's own process had, MB."""
        status = Path(f"/proc/{self.process.pid}/status").read_text()
        return next(int(line.split()[1]) for line in status.splitlines() if line.startswith("VmHWM")) / 1024


def ask(client, **fields):
    """The id of an API run."""
    answer = client.post("gradio_api/call/v2/run_attack", json=CHEAP | fields)
    assert answer.status_code == 200, answer.text[:300]
    return answer.json()["event_id"]


def answer(client, event):
    """(whether it succeeded, what was said) of an API run."""
    with client.stream("GET", f"gradio_api/call/run_attack/{event}") as stream:
        kind = ""
        for line in stream.iter_lines():
            if line.startswith("event:"):
                kind = line[6:].strip()
            elif line.startswith("data:") and kind in ("complete", "error"):
                return kind == "complete", line[5:].strip()
    raise AssertionError("no answer")


def refused(client, **fields):
    """The sentence with which a run is refused."""
    done, told = answer(client, ask(client, **fields))
    assert not done, "this was computed"
    assert "Traceback" not in told and len(told) < 600
    return told


def served(server, number):
    """Whether a newcomer's short run is done soon."""
    started = time.monotonic()
    with server.visitor(number) as client:
        done, told = answer(client, ask(client))
    assert done, told
    return time.monotonic() - started < SOON


def test_a1_a_thousand_clients_of_a_large_network_are_refused_with_a_sentence(app):
    server = app()
    with server.visitor(1) as client:
        told = refused(client, model="vit-base-16", image_size=224, clients=1000)
    assert "1000" in told and "choose fewer" in told
    assert server.process.poll() is None and served(server, 2)


@pytest.mark.parametrize(
    "fields",
    [
        {"model": "lenet", "image_size": 32, "attack": "dlg", "defense": "soteria:probes=1000000000"},
        {"model": "lenet", "image_size": 32, "attack": "analytic", "local_steps": 1_000_000_000},
        {"attack": "ig:init=" * 20 + "ig" + ":steps=100000"},
    ],
    ids=["probes", "steps", "nested"],
)
def test_a2_what_nobody_waits_for_frees_both_workers(app, fields):
    server = app()
    for number in (1, 2):
        with server.visitor(number) as client:
            ask(client, **fields)
    assert served(server, 3)


def test_a2_a_question_about_long_local_training_holds_nobody(app):
    server = app()
    with server.visitor(1) as client:
        client.post("gradio_api/call/v2/seconds", json={"scenario": "model=resnet18&local_steps=1000000"})
    assert served(server, 2)


@pytest.mark.parametrize(
    "fields",
    [{"model": "mlp:width=4096,depth=8", "image_size": 224}, {"model": "vit-base-16", "image_size": 224}],
    ids=["mlp", "vit"],
)
def test_a3_the_server_itself_holds_no_large_network(app, fields):
    server = app()
    assert served(server, 1)
    before = server.most()
    with server.visitor(2) as client:
        answer(client, ask(client, **fields))
    assert server.most() - before < 400


def test_a3_many_large_pictures_in_a_small_request_are_not_decoded(app):
    server = app()
    assert served(server, 1)
    buffer = io.BytesIO()
    Image.new("RGB", (4000, 3000), "teal").save(buffer, "JPEG", quality=60)
    large = "data:image/jpeg;base64," + base64.b64encode(buffer.getvalue()).decode()
    before = server.spent()
    with server.visitor(2) as client:
        assert "pixel" in refused(client, images=[large] * 24)
    assert server.spent() - before < 5


def test_a4_deeply_nested_json_is_refused_before_it_is_parsed(app):
    server = app()
    assert served(server, 1)
    before, memory = server.spent(), server.most()
    depth = 2_000_000
    with server.visitor(2) as client:
        body = b'{"data": [' + b"[" * depth + b"]" * depth + b"]}"
        with contextlib.suppress(httpx.TransportError):
            told = client.post("gradio_api/call/run_attack", content=body, headers={"Content-Type": "application/json"})
            assert 400 <= told.status_code < 500
        wide = b'{"data": [' + b",".join([b"[[]]"] * 9_000_000) + b"]}"
        with contextlib.suppress(httpx.TransportError):
            told = client.post("gradio_api/call/run_attack", content=wide, headers={"Content-Type": "application/json"})
            assert 400 <= told.status_code < 500
    assert server.spent() - before < 8 and server.most() - memory < 400
    assert served(server, 3)


def test_a5_who_sends_many_runs_does_not_keep_others_out(app):
    server = app()
    with server.visitor(1) as greedy:
        for seed in range(30):
            greedy.post("gradio_api/call/v2/run_attack", json=CHEAP | {"attack": "ig:steps=1000000", "seed": seed})
    assert served(server, 2)


def test_p1_too_few_parameters_do_not_print_the_picture(app):
    server = app()
    secret = base64.b64encode(os.urandom(3000)).decode()
    with server.visitor(1) as client:
        event = client.post(
            "gradio_api/call/run_attack", json={"data": [["data:image/jpeg;base64," + secret], "mlp"]}
        ).json()["event_id"]
        with contextlib.suppress(AssertionError):
            answer(client, event)
    assert secret[100:160] not in (server.folder / "log").read_text()


def test_p2_no_link_to_the_state_of_a_session_is_made(app):
    server = app()
    with server.visitor(1) as client:
        client.get("config")
        client.post("gradio_api/queue/join", json={"data": [], "fn_index": 0, "session_hash": "own"})
        assert client.get("gradio_api/deep_link?session_hash=own").status_code == 404


def test_d1_a_file_that_is_not_our_store_stays_as_it_is(app, tmp_path):
    letter = tmp_path / "letter.txt"
    letter.write_text("Dear Ada,\n" * 400)
    assert served(app(GI_STORE=str(letter)), 1)
    assert letter.read_text() == "Dear Ada,\n" * 400


def test_d1_a_table_of_somebody_else_stays(app, tmp_path):
    file = tmp_path / "races.sqlite3"
    with contextlib.closing(sqlite3.connect(file)) as races:
        races.executescript("CREATE TABLE runs (runner TEXT); INSERT INTO runs VALUES ('Zatopek');")
    assert served(app(GI_STORE=str(file)), 1)
    with contextlib.closing(sqlite3.connect(file)) as races:
        assert races.execute("SELECT * FROM runs").fetchall() == [("Zatopek",)]


def test_h1_headers_and_hosts(app):
    server = app()
    with server.visitor(1) as client:
        page = client.get("")
        assert page.headers["X-Content-Type-Options"] == "nosniff"
        assert page.headers["Referrer-Policy"] == "no-referrer" and "Content-Security-Policy" in page.headers
        assert client.get("config", headers={"Host": "evil.example", "Origin": "http://evil.example"}).is_client_error
        foreign = client.get("config", headers={"Origin": "http://evil.example"})
        assert foreign.is_client_error or "Access-Control-Allow-Origin" not in foreign.headers


COMMAND = [sys.executable, "-c", "from gi_core.cli import entry_point; raise SystemExit(entry_point())", "run"]
SHORT = ["--model", "mlp", "--image-size", "16", "--attack", "analytic"]


@pytest.mark.parametrize(
    "given",
    [
        ["--image", "cat", "--out", "/dev/full/x"],
        ["--image", "/dev/zero"],
        ["--image", "cat", "--seed", "9" * 900],
    ],
    ids=["out", "endless", "seed"],
)
def test_d3_the_command_line_answers_with_one_sentence(given, tmp_path):
    told = subprocess.run(
        [*COMMAND, *SHORT, *given], cwd=tmp_path, env=os.environ | {"PYTHONPATH": str(TESTED)},
        capture_output=True, text=True, timeout=200, check=False,
    )  # fmt: skip
    assert told.returncode == 2 and "Traceback" not in told.stderr
    assert len(told.stderr.strip().splitlines()) <= 4
