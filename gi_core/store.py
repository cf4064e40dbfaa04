"""Finished runs by what they are: hash of Scenario and pictures. Shipped ones read-only, others in an SQLite file.

Only runs on bundled sample pictures have a place here: a record names its pictures and never holds an upload.
SQLite in WAL mode keeps every reader and writer of several processes apart, and a process killed while it writes
leaves the file as it was before. (``diskcache``, the obvious library, is no longer kept and unpickles what it reads.)
"""

from __future__ import annotations

import hashlib
import importlib.metadata
import io
import json
import logging
import sqlite3
import threading
import time
import zipfile
import zlib
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path
from typing import Any, Literal, TypeVar

import numpy as np
import torch

from gi_core.data.samples import samples
from gi_core.errors import BadInput
from gi_core.paths import ASSETS
from gi_core.scenario import Scenario
from gi_core.torch_setup import default_device
from gi_core.trace import BESIDE, KeptFrame, Trace

FOLDERS = ("replays", "comparisons", "records")
"""Below assets/: recorded runs, recorded comparisons (a record per lane), and rows of evidence."""
DEPENDENCIES = ("torch", "numpy", "pillow", "scikit-image", "scikit-learn")
SCHEMA = 1
OURS = 0x67692D73
"""SQLite's application id of a store: a file with another one belongs to somebody else, and is left alone."""
COLUMNS = (
    "key TEXT", "version TEXT", "made REAL", "used REAL", "bytes INTEGER", "scenario TEXT", "pictures TEXT",
    "summary TEXT", "message BLOB", "trace BLOB", "images BLOB",
)  # fmt: skip
DAMAGED = (ValueError, KeyError, TypeError, OSError, EOFError, zlib.error, zipfile.BadZipFile, BadInput)
"""What the content of a damaged row makes its readers raise."""
PATIENCE = 10.0
"""Seconds that one waits for another process to finish writing."""
log = logging.getLogger(__name__)
T = TypeVar("T")


def address(scenario: Scenario, pictures: Sequence[str]) -> str:
    """Where a run is kept: sha256, hex, of the Scenario and of how its pictures are named, in order."""
    return hashlib.sha256(json.dumps([scenario.to_json(), list(pictures)]).encode()).hexdigest()


@dataclass(frozen=True)
class Record:
    """A finished run on sample pictures.

    Attributes:
        scenario, pictures: what was run; sample names, one per picture of the batch.
        summary: plain data to choose by: scores (means over the batch), verdict, seconds, iterations, versions, as far
            as they are known.
        message: what the web app's stage shows (``run`` in gi_core/web/payload.py), where it was kept.
        trace, images: what ``trace.json`` and ``images.npz`` hold, where they were kept.
        origin: shipped with the program, or stored on this machine by this version of it.

    Raises:
        BadInput: a picture that is no bundled sample.
    """

    scenario: Scenario
    pictures: tuple[str, ...]
    summary: dict[str, Any]
    message: dict[str, Any] | None = field(default=None, repr=False)
    trace: dict[str, Any] | None = field(default=None, repr=False)
    images: bytes | None = field(default=None, repr=False)
    origin: Literal["shipped", "stored"] = "stored"

    def __post_init__(self) -> None:
        if strange := [name for name in self.pictures if name not in samples()]:
            raise BadInput(f"picture {strange[0][:60]!r} is no bundled sample: only runs on those are kept")

    @property
    def key(self) -> str:
        return address(self.scenario, self.pictures)

    def replay(self) -> Trace | None:
        """The Trace, put together again; None where its pictures were not kept."""
        if self.trace is None or self.images is None:
            return None
        return restored(self.scenario, self.trace, self.images)


def restored(scenario: Scenario, trace: dict[str, Any], images: bytes) -> Trace:
    """A Trace from what ``trace.json`` and ``images.npz`` hold. Tensors of its report are lost."""
    with np.load(io.BytesIO(images)) as kept:
        truth, final, frames, iterations = (
            torch.from_numpy(kept[name]) for name in ("truth", "reconstruction", "frames", "iterations")
        )
    known = {name: trace[name] for name in PLAIN}
    seconds = {row["iteration"]: row["seconds"] for row in known["history"]}
    moments = [KeptFrame(int(i), seconds.get(int(i), 0.0), f) for i, f in zip(iterations, frames, strict=True)]
    judged = None if trace["verdict"] is None else trace["verdict"] | {key: trace.get(key) for key in BESIDE}
    return Trace(scenario=scenario, frames=moments, images=final, truth=truth, judgement=judged, **known)


PLAIN = (
    "history", "labels", "guessed_labels", "scores", "update", "privacy", "report", "seconds", "iterations", "stopped",
    "device", "versions",
)  # fmt: skip
"""Fields of a Trace that ``Trace.to_dict`` gives as they are."""


# ---- what ships -----------------------------------------------------------------------------------------------------


