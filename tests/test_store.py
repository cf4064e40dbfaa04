"""The store of finished runs: addressed by what they are, whole after a kill, bounded in size and age."""

from __future__ import annotations

import json
import multiprocessing
import signal
import sqlite3
import subprocess
import sys
import threading
import time
from dataclasses import replace

import pytest
import torch

from gi_core import store as rooms
from gi_core.data.samples import sample
from gi_core.errors import BadInput
from gi_core.experiment import run
from gi_core.paths import ASSETS
from gi_core.scenario import Scenario
from gi_core.store import Record, Store, address, shipped


def record(seed=0, size=1000):
    """A record of about ``size`` bytes."""
    scenario = Scenario(model="mlp", attack="ig:steps=2", image_size=16, seed=seed)
    images = torch.randint(0, 256, (size,), generator=torch.Generator().manual_seed(seed), dtype=torch.uint8)
    return Record(scenario, ("cat",), {"scores": {"psnr": float(seed)}}, message={"n": seed},
                  trace=None, images=images.numpy().tobytes())  # fmt: skip


@pytest.fixture
def file(tmp_path):
    return tmp_path / "deep" / "runs.sqlite3"


def test_a_record_comes_back_as_it_was(file):
    kept, store = record(), Store(file)
    store.put(kept)
    assert Store(file).find(kept.key) == kept
    assert store.find(address(kept.scenario, ["coffee"])) is None
    assert store.find(address(kept.scenario.replace(seed=1), ["cat"])) is None
    assert file.parent.stat().st_mode & 0o077 == 0


def test_a_trace_is_put_together_again(file):
    scenario = Scenario(model="mlp", attack="ig:steps=8", image_size=16, batch_size=2)
    trace = run(scenario, torch.stack([sample(name, 16, 3) for name in ("cat", "coffee")]))
    kept = Record(scenario, ("cat", "coffee"), {}, trace=trace.to_dict(), images=trace.npz())
    store = Store(file)
    store.put(kept)
    again = store.find(kept.key).replay()
    assert again.to_dict() == trace.to_dict()
    assert torch.equal(again.images, trace.images) and torch.equal(again.truth, trace.truth)
    assert [f.iteration for f in again.frames] == [f.iteration for f in trace.frames]
    assert all(torch.equal(a.images, b.images) for a, b in zip(again.frames, trace.frames, strict=True))


def test_other_code_sees_nothing_of_it(file):
    Store(file, version="old").put(record())
    assert Store(file, version="new").find(record().key) is None
    assert Store(file, version="old").find(record().key) == record()


def test_only_bundled_samples_have_a_place():
    with pytest.raises(BadInput, match="no bundled sample"):
        replace(record(), pictures=("your-picture.png",))


def test_the_least_used_leave_when_it_is_full(file):
    store = Store(file, megabytes=0.05)
    for seed in range(4):
        store.put(record(seed, 10_000))
    store.find(record(0, 10_000).key)
    for seed in range(4, 7):
        store.put(record(seed, 10_000))
    held = [seed for seed in range(7) if store.find(record(seed).key)]
    assert held == [0, 4, 5, 6] and file.stat().st_size < 120_000


def test_the_old_leave(file, monkeypatch):
    store = Store(file, days=30)
    store.put(record(0))
    later = time.time() + 31 * 86400
    monkeypatch.setattr(rooms.time, "time", lambda: later)
    store.put(record(1))
    assert store.find(record(0).key) is None and store.find(record(1).key)


def test_a_store_without_a_file_knows_what_ships():
    store = Store(None)
    store.put(record())
    assert store.find(record().key) is None
    assert {r.key for r in store.records()} == set(shipped())
    assert all(store.find(key) is kept for key, kept in shipped().items())


def test_a_folder_that_cannot_be_made_is_said(tmp_path, caplog):
    (tmp_path / "file").touch()
    store = Store(tmp_path / "file" / "runs.sqlite3")
    store.put(record())
    assert store.find(record().key) is None and "No finished run will be kept" in caplog.text


def test_every_lane_of_a_recorded_comparison_is_found():
    store = Store(None)
    for file in sorted((ASSETS / "comparisons").glob("*.json")):
        for lane in json.loads(file.read_text())["compare"]["lanes"]:
            pictures = [picture["sample"] for picture in lane["pictures"]]
            found = store.find(address(Scenario.from_dict(lane["settings"]), pictures))
            assert found is not None and found.message, (file.stem, lane["run"]["text"])
            assert found.summary["scores"] and found.summary["seconds"] > 0


def test_what_ships_is_addressed_by_its_content():
    runs = [r for r in shipped().values() if r.message]
    assert len(runs) >= 4
    for kept in shipped().values():
        assert kept.origin == "shipped" and kept.key == address(kept.scenario, kept.pictures)
        assert kept.summary["verdict"]["level"] in range(4)
    for kept in runs:
        assert kept.message["id"] == f"recorded-{kept.scenario.hash[:8]}"


def write(file, start, count):
    store = Store(file)
    for seed in range(start, start + count):
        store.put(record(seed, 50_000))


def test_several_processes_write_at_once(file):
    spawn = multiprocessing.get_context("fork")
    Store(file)
    writers = [spawn.Process(target=write, args=(file, 100 * n, 20)) for n in range(4)]
    for writer in writers:
        writer.start()
    for writer in writers:
        writer.join(60)
    assert [writer.exitcode for writer in writers] == [0] * 4
    assert sum(1 for n in range(4) for i in range(20) if Store(file).find(record(100 * n + i).key)) == 80


