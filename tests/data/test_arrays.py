"""Reading data sets."""

import io

import numpy as np
import pytest
import torch
from PIL import Image

from gi_core.data.arrays import load
from gi_core.errors import BadInput


def test_plain_arrays_and_their_splits(tmp_path):
    generator = np.random.default_rng(0)
    images = generator.integers(0, 256, (40, 28, 28, 1), dtype=np.uint8)
    split = np.array([0] * 30 + [1] * 10)
    np.savez(tmp_path / "mnist.npz", images=images, labels=np.arange(40) % 10, split=split)
    train, validation, test = load("mnist", tmp_path)
    assert (len(train), len(validation), len(test)) == (27, 3, 10)
    assert test.images.shape == (10, 1, 28, 28)
    assert torch.equal(test.images[0, 0], torch.from_numpy(images[30, :, :, 0]))
    assert torch.equal(validation.images[1, 0], torch.from_numpy(images[10, :, :, 0]))
    assert test.floats(slice(0, 1)).max() <= 1


def test_strips_are_cut_into_pictures(tmp_path, monkeypatch):
    images = np.random.default_rng(0).integers(0, 256, (20, 32, 32, 3), dtype=np.uint8)
    blobs = []
    for part in (images[:12], images[12:]):
        buffer = io.BytesIO()
        Image.fromarray(part.reshape(-1, 32, 3)).save(buffer, "WEBP", lossless=True)
        blobs.append(buffer.getvalue())
    np.savez(
        tmp_path / "cifar10.npz",
        blob=np.frombuffer(b"".join(blobs), dtype=np.uint8),
        offsets=np.cumsum([0, *map(len, blobs)]),
        labels=np.arange(20) % 10,
        split=np.array([0] * 10 + [1] * 10),
    )
    monkeypatch.setenv("GI_DATA", str(tmp_path))
    _, _, test = load("cifar10")
    assert torch.equal(test.images, torch.from_numpy(images[10:].transpose(0, 3, 1, 2)))


def test_missing_folder_file_and_name_are_refused(tmp_path, monkeypatch):
    monkeypatch.delenv("GI_DATA", raising=False)
    with pytest.raises(BadInput, match="needs --data FOLDER"):
        load("mnist")
    with pytest.raises(BadInput, match=r"mnist\.npz is missing"):
        load("mnist", tmp_path)
    with pytest.raises(BadInput, match="unknown data set 'svhn'"):
        load("svhn", tmp_path)