READING = threading.Lock()


def shipped() -> dict[str, Record]:
    """Records that came with the program, by key: runs, lanes of comparisons, rows of evidence; read once."""
    with READING:
        return _shipped()


@lru_cache(maxsize=1)
def _shipped() -> dict[str, Record]:
    found: dict[str, Record] = {}
    for folder in reversed(FOLDERS):
        for file in sorted((ASSETS / folder).glob("*.json*")):
            for record in _read(file):
                found[record.key] = record
    return found


def _read(file: Path) -> Iterator[Record]:
    """Records of a shipped file: one JSON value, or one a line (``.jsonl``).

    Of a comparison, the first run of each lane. Runs that were stopped are not what their Scenario says: left out.
    """
    text = file.read_text()
    for value in map(json.loads, text.splitlines() if file.suffix == ".jsonl" else [text]):
        lanes = value.get("compare", {}).get("lanes", [])
        for kept in [lane["run"] for lane in lanes if lane["state"] == "done"] or [value]:
            if "scenario" not in kept or kept.get("state") == "stopped":
                continue
            summary = kept.get("summary") or summary_of(kept)
            message = kept if "layers" in kept else None
            yield Record(
                Scenario.from_dict(kept["scenario"]), tuple(kept["pictures"]), summary, message, origin="shipped"
            )


def summary_of(message: dict[str, Any]) -> dict[str, Any]:
    """What a run's message says in numbers."""
    verdict = message.get("verdict")
    told = None if verdict is None else {name: verdict[name] for name in ("level", "word", "gain", "rank")}
    return {"scores": message.get("scores"), "verdict": told, "seconds": message.get("seconds")}


# ---- what this machine computed -------------------------------------------------------------------------------------


@lru_cache(maxsize=1)
def code_version() -> str:
    """Hash of what a result may depend on: this package's source, its networks, its dependencies, the device."""
    digest = hashlib.sha256()
    for file in sorted(Path(__file__).parent.rglob("*.py")):
        digest.update(file.read_bytes())
    for card in sorted((ASSETS / "weights").glob("*.json")):  # each holds its network's sha256
        digest.update(card.read_bytes())
    for package in DEPENDENCIES:
        digest.update(f"{package} {importlib.metadata.version(package)}".encode())
    digest.update(default_device().encode())
    return digest.hexdigest()[:16]


