"""The command line as other programs see it."""

import dataclasses
import json
import os
import signal
import subprocess
import sys
import time
import zlib

import pytest
from click.testing import CliRunner

from gi_core.catalogue import KINDS
from gi_core.cli import main
from gi_core.errors import BadInput
from gi_core.scenario import Scenario

RUN = [sys.executable, "-m", "gi_core"]


def call(*arguments: str, **options) -> subprocess.CompletedProcess:
    return subprocess.run([*RUN, *arguments], capture_output=True, text=True, timeout=120, **options)


def test_every_scenario_field_is_an_option():
    options = {o.name for o in main.get_command(None, "run").params}
    assert {f.name for f in dataclasses.fields(Scenario)} <= options


def test_run_writes_its_files_and_one_json_object(tmp_path):
    done = call(
        "run",
        "--model",
        "mlp",
        "--attack",
        "analytic",
        "--image",
        "cat",
        "--seed",
        "0",
        "--out",
        str(tmp_path),
        "--json",
    )
    assert done.returncode == 0, done.stderr
    printed = json.loads(done.stdout)
    assert printed == json.loads((tmp_path / "trace.json").read_text())
    assert printed["scores"][0]["psnr"] >= 60
    assert {p.name for p in tmp_path.iterdir()} == {
        "trace.json", "reconstruction.png", "comparison.png", "history.csv", "images.npz",
    }  # fmt: skip


def test_list_speaks_json_for_every_kind():
    done = call("list", "--json")
    assert done.returncode == 0, done.stderr
    found = json.loads(done.stdout)
    assert set(found) == set(KINDS)
    assert all(entry["name"] and entry["summary"] for entries in found.values() for entry in entries)


def bomb(path, side=20_000):
    """A PNG of 20,000 x 20,000 pixels in a few kilobytes."""

    def chunk(kind, data):
        return len(data).to_bytes(4, "big") + kind + data + zlib.crc32(kind + data).to_bytes(4, "big")

    header = side.to_bytes(4, "big") * 2 + bytes([1, 0, 0, 0, 0])
    rows = zlib.compress(bytes(side * (1 + side // 8)), 9)
    path.write_bytes(b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", rows) + chunk(b"IEND", b""))


def test_bad_input_is_one_sentence_and_status_2(tmp_path, capfd):
    """In one process, to keep it quick; the exit status is what the entry point raises."""
    from gi_core.cli import entry_point

    bomb(tmp_path / "bomb.png")
    (tmp_path / "cut.jpg").write_bytes(b"\xff\xd8\xff\xe0\x00\x10JFIF\x00")
    (tmp_path / "drawing.svg").write_text("<svg xmlns='http://www.w3.org/2000/svg'/>")
    cases = [
        ["--attack", "magic", "--image", "cat"],
        ["--image", str(tmp_path / "bomb.png")],
        ["--image", str(tmp_path / "cut.jpg")],
        ["--image", str(tmp_path / "drawing.svg")],
        ["--image", str(tmp_path / "missing.png")],
        ["--image", "cat", "--defense", "dp-gaussian:epsilon=-1"],
        ["--image", "cat", "--batch-size", "0"],
        ["--image", "cat", "--local-lr", "nan"],
        ["--image", "cat", "--colour", "red"],
        [],
    ]
    for case in cases:
        before = sys.argv
        sys.argv = ["gi_core", "run", *case]
        try:
            with pytest.raises(SystemExit) as caught:
                entry_point()
        finally:
            sys.argv = before
        out, err = capfd.readouterr()
        assert caught.value.code == 2, case
        assert out == ""
        assert "Traceback" not in err
        errors = [line for line in err.splitlines() if line.lower().startswith("error")]
        assert len(errors) == 1, err


def test_interrupt_keeps_what_there_is(tmp_path):
    process = subprocess.Popen(
        [*RUN, "run", "--attack", "ig:steps=100000", "--image", "cat", "--out", str(tmp_path), "--json"],
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=os.environ | {"PYTHONUNBUFFERED": "1"},
    )  # fmt: skip
    assert process.stderr is not None
    while "ig:steps=100000" not in process.stderr.readline():  # the progress line: the run has begun
        assert process.poll() is None
    time.sleep(1)
    process.send_signal(signal.SIGINT)
    out, err = process.communicate(timeout=60)
    assert process.returncode == 130, err
    assert json.loads(out)["stopped"] is True
    assert (tmp_path / "images.npz").exists()


def test_attacks_are_listed_by_threat_model():
    def listed(*threats):
        options = [part for threat in threats for part in ("--threat", threat)]
        found = json.loads(CliRunner().invoke(main, ["list", *options, "--json"]).output)["attacks"]
        return {entry["name"]: entry["threat"] for entry in found}

    assert set(listed("server=malicious")) == {"imprint"}
    curious = listed("server=curious", "knows=labels")
    assert "ig" in curious and all("labels" in threat["knows"] for threat in curious.values())
    assert set(listed("server=curious", "batch=many")) <= set(listed("batch=many"))
    refused = CliRunner().invoke(main, ["list", "--threat", "size=1"])
    assert isinstance(refused.exception, BadInput) and "allowed are sok=" in str(refused.exception)
