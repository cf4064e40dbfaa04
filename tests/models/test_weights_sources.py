"""Own safetensors weights and pretrained ones."""

import hashlib

import pytest
import torch
from safetensors.torch import save_file

from gi_core import models
from gi_core.errors import BadInput
from gi_core.models import pretrained

SHAPE = (3, 32, 32)


def victim(source="init", classes=10):
    return models.build("lenet", image_shape=SHAPE, num_classes=classes, source=source)


@pytest.fixture
def saved(tmp_path):
    path = tmp_path / "mine.safetensors"
    save_file(victim("init:seed=5").state_dict(), path)
    return path


def test_own_weights_are_loaded(saved):
    digest = hashlib.sha256(saved.read_bytes()).hexdigest()
    loaded = victim(f"file:path={saved},sha256={digest}")
    expected = victim("init:seed=5")
    assert all(torch.equal(p, q) for p, q in zip(loaded.parameters(), expected.parameters(), strict=True))


def test_a_wrong_digest_is_refused(saved):
    with pytest.raises(BadInput, match=r"has SHA-256 \w+, not 00"):
        victim(f"file:path={saved},sha256=00")


def test_files_that_do_not_fit_are_refused(saved, tmp_path):
    with pytest.raises(BadInput, match=r"'head.(weight|bias)' has shape"):
        victim(f"file:path={saved}", classes=7)
    with pytest.raises(BadInput, match="lack the tensor"):
        models.build("mlp", image_shape=SHAPE, num_classes=10, source=f"file:path={saved}")
    with pytest.raises(BadInput, match="cannot be read: No such file"):
        victim(f"file:path={tmp_path / 'absent'}")
    (tmp_path / "text").write_text("weights")
    with pytest.raises(BadInput, match=r"'text': names that end in \.safetensors"):
        victim(f"file:path={tmp_path / 'text'}")
    with pytest.raises(BadInput, match="need a path"):
        victim("file")


@pytest.mark.parametrize("value", [float("nan"), float("inf")])
def test_weights_that_are_no_numbers_are_refused(tmp_path, value):
    tensors = victim().state_dict()
    next(iter(tensors.values())).view(-1)[3] = value
    save_file(tensors, tmp_path / "mine.safetensors")
    with pytest.raises(BadInput, match="holds values that are not finite"):
        victim(f"file:path={tmp_path / 'mine.safetensors'}")


def test_models_without_pretrained_weights_say_so():
    with pytest.raises(BadInput, match="'lenet' has no pretrained weights"):
        victim("pretrained")


def test_without_a_connection_the_message_is_clear(monkeypatch):
    import huggingface_hub as hub

    class Offline:
        def head(self, *_args, **_kwargs):
            raise OSError("no route")

    monkeypatch.setattr(hub, "get_session", Offline)
    monkeypatch.setattr(hub, "try_to_load_from_cache", lambda *_: None)
    with pytest.raises(BadInput, match="need a connection to the Hugging Face Hub"):
        models.build("vit-tiny", image_shape=(3, 224, 224), num_classes=1000, source="pretrained")


@pytest.mark.parametrize(("name", "side"), [("vit-tiny", 96), ("convnext-atto", 32), ("resnet18", 96)])
def test_published_weights_reach_the_victim(name, side, monkeypatch, tmp_path):
    """A file as the Hub would send it (here: random weights of the canonical network) ends up in the victim."""
    from gi_core.torch_setup import make_torchvision_importable

    make_torchvision_importable()
    import timm

    timm_name = models.models.get(name).timm_name
    torch.manual_seed(1)
    published = timm.create_model(timm_name)
    save_file(published.state_dict(), tmp_path / "model.safetensors")
    monkeypatch.setattr(pretrained, "download", lambda _name: str(tmp_path / "model.safetensors"))
    built = models.build(name, image_shape=(3, side, side), num_classes=1000, source="pretrained")
    torch.testing.assert_close(built.head.weight, published.get_classifier().weight)
    smaller = models.build(name, image_shape=(3, side, side), num_classes=10, source="pretrained")
    assert smaller.num_classes == 10
    last = [p for n, p in smaller.body.named_parameters()][-1]
    assert any(torch.equal(last, p) for p in published.parameters() if p.shape == last.shape)
