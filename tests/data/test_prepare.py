"""``gi data prepare``: torchvision's sets become the arrays that everything else reads."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from gi_core.data.arrays import load
from gi_core.data.prepare import prepare_arrays
from gi_core.errors import BadInput
from gi_core.torch_setup import make_torchvision_importable

make_torchvision_importable()
from torchvision import datasets  # noqa: E402


class Colour:
    """Stands where torchvision's CIFAR-10 stands: pixels (N,32,32,3), targets a list."""

    def __init__(self, root: str, train: bool, download: bool) -> None:
        count = 20 if train else 5
        self.data = np.random.default_rng(train).integers(0, 256, (count, 32, 32, 3), np.uint8)
        self.targets = [i % 10 for i in range(count)]


class Grey(Colour):
    """As torchvision's MNIST: pixels a tensor (N,28,28), targets a tensor."""

    def __init__(self, root: str, train: bool, download: bool) -> None:
        super().__init__(root, train, download)
        self.data = torch.from_numpy(self.data[:, :28, :28, 0].copy())
        self.targets = torch.tensor(self.targets)


@pytest.mark.parametrize(("name", "stand_in"), [("cifar10", Colour), ("mnist", Grey)])
def test_what_is_written_is_what_is_read(monkeypatch, tmp_path, name, stand_in):
    monkeypatch.setattr(datasets, {"cifar10": "CIFAR10", "mnist": "MNIST"}[name], stand_in)
    assert prepare_arrays(name, tmp_path).is_file()
    train, validation, test = load(name, tmp_path)
    source = stand_in("", train=False, download=False)
    pixels = torch.as_tensor(np.asarray(source.data))
    expected = pixels.movedim(-1, 1) if pixels.dim() == 4 else pixels[:, None]
    assert torch.equal(test.images, expected) and test.labels.tolist() == list(map(int, source.targets))
    assert (len(train), len(validation)) == (18, 2)
    assert len(list(tmp_path.iterdir())) == 1, "nothing half-written stays"


@pytest.mark.parametrize("failure", [OSError("no route to host"), RuntimeError("Dataset not found")])
def test_without_a_network_it_says_so(monkeypatch, tmp_path, failure):
    def refuse(*_: object, **__: object) -> None:
        raise failure

    monkeypatch.setattr(datasets, "CIFAR10", refuse)
    with pytest.raises(BadInput, match="cifar10"):
        prepare_arrays("cifar10", tmp_path)
    assert list(tmp_path.iterdir()) == []


def test_an_unknown_set_is_refused(tmp_path):
    with pytest.raises(BadInput, match="cifar100"):
        prepare_arrays("imagenet-22k", tmp_path)