def test_threads_read_while_others_write(file):
    store, found = Store(file), []
    writers = [threading.Thread(target=write, args=(file, 10 * n, 10)) for n in range(3)]
    for writer in writers:
        writer.start()
    while any(writer.is_alive() for writer in writers):
        found.append(store.find(record(5).key))
    assert found[-1] == record(5, 50_000) or store.find(record(5).key) == record(5, 50_000)
    assert len([r for r in store.records() if r.origin == "stored"]) == 30


ENDLESS = """
import sys
from pathlib import Path
sys.path.insert(0, sys.argv[2])
from test_store import record
from gi_core.store import Store
store = Store(Path(sys.argv[1]), megabytes=30, version="test")
seed = 0
while True:
    store.put(record(seed, 400_000))
    print(seed, flush=True)
    seed += 1
"""


@pytest.mark.parametrize("moment", [0.0, 0.021])
def test_a_process_killed_while_it_writes_leaves_a_whole_store(file, moment):
    writer = subprocess.Popen(
        [sys.executable, "-c", ENDLESS, str(file), str(rooms.Path(__file__).parent)], stdout=subprocess.PIPE, text=True
    )
    assert writer.stdout is not None
    written = [int(writer.stdout.readline()) for _ in range(5)]
    time.sleep(moment)
    writer.send_signal(signal.SIGKILL)
    written += [int(line) for line in writer.stdout.read().split()]
    assert writer.wait(10) == -signal.SIGKILL
    store = Store(file, version="test")
    for seed in written[-20:]:
        assert store.find(record(seed).key) == record(seed, 400_000), "what was said to be written is there"
    with sqlite3.connect(file) as rows:
        assert rows.execute("PRAGMA integrity_check").fetchone() == ("ok",)
    store.put(record(99_999))
    assert store.find(record(99_999).key)


def test_a_damaged_file_is_begun_anew(file, caplog):
    store = Store(file)
    store.put(record(0, 100_000))
    for name in (f"{file}-wal", f"{file}-shm"):
        rooms.Path(name).unlink(missing_ok=True)
    file.write_bytes(b"\x13" * 5000)
    assert store.find(record(0).key) is None
    assert "begun anew" in caplog.text
    store.put(record(1))
    assert store.find(record(1).key)


def test_a_store_that_stays_locked_costs_no_run(file, caplog, monkeypatch):
    store = Store(file)
    store.put(record(1))
    monkeypatch.setattr(rooms, "PATIENCE", 0.05)
    with sqlite3.connect(file, isolation_level=None) as rows:
        rows.execute("BEGIN IMMEDIATE")
        store.put(record())
        assert "can't be used now" in caplog.text
        assert store.find(record(1).key) == record(1), "readers don't wait for writers"
        rows.execute("ROLLBACK")
    store.put(record())
    assert store.find(record().key)


@pytest.mark.parametrize("content", [b"dear diary", b"SQLite format 3\0 and then something else" * 9])
def test_a_file_of_something_else_is_left_alone(tmp_path, caplog, content):
    path = tmp_path / "diary"
    path.write_bytes(content)
    store = Store(path)
    store.put(record())
    assert store.find(record().key) is None and path.read_bytes() == content and "left alone" in caplog.text


def test_a_database_of_something_else_keeps_its_tables(tmp_path, caplog):
    path = tmp_path / "club.sqlite3"
    with sqlite3.connect(path) as rows:
        rows.execute("CREATE TABLE runs (runner TEXT, seconds REAL)")
        rows.execute("INSERT INTO runs VALUES ('Ada', 12.5)")
    Store(path).put(record())
    with sqlite3.connect(path) as rows:
        assert rows.execute("SELECT * FROM runs").fetchall() == [("Ada", 12.5)]
    assert "left alone" in caplog.text


@pytest.mark.parametrize("column", ["summary", "message", "trace", "scenario", "pictures"])
def test_a_damaged_row_is_computed_anew(file, column):
    store = Store(file)
    store.put(record(0, 100))
    with sqlite3.connect(file) as rows:
        rows.execute(f"UPDATE runs SET {column} = ?", (b"\x07 no",))
    store.records()
    assert store.find(record(0).key) is None
    store.put(record(0, 100))
    assert store.find(record(0).key) is not None


def test_an_emptied_store_is_filled_again(file):
    store = Store(file)
    with sqlite3.connect(file) as rows:
        rows.execute("DROP TABLE runs")
    assert store.find(record(0).key) is None
    store.put(record(0))
    assert store.find(record(0).key)


def test_a_damaged_store_that_cannot_be_removed_costs_no_start(file, caplog, monkeypatch):
    Store(file).put(record(0, 100_000))
    for name in (f"{file}-wal", f"{file}-shm"):
        rooms.Path(name).unlink(missing_ok=True)
    content = bytearray(file.read_bytes())
    content[100:] = b"\x13" * (len(content) - 100)
    file.write_bytes(content)

    def refuse(*_, **__):
        raise PermissionError("read-only")

    monkeypatch.setattr(rooms.Path, "unlink", refuse)
    store = Store(file)
    store.put(record(1))
    assert store.find(record(1).key) is None and "No finished run will be kept" in caplog.text
