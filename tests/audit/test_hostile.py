"""Files that lie: one sentence, nothing executed, memory below twice what is allowed."""

import io
import json
import os
import pickle
import struct
import subprocess
import sys
import zipfile
from pathlib import Path

import numpy as np
import pytest
import torch
from safetensors.torch import save_file

from gi_core.audit.record import inside, read
from gi_core.errors import BadInput
from gi_core.models.tensor_files import read_bytes, read_tensors


def npy(shape, dtype="<f4", content=b"", fortran=False):
    header = str({"descr": dtype, "fortran_order": fortran, "shape": shape}).encode()
    header += b" " * (63 - (10 + len(header)) % 64) + b"\n"
    return b"\x93NUMPY\x01\x00" + struct.pack("<H", len(header)) + header + content


def archive(members, compression=zipfile.ZIP_STORED):
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", compression) as kept:
        for name, content in members:
            kept.writestr(name, content)
    return buffer.getvalue()


class Payload:
    """What a pickle would run."""

    def __init__(self, marker):
        self.marker = marker

    def __reduce__(self):
        return (os.system, (f"touch {self.marker}",))


def safetensors_header(entries, content=b""):
    header = json.dumps(entries).encode()
    return struct.pack("<Q", len(header)) + header + content


def one(count):
    return {"w": {"dtype": "F32", "shape": [count], "data_offsets": [0, 4 * count]}}


GOOD = npy((2,), content=np.ones(2, "f4").tobytes())


@pytest.mark.parametrize(
    ("name", "data", "said"),
    [
        ("a.npz", lambda: archive([("w.npy", npy((10**12,)))]), "claims shape"),
        ("a.npz", lambda: archive([("w.npy", npy((3,), content=b"1234"))]), "claims shape"),
        ("a.npz", lambda: archive([("w.npy", GOOD + b"tail")]), "has not the 8 bytes"),
        ("a.npz", lambda: archive([("w.npy", GOOD), ("w.npy", GOOD)]), "two members"),
        ("a.npz", lambda: archive([("../../w.npy", GOOD)]), "points elsewhere"),
        ("a.npz", lambda: archive([("/etc/w.npy", GOOD)]), "points elsewhere"),
        ("a.npz", lambda: archive([("w.npy", npy((1,), dtype="|O", content=pickle.dumps([1])))]), "never pickled"),
        ("a.npz", lambda: archive([("w.npy", npy((1,), dtype="<c8", content=b"12345678"))]), "numbers alone"),
        ("a.npz", lambda: archive([("w.npy", npy((1,), dtype="<U4", content=b"1" * 16))]), "numbers alone"),
        ("a.npz", lambda: archive([("w.txt", b"hello")]), "arrays"),
        ("a.npz", lambda: archive([("w.npy", GOOD)])[:60], "not a zip archive"),
        ("a.npz", lambda: archive([(f"{i}.npy", GOOD) for i in range(10_001)]), "10,001 members"),
        ("a.npz", lambda: archive([("w.npy", bytes(64 * 2**20))], zipfile.ZIP_DEFLATED), "unpacks to"),
        ("a.npz", lambda: archive([("w.npy", npy((2,), content=np.array([1, np.nan], "f4").tobytes()))]), "not finite"),
        ("a.npz", lambda: archive([("w\x1b[31m.npy", GOOD)]), "printable"),
        ("a.npz", lambda: archive([("w" * 600 + ".npy", GOOD)]), "printable"),
        ("a.npz", lambda: archive([]), "no tensor"),
        ("a.npz", lambda: b"", "not a zip archive"),
        ("a.pt", lambda: b"\x80\x04.", "nothing in it may be run|is damaged"),
        ("a.pt", lambda: archive([("x/data.pkl", bytes(64 * 2**20))], zipfile.ZIP_DEFLATED), "unpacks to"),
        ("a.safetensors", lambda: b"", "not a safetensors"),
        ("a.safetensors", lambda: struct.pack("<Q", 2**62), "not a safetensors"),
        ("a.safetensors", lambda: safetensors_header(one(10**11)),
         "not a safetensors"),
        ("a.safetensors", lambda: safetensors_header(one(2), b"1234"),
         "not a safetensors"),
        ("a.pkl", lambda: pickle.dumps({}), "names that end in"),
    ],
)  # fmt: skip
def test_a_file_that_lies_is_one_sentence(name, data, said):
    with pytest.raises(BadInput, match=said) as refused:
        read_bytes(data(), name)
    assert "\n" not in str(refused.value) and "\x1b" not in str(refused.value) and len(str(refused.value)) < 400


