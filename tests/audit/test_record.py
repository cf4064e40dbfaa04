"""From files to an Observation: names, orders, prefixes, kinds, and one sentence for what does not fit."""

import json

import numpy as np
import pytest
import torch
from safetensors.torch import load_file, save_file

import gi_core as gi
from gi_core.audit.evidence import Evidence
from gi_core.audit.record import read
from gi_core.client import gradient
from gi_core.errors import BadInput
from gi_core.models import build
from gi_core.torch_setup import make_torchvision_importable

PERCEPTRON = {"arch": "mlp", "hidden": 24}
SMALL = {"side": 12, "model": PERCEPTRON}


def truth(folder):
    with np.load(folder / "truth.npz") as file:
        return torch.from_numpy(file["images"]).movedim(-1, 1) / 255, torch.from_numpy(file["labels"])


def same_as_the_client(record, folder, tolerance=1e-4):
    """Whether the attacker's targets are the gradient that the client computed."""
    images, labels = truth(folder)
    observation = Evidence(record).observation
    expected = gradient(observation.victim, images.float(), labels)
    names = [n for n, _ in observation.victim.named_parameters()]
    size = max(float(t.abs().max()) for t in expected.values())
    for name, target in zip(names, observation.targets, strict=True):
        assert torch.allclose(target, expected[name], atol=tolerance * size), name


@pytest.mark.parametrize("sends", ["weights", "delta"])
def test_targets_are_the_clients_gradient(recorded, mlp, sends):
    folder = recorded(mlp, pictures=2, sends=sends, **SMALL)
    same_as_the_client(read(folder), folder)


def test_a_gradient_is_taken_as_it_is(recorded, mlp):
    folder = recorded(
        mlp, pictures=2, changed=lambda b, a: {k: (b[k] - a[k]) / 0.1 for k in b}, **SMALL,
    )  # fmt: skip
    record = read(folder, sends="gradient")
    assert record.kind == "gradient"
    same_as_the_client(record, folder)


def test_ones_own_module_with_a_head_that_is_not_last(recorded, net):
    folder = recorded(net, model="own", pictures=2)
    module = type(net)
    record = read(folder, make=module)
    assert record.steps == 1 and max(record.counted.values()) == 1
    same_as_the_client(record, folder)


@pytest.mark.parametrize("prefix", ["_module.", "module.", "_orig_mod.", "_orig_mod.module."])
def test_prefixes_of_wrappers_go(recorded, mlp, prefix):
    folder = recorded(mlp, changed=lambda b, a: {prefix + k: v for k, v in a.items()}, **SMALL)
    assert repr(prefix) in read(folder).notes[0]


def test_arrays_without_names_come_in_the_order_of_the_state_dict(recorded, mlp):
    folder = recorded(mlp, pictures=2, **SMALL)
    for role in ("before", "sent"):
        state = load_file(folder / f"{role}.safetensors")
        np.savez(folder / f"{role}.npz", *[state[name].numpy() for name in mlp.state_dict()])
    record = read(folder, before=folder / "before.npz", sent=folder / "sent.npz")
    assert "no names" in record.notes[0]
    same_as_the_client(record, folder)


def test_sixteen_bits_are_read_and_said(recorded, mlp):
    folder = recorded(mlp, sends="delta", changed=lambda b, a: {k: v.half() for k, v in a.items()}, **SMALL)
    record = read(folder)
    assert record.half == ("float16",)
    assert not Evidence(record).noise


@pytest.mark.parametrize("ending", [".npz", ".pt"])
def test_every_format_gives_the_same(recorded, mlp, ending):
    folder = recorded(mlp, **SMALL)
    paths = {}
    for role in ("before", "sent"):
        state = load_file(folder / f"{role}.safetensors")
        paths[role] = folder / f"other-{role}{ending}"
        if ending == ".npz":
            np.savez(paths[role], **{k: v.numpy() for k, v in state.items()})
        else:
            torch.save({"epoch": 3, "state_dict": state}, paths[role])
    expected, found = read(folder).change, read(folder, **paths).change
    assert all(torch.equal(expected[name], found[name]) for name in expected)


def test_torchvisions_names_are_known(tmp_path):
    make_torchvision_importable()
    import torchvision

    published = torchvision.models.resnet18(num_classes=7)
    state = published.state_dict()
    save_file(state, tmp_path / "resnet18.safetensors")
    torch.save(state, tmp_path / "resnet18.pt")
    for ending in ("safetensors", "pt"):
        victim = build(
            "resnet18", image_shape=(3, 96, 96), num_classes=7, source=f"file:{tmp_path / 'resnet18'}.{ending}"
        )
        pictures = torch.rand(2, 3, 96, 96, generator=torch.Generator().manual_seed(0))
        expected = published.eval()((pictures - victim.mean) / victim.std)
        assert torch.allclose(victim(pictures), expected, atol=1e-4)


def test_timms_names_are_known(tmp_path):
    make_torchvision_importable()
    import timm

    net = timm.create_model("vit_tiny_patch16_224", img_size=224, num_classes=5)
    save_file(net.state_dict(), tmp_path / "vit.safetensors")
    victim = build("vit-tiny", image_shape=(3, 224, 224), num_classes=5, source=f"file:{tmp_path / 'vit.safetensors'}")
    assert torch.equal(victim.head.weight, net.head.weight)