class Store:
    """Runs of this machine in one SQLite file, with the shipped ones behind them. Safe for threads and processes.

    Args:
        file: where; None keeps nothing, so that only shipped records are found.
        megabytes: records beyond this are dropped, those unused for longest first.
        days: records made longer ago are dropped.
        version: records of another version are not seen; they leave by age and size.
    """

    def __init__(
        self, file: Path | None, *, megabytes: float = 256.0, days: float = 30.0, version: str | None = None
    ) -> None:
        self.file = file
        self.megabytes, self.days = megabytes, days
        self.version = version or code_version()
        if file is not None:
            try:
                file.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
            except OSError as error:
                log.warning("No finished run will be kept, as %s can't be made: %s", file.parent, error)
                self.file = None
            if self.file is not None and not is_store(self.file):
                log.warning("No finished run will be kept, as %s is a file of something else: it is left alone", file)
                self.file = None
        self._prepare()

    def put(self, record: Record) -> None:
        """Keep a record, and make room. A full or locked disk is logged, not raised: the run itself is not lost."""
        parts = [_packed(record.message), _packed(record.trace), record.images]
        row = (
            record.key, self.version, time.time(), time.time(), sum(len(part or b"") for part in parts),
            record.scenario.to_json(), json.dumps(record.pictures), json.dumps(record.summary), *parts,
        )  # fmt: skip

        def write(rows: sqlite3.Connection) -> None:
            rows.execute("BEGIN IMMEDIATE")
            rows.execute(f"INSERT OR REPLACE INTO runs VALUES ({', '.join('?' * len(row))})", row)
            rows.execute("DELETE FROM runs WHERE made < ?", (time.time() - 86400 * self.days,))
            rows.execute(
                "DELETE FROM runs WHERE rowid IN (SELECT rowid FROM (SELECT rowid, sum(bytes) OVER"
                " (ORDER BY used DESC, rowid DESC) AS taken FROM runs) WHERE taken > ?)",
                (1e6 * self.megabytes,),
            )
            rows.execute("COMMIT")

        self._ask(write, None)

    def find(self, key: str) -> Record | None:
        """The record at an :func:`address`: this machine's, or the shipped one."""
        return self._stored(key) or shipped().get(key)

    def records(self) -> list[Record]:
        """All records without their large parts, the latest first, then the shipped ones that are not among them."""
        query = "SELECT scenario, pictures, summary FROM runs WHERE version = ? ORDER BY made DESC"
        rows: list[tuple[str, str, str]] = self._ask(lambda db: db.execute(query, (self.version,)).fetchall(), [])
        found = [made for row in rows if (made := _record(*row))]
        known = {record.key for record in found}
        return found + [record for key, record in shipped().items() if key not in known]

    def _stored(self, key: str) -> Record | None:
        query = "SELECT scenario, pictures, summary, message, trace, images FROM runs WHERE key = ? AND version = ?"
        row: tuple[Any, ...] | None = self._ask(lambda db: db.execute(query, (key, self.version)).fetchone(), None)
        if row is None:
            return None
        touch = "UPDATE runs SET used = ? WHERE key = ?"
        self._ask(lambda db: db.execute(touch, (time.time(), key)).rowcount, 0)
        made = _record(*row)
        if made is None:
            self.drop(key)
        return made

    def drop(self, key: str) -> None:
        """Forget this machine's record at an :func:`address`, as one whose content is damaged."""
        log.warning("A damaged row leaves the store of finished runs: %s", key)
        self._ask(lambda db: db.execute("DELETE FROM runs WHERE key = ?", (key,)).rowcount, 0)

    def _prepare(self) -> None:
        def create(rows: sqlite3.Connection) -> None:
            rows.execute("PRAGMA auto_vacuum = FULL")
            rows.execute("PRAGMA journal_mode = WAL")
            rows.execute("BEGIN IMMEDIATE")
            if rows.execute("PRAGMA user_version").fetchone() != (SCHEMA,):
                rows.execute("DROP TABLE IF EXISTS runs")
                rows.execute(f"PRAGMA user_version = {SCHEMA}")
            rows.execute(f"PRAGMA application_id = {OURS}")
            rows.execute(f"CREATE TABLE IF NOT EXISTS runs ({', '.join(COLUMNS)}, PRIMARY KEY (key, version))")
            rows.execute("COMMIT")

        self._ask(create, None)

    def _ask(self, question: Callable[[sqlite3.Connection], T], otherwise: T) -> T:
        """The answer of a connection of one's own, which threads and forked processes can't share by mistake."""
        if self.file is None:
            return otherwise
        try:
            with closing(sqlite3.connect(self.file, timeout=PATIENCE, isolation_level=None)) as rows:
                rows.execute("PRAGMA synchronous = NORMAL")
                return question(rows)
        except sqlite3.OperationalError as error:
            if "no such table" in str(error):
                self._prepare()
            log.warning("The store of finished runs at %s can't be used now: %s", self.file, error)
        except sqlite3.DatabaseError as error:
            self._begin_anew(error)
        return otherwise

    def _begin_anew(self, error: sqlite3.DatabaseError) -> None:
        assert self.file is not None
        log.warning("The store of finished runs at %s is damaged and begun anew: %s", self.file, error)
        try:
            for name in (self.file.name, f"{self.file.name}-wal", f"{self.file.name}-shm"):
                self.file.with_name(name).unlink(missing_ok=True)
        except OSError as refusal:
            log.warning("No finished run will be kept, as the damaged store can't be removed: %s", refusal)
            self.file = None
        self._prepare()


def is_store(file: Path) -> bool:
    """Whether a path is free for a store, or holds one, of this version or from before stores were marked."""
    try:
        if not file.exists() or (file.is_file() and file.stat().st_size == 0):
            return True
        with file.open("rb") as content:
            if content.read(16) != b"SQLite format 3\0":
                return False
        with closing(sqlite3.connect(f"{file.resolve().as_uri()}?mode=ro", uri=True, timeout=PATIENCE)) as rows:
            mark = rows.execute("PRAGMA application_id").fetchone()[0]
            columns = [f"{name} {kind}" for _, name, kind, *_ in rows.execute("PRAGMA table_info(runs)")]
            return mark == OURS or (mark == 0 and columns == list(COLUMNS))
    except (OSError, ValueError):
        return False
    except sqlite3.DatabaseError:
        return _marked(file)


def _marked(file: Path) -> bool:
    """Whether the head of a database that can't be read says that it is a store (bytes 68 to 71 of the format)."""
    with file.open("rb") as content:
        return content.read(72)[68:] == OURS.to_bytes(4, "big")


def _packed(value: dict[str, Any] | None) -> bytes | None:
    return None if value is None else zlib.compress(json.dumps(value).encode(), 1)


def _unpacked(content: bytes | None) -> dict[str, Any] | None:
    return None if content is None else json.loads(zlib.decompress(content))


def _record(
    scenario: str, pictures: str, summary: str, message: bytes | None = None, trace: bytes | None = None,
    images: bytes | None = None,
) -> Record | None:  # fmt: skip
    """The record in a row, None where its content is damaged."""
    try:
        return Record(
            Scenario.from_json(scenario), tuple(json.loads(pictures)), json.loads(summary), _unpacked(message),
            _unpacked(trace), images,
        )  # fmt: skip
    except DAMAGED:
        return None