@pytest.mark.parametrize("wrap", [lambda p: p, lambda p: {"state_dict": p}, lambda p: [p, torch.ones(2)]])
def test_a_pickle_is_never_run(tmp_path, wrap):
    marker = tmp_path / "ran"
    torch.save(wrap(Payload(marker)), tmp_path / "a.pt")
    with pytest.raises(BadInput, match="nothing in it may be run"):
        read_tensors(tmp_path / "a.pt")
    (tmp_path / "b.pt").write_bytes(pickle.dumps(Payload(marker)))
    with pytest.raises(BadInput):
        read_tensors(tmp_path / "b.pt")
    np.savez(tmp_path / "c.npz", a=np.array([Payload(marker)], dtype=object))
    with pytest.raises(BadInput, match="never pickled"):
        read_tensors(tmp_path / "c.npz")
    assert not marker.exists()


def test_a_whole_module_is_refused_with_advice(tmp_path):
    torch.save(torch.nn.Linear(2, 2), tmp_path / "a.pt")
    with pytest.raises(BadInput, match="save the network's state_dict"):
        read_tensors(tmp_path / "a.pt")


def test_a_view_that_claims_more_than_its_storage_is_refused(tmp_path):
    torch.save({"w": torch.zeros(1).expand(10**6, 10**6)}, tmp_path / "a.pt")
    with pytest.raises(BadInput, match="more than the file holds"):
        read_tensors(tmp_path / "a.pt")


@pytest.mark.parametrize("kind", ["float8_e4m3fn", "complex64"])
def test_kinds_that_are_no_plain_numbers_are_refused(tmp_path, kind):
    save = torch.zeros(4).to(getattr(torch, kind))
    torch.save({"w": save}, tmp_path / "a.pt")
    with pytest.raises(BadInput, match=kind):
        read_tensors(tmp_path / "a.pt")


def test_files_outside_of_the_folder_are_refused(tmp_path):
    room = tmp_path / "room"
    room.mkdir()
    (tmp_path / "secret.npz").write_bytes(archive([("w.npy", GOOD)]))
    (room / "link.npz").symlink_to(tmp_path / "secret.npz")
    (room / "loop.npz").symlink_to(room / "loop.npz")
    for name in ("link.npz", "../secret.npz", str(tmp_path / "secret.npz"), "a\0b"):
        with pytest.raises(BadInput, match="points out of"):
            inside(room, name)
    (room / "update.json").symlink_to(tmp_path / "secret.npz")
    with pytest.raises(BadInput, match="points out of"):
        read(room)


def test_a_device_and_a_folder_are_no_files(tmp_path):
    (tmp_path / "a.npz").mkdir()
    for path in (tmp_path / "a.npz", Path("/dev/zero")):
        with pytest.raises(BadInput, match="No such file") as refused:
            read_tensors(path)
        assert str(refused.value).count("cannot be read") == 1


BOMB = """
import resource, sys
from pathlib import Path
from gi_core.errors import BadInput
from gi_core.models.tensor_files import read_tensors
before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
try:
    read_tensors(Path(sys.argv[1]), limit=int(sys.argv[2]))
    print("read", end=" ")
except BadInput as error:
    print("refused", end=" ")
print((resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) * 1024)
"""


@pytest.mark.slow
@pytest.mark.parametrize("honest", [False, True])
def test_memory_stays_below_twice_what_is_allowed(tmp_path, honest):
    """A directory that lies about a member's size, and a large file that does not."""
    limit = 96 * 2**20
    path = tmp_path / "a.npz"
    if honest:
        count = 22 * 2**20
        path.write_bytes(archive([("w.npy", npy((count,)) + np.ones(count, "f4").tobytes())]))
    else:
        data = bytearray(archive([("w.npy", npy((2**28,)) + bytes(2**30))], zipfile.ZIP_DEFLATED))
        for signature, offset in ((b"PK\x03\x04", 22), (b"PK\x01\x02", 24)):
            at = data.index(signature) + offset
            data[at : at + 4] = struct.pack("<I", 1000)
        path.write_bytes(data)
    told = subprocess.run(
        [sys.executable, "-c", BOMB, str(path), str(limit)], capture_output=True, text=True, check=True
    ).stdout.split()
    assert told[0] == ("read" if honest else "refused")
    assert int(told[1]) < 2 * limit


def test_safetensors_with_nan_are_refused(tmp_path):
    save_file({"w": torch.tensor([1.0, float("inf")])}, tmp_path / "a.safetensors")
    with pytest.raises(BadInput, match=r"'w' of 'a.safetensors' holds values that are not finite: 1"):
        read_tensors(tmp_path / "a.safetensors")