def test_a_missing_name_is_named_with_the_nearest(recorded, mlp):
    folder = recorded(mlp, changed=lambda b, a: {k.replace("layers.1", "layer.1"): v for k, v in a.items()}, **SMALL)
    with pytest.raises(BadInput, match=r"lack the tensor 'body\.1\.weight'.*nearest name.*'layer\.1\.(weight|bias)'"):
        read(folder)


def test_wrong_shapes_name_both(recorded, mlp):
    folder = recorded(mlp, changed=lambda b, a: a | {"layers.1.bias": torch.zeros(25)}, **SMALL)
    with pytest.raises(BadInput, match=r"'layers\.1\.bias'.*\(25,\).*\(24,\)"):
        read(folder)


def test_a_tensor_that_nobody_claims_is_refused_unless_it_is_a_copy(recorded, mlp):
    folder = recorded(mlp, changed=lambda b, a: a | {"extra": torch.ones(3)}, **SMALL)
    with pytest.raises(BadInput, match="'extra', which the victim has not"):
        read(folder)
    tied = recorded(mlp, changed=lambda b, a: a | {"tied.weight": a["layers.3.weight"].clone()}, name="tied", **SMALL)
    assert read(tied).steps == 1


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"sends": "everything"}, "allowed are weights, delta, gradient"),
        ({"training": {"lr": -1}}, "from 0 to 1e9"),
        ({"training": {"lr": "fast"}}, "number"),
        ({"input": {"std": [0.0]}}, "above 0"),
        ({"filters": "none"}, "list"),
        ({"steps": 1.5}, "whole number"),
        ({"format": 2}, "format '2'"),
        ({"files": {"before": "../x.npz"}}, "points out of"),
        ({"files": {"before": "/etc/passwd"}}, "points out of"),
        ({"model": {"arch": "mlp", "exec": 1}}, "model.exec"),
        ({"model": "mlp:width=oops"}, "whole number"),
        ({"model": None}, "the network is not known"),
    ],
)
def test_a_bad_side_file_is_one_sentence(recorded, mlp, change, said):
    folder = recorded(mlp, **SMALL)
    side = json.loads((folder / "update.json").read_text())
    (folder / "update.json").write_text(json.dumps(side | change))
    with pytest.raises(BadInput, match=said):
        read(folder)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("[1]", "no object"), ("{", "not JSON"), ('{"a": NaN}', "NaN"), ('{"a": 1, "a": 2}', "twice"),
        ("[" * 40 + "]" * 40, "no object"), ('{"a":' * 40 + "1" + "}" * 40, "deeper"),
        ('{"steps": 1' + "0" * 400 + "}", "whole"),
        ('{"steps": 1' + "0" * 5000 + "}", "not JSON"), ('"' + "x" * 2**20 + '"', "bytes"),
    ],
)  # fmt: skip
def test_hostile_json_is_one_sentence(recorded, mlp, text, said):
    folder = recorded(mlp, **SMALL)
    (folder / "update.json").write_text(text)
    with pytest.raises(BadInput, match=said):
        read(folder)


def test_options_stand_before_the_side_file(recorded, mlp):
    folder = recorded(mlp, **SMALL)
    assert read(folder, lr=0.5).lr == 0.5
    assert read(folder).lr == 0.1


def test_parts_without_a_folder(recorded, mlp):
    folder = recorded(mlp, pictures=2, **SMALL)
    record = gi.audit.read(
        before=folder / "before.safetensors", sent=folder / "sent.safetensors", sends="weights",
        model="mlp:width=24,depth=1", image_size=12, channels=3, mean=(0.5,), std=(0.5,), steps=1, lr=0.1,
        optimiser="sgd", batch=2,
    )  # fmt: skip
    same_as_the_client(record, folder)


def test_observe_takes_a_module_and_two_states(recorded, mlp):
    before = {k: v.clone() for k, v in mlp.state_dict().items()}
    folder = recorded(mlp, pictures=2, **SMALL)
    told = {"lr": 0.1, "batch": 2, "steps": 1, "image_size": 12, "mean": [0.5], "std": [0.5], "channels": 3}
    record = gi.audit.of(mlp, before, mlp.state_dict(), told)
    same_as_the_client(record, folder)
    observation = gi.observe(mlp, [t.numpy() for t in before.values()], mlp.state_dict(), told)
    assert observation.batch_size == 2
    with pytest.raises(BadInput, match="unknown field 'learning_rate'"):
        gi.observe(mlp, before, before, {"learning_rate": 0.1})


def test_a_clip_that_left_counters_alone_is_undone(recorded, net):
    """Flower's clip counts BatchNorm's counters in the norm, scales what is a float, and lets counters pass."""
    limit = 0.5

    def clipped(before, after):
        delta = {k: (after[k] - before[k]).double() for k in after}
        norm = sum(float(d.square().sum()) for d in delta.values()) ** 0.5
        factor = min(1.0, limit / norm)
        return {
            k: after[k] if not after[k].is_floating_point() else (before[k] + factor * delta[k]).float() for k in after
        }

    folder = recorded(net, model="own", pictures=4, changed=clipped,
                      filters=[{"name": "fixedclipping_mod", "server_options": {"clipping_norm": limit}}])  # fmt: skip
    record = read(folder, make=type(net))
    seen = Evidence(record)
    assert seen.clip_factor is not None and seen.clip_factor < 0.6
    same_as_the_client(record, folder, tolerance=2e-2)
